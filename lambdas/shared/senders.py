"""The senders of messages: which of them are VENs of this stage, before anything of theirs is decoded.

AWS IoT passes on the presence of every MQTT client of the account and the shadows of every thing: those of
another stage, of an SDK, of a claim. Who is not in this stage's VENs table is nobody here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

from contracts.errors import FieldError, WireError
from contracts.store.envelopes import Envelope, read_envelope
from contracts.store.keys import VENS
from contracts.wire.ids import VenId
from contracts.wire.topics import check_ven_id
from lambdas.shared import clients, clock
from lambdas.shared.invocation import Event
from lambdas.shared.tables import Table

K = TypeVar("K")
REMEMBERED_S = 60.0
"""The time for which a VEN counts as one without another look, s. One that is taken out may write as long."""


@dataclass(slots=True)
class StageVens:
    """The VENs of this stage: those with a row, which provisioning or a claim has made.

    Only hits are remembered. A miss is looked up each time, strongly consistent, so that a VEN which was
    provisioned a moment ago loses nothing.
    """

    table: Table
    now_s: Callable[[], float] = clock.monotonic_s
    _until_s: dict[VenId, float] = field(default_factory=dict)

    def among(self, ven_ids: Iterable[VenId]) -> frozenset[VenId]:
        """Those of *ven_ids* that are VENs of this stage. Errors of AWS pass through."""
        now_s = self.now_s()
        senders = frozenset(ven_ids)
        remembered = {ven_id for ven_id in senders if self._until_s.get(ven_id, 0.0) > now_s}
        rows = self.table.get_many(sorted(senders - remembered), ["venId"]) if senders - remembered else []
        present = {VenId(row["venId"]) for row in rows}
        for ven_id in senders - remembered - present:
            self._until_s.pop(ven_id, None)
        self._until_s |= dict.fromkeys(present, now_s + REMEMBERED_S)
        return frozenset(remembered | present)


@cache
def stage_vens(vens_table: str) -> StageVens:
    """The VENs of the stage, remembered for as long as the sandbox is warm."""
    return StageVens(clients.table(vens_table, VENS))


@dataclass(frozen=True, slots=True)
class Senders:
    """The messages of a batch, by their ids, told apart by who sent them.

    Attributes:
        from_vens: envelopes from VENs of this stage, not decoded any further.
        unknown: how many came from somebody else; they are done with.
        malformed: bodies that are no envelope at all, or of a topic that no rule has.
    """

    from_vens: dict[str, Envelope]
    unknown: int
    malformed: dict[str, WireError]


def tell_apart(event: Event, sender_of: Callable[[str], str | None], vens_table: str) -> Senders:
    """The messages of a batch by their senders; *sender_of* reads a topic, None for one that no rule has."""
    envelopes: dict[str, tuple[VenId, Envelope]] = {}
    malformed: dict[str, WireError] = {}
    unknown = 0
    for record in event["Records"]:
        message_id = record["messageId"]
        try:
            envelope = read_envelope(record["body"])
            sender = sender_of(envelope.topic)
            if sender is None:
                raise FieldError("topic", "is none that a rule of this stage has")
        except WireError as error:
            malformed[message_id] = error
            continue
        try:
            envelopes[message_id] = (check_ven_id(sender), envelope)
        except FieldError:  # a client id that no VEN can have: claim.ven-9, sdk:device:1
            unknown += 1
    senders = {sender for sender, _ in envelopes.values()}
    provisioned = stage_vens(vens_table).among(senders) if senders else frozenset()
    from_vens = {key: envelope for key, (sender, envelope) in envelopes.items() if sender in provisioned}
    return Senders(from_vens, unknown + len(envelopes) - len(from_vens), malformed)
