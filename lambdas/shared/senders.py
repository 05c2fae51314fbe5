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
from lambdas.shared.floods import FloodWatch
from lambdas.shared.invocation import Event, count, logger
from lambdas.shared.tables import Table

K = TypeVar("K")
BROKERS = "$aws/events/"
"""Begins the topics on which AWS IoT itself says who is connected, of a quarantined VEN too."""
LEFT_OUT = "quarantinedTs", "revokedTs"
"""Attributes of a VEN whose messages are dropped: one that an operator has quarantined, or cut off."""
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
    _quarantined: set[VenId] = field(default_factory=set)

    def quarantined(self, ven_ids: Iterable[VenId]) -> frozenset[VenId]:
        """Those of *ven_ids*, which `among` has looked up, that an operator has quarantined or cut off."""
        return frozenset(ven_ids) & self._quarantined

    def among(self, ven_ids: Iterable[VenId]) -> frozenset[VenId]:
        """Those of *ven_ids* that are VENs of this stage. Errors of AWS pass through."""
        now_s = self.now_s()
        senders = frozenset(ven_ids)
        remembered = {ven_id for ven_id in senders if self._until_s.get(ven_id, 0.0) > now_s}
        looked_up = sorted(senders - remembered)
        rows = self.table.get_many(looked_up, ["venId", *LEFT_OUT]) if looked_up else []
        self._quarantined.difference_update(looked_up)
        self._quarantined |= {VenId(row["venId"]) for row in rows if not row.keys().isdisjoint(LEFT_OUT)}
        present = {VenId(row["venId"]) for row in rows}
        for ven_id in senders - remembered - present:
            self._until_s.pop(ven_id, None)
        self._until_s |= dict.fromkeys(present, now_s + REMEMBERED_S)
        return frozenset(remembered | present)


@cache
def stage_vens(vens_table: str) -> StageVens:
    """The VENs of the stage, remembered for as long as the sandbox is warm."""
    return StageVens(clients.table(vens_table, VENS))


@cache
def floods(vens_table: str) -> FloodWatch:  # noqa: ARG001 - one for each stage
    """The VENs' messages in this sandbox, counted."""
    return FloodWatch()


@dataclass(frozen=True, slots=True)
class Senders:
    """The messages of a batch, by their ids, told apart by who sent them.

    Attributes:
        from_vens: envelopes from VENs of this stage, not decoded any further.
        unknown: how many came from somebody else; they are done with.
        quarantined: how many came from a VEN that an operator has quarantined; they are done with too.
        malformed: bodies that are no envelope at all, or of a topic that no rule has.
    """

    from_vens: dict[str, Envelope]
    unknown: int
    malformed: dict[str, WireError]
    quarantined: int = 0

    @property
    def dropped(self) -> int:
        """All that are done with undecoded."""
        return self.unknown + self.quarantined


def tell_apart(event: Event, sender_of: Callable[[str], str | None], vens_table: str) -> Senders:
    """The messages of a batch by their senders; *sender_of* reads a topic, None for one that no rule has.

    Those of quarantined VENs are counted, and VENs that flood are, and named in the log.
    """
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
    vens = stage_vens(vens_table)
    provisioned = vens.among(senders) if senders else frozenset()
    quarantined = vens.quarantined(provisioned)
    of_stage = {key: sent for key, sent in envelopes.items() if sent[0] in provisioned}
    from_vens = {
        key: envelope
        for key, (sender, envelope) in of_stage.items()
        if sender not in quarantined or envelope.topic.startswith(BROKERS)
    }
    unknown += len(envelopes) - len(of_stage)
    flooding = floods(vens_table).flooding(sender for sender, _ in of_stage.values())
    if flooding:
        logger.warning("VENs flood", extra={"ven_ids": flooding})
    count(VensFlooding=len(flooding), QuarantinedVenMessages=len(of_stage) - len(from_vens))
    return Senders(from_vens, unknown, malformed, quarantined=len(of_stage) - len(from_vens))
