"""The oracle: what the producer's outbox accepted, against what became of it.

The producer writes to its journal before it offers a message to the outbox (``o``), and when the outbox has
taken it (``a``). What was offered when its process was killed may have been taken or not; all else is
certain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

MessageId = tuple[str, int]
"""bootId and seq; the venId is the same for all."""


@dataclass(frozen=True, slots=True)
class ProducerJournal:
    """The messages that the producer offered to the outbox, and those that the outbox accepted."""

    offered: frozenset[MessageId]
    accepted: frozenset[MessageId]

    @classmethod
    def read(cls, path: Path) -> ProducerJournal:
        """The journal in *path*; a last line that was cut off counts as not written."""
        offered: set[MessageId] = set()
        accepted: set[MessageId] = set()
        for line in path.read_text().splitlines(keepends=True) if path.exists() else ():
            if line.endswith("\n"):
                what, boot_id, seq = line.split()
                (offered if what == "o" else accepted).add((boot_id, int(seq)))
        return cls(frozenset(offered), frozenset(accepted))


@dataclass(frozen=True, slots=True)
class OracleVerdict:
    """The fate of every accepted message, as counts.

    Attributes:
        accepted: messages that the outbox took.
        stored: of those, in the cloud's table, each once.
        dead_lettered: of those, put aside with their reason, by the VEN or by the cloud.
        shed: messages that the outbox counted as shed.
        lost: of those accepted, neither stored nor dead-lettered nor counted as shed.
        invented: stored or dead-lettered but never offered, or counted as shed more often than can be.
        duplicates: deliveries beyond the first, removed by (venId, bootId, seq).
        refused: messages that the outbox refused.
    """

    accepted: int
    stored: int
    dead_lettered: int
    shed: int
    lost: int
    invented: int
    duplicates: int
    refused: int

    @property
    def holds(self) -> bool:
        """True when no message was lost and none came that was never offered."""
        return self.lost == 0 and self.invented == 0


def judge(
    journal: ProducerJournal,
    delivered: Iterable[MessageId],
    dead_lettered: Collection[MessageId],
    shed: int,
    in_doubt_max: int = 0,
) -> OracleVerdict:
    """Hold every delivery, dead letter and count against the journal.

    A message that is missing is covered by the count of what was shed, one for one. A message whose
    acknowledgement was cut off may have been stored and be shed later: of these there can be *in_doubt_max*,
    what was in flight when connections ended. A higher count is a miscount, and fails, too.
    """
    times = Counter(delivered)
    stored, dead = set(times), set(dead_lettered) - set(times)
    missing, doubtful = journal.accepted - stored - dead, journal.offered - journal.accepted
    covered = min(shed, len(missing))
    return OracleVerdict(
        accepted=len(journal.accepted),
        stored=len(stored & journal.offered),
        dead_lettered=len(dead & journal.offered),
        shed=covered,
        lost=len(missing) - covered,
        invented=len((stored | dead) - journal.offered)
        + max(0, shed - len(missing) - len(doubtful) - in_doubt_max),
        duplicates=times.total() - len(times),
        refused=len(doubtful - stored - dead),
    )
