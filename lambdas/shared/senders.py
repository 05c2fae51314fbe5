"""The senders of messages: which of them are VENs of this stage, before anything of theirs is decoded.

AWS IoT passes on the presence of every MQTT client of the account and the shadows of every thing: those of
another stage, of an SDK, of a claim. Who is not in this stage's VENs table is nobody here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from contracts.errors import FieldError, WireError
from contracts.store.envelopes import Envelope, read_envelope
from contracts.store.keys import VENS
from contracts.wire.ids import VenId
from contracts.wire.topics import check_ven_id
from lambdas.shared import clients, clock
from lambdas.shared.floods import FloodWatch, Sent
from lambdas.shared.invocation import Event, count, logger
from lambdas.shared.tables import Table

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
    _provisioned_ts: dict[VenId, float] = field(default_factory=dict)

    def provisioned_ts(self, ven_id: VenId) -> float:
        """The time at which a VEN that `among` has looked up was provisioned; 0 where its row has none."""
        return self._provisioned_ts.get(ven_id, 0.0)

    def quarantined(self, ven_ids: Iterable[VenId]) -> frozenset[VenId]:
        """Those of *ven_ids*, which `among` has looked up, that an operator has quarantined or cut off."""
        return frozenset(ven_ids) & self._quarantined

    def among(self, ven_ids: Iterable[VenId]) -> frozenset[VenId]:
        """Those of *ven_ids* that are VENs of this stage. Errors of AWS pass through."""
        now_s = self.now_s()
        senders = frozenset(ven_ids)
        remembered = {ven_id for ven_id in senders if self._until_s.get(ven_id, 0.0) > now_s}
        looked_up = sorted(senders - remembered)
        attributes = ["venId", "provisionedTs", *LEFT_OUT]
        rows = self.table.get_many(looked_up, attributes) if looked_up else []
        self._quarantined.difference_update(looked_up)
        self._quarantined |= {VenId(row["venId"]) for row in rows if not row.keys().isdisjoint(LEFT_OUT)}
        self._provisioned_ts |= {VenId(row["venId"]): float(row.get("provisionedTs") or 0.0) for row in rows}
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
    """The time that the VENs' messages have covered, by this sandbox."""
    return FloodWatch()


@dataclass(frozen=True, slots=True)
class Senders:
    """The messages of a batch, by their ids, told apart by who sent them.

    Attributes:
        from_vens: envelopes from VENs of this stage, not decoded any further.
        unknown: how many came from somebody else; they are done with.
        dropped: how many are done with undecoded: those, and what came from a VEN that an operator has
            quarantined, or is over its VEN's limit.
        malformed: bodies that are no envelope at all, or of a topic that no rule has.
    """

    from_vens: dict[str, Envelope]
    unknown: int
    dropped: int
    malformed: dict[str, WireError]


def tell_apart(event: Event, sender_of: Callable[[str], str | None], vens_table: str) -> Senders:
    """The messages of a batch by their senders; *sender_of* reads a topic, None for one that no rule has.

    Those of quarantined VENs are counted, and those over a VEN's limit are, which is named in the log.
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
        key: sent
        for key, sent in of_stage.items()
        if sent[0] not in quarantined or sent[1].topic.startswith(BROKERS)
    }
    admitted = _within_limits(from_vens, floods(vens_table))
    unknown += len(envelopes) - len(of_stage)
    count(QuarantinedVenMessages=len(of_stage) - len(from_vens))
    return Senders(admitted, unknown, unknown + len(of_stage) - len(admitted), malformed)


def _within_limits(messages: Mapping[str, tuple[VenId, Envelope]], watch: FloodWatch) -> dict[str, Envelope]:
    """The envelopes of *messages* that are within their VENs' limits; AWS IoT's own count for none."""
    sent = {
        key: Sent(sender, envelope.received_ts)
        for key, (sender, envelope) in messages.items()
        if not envelope.topic.startswith(BROKERS)
    }
    if over := watch.over_limit(sent):
        flooding = {sent[key].ven_id for key in over}
        if new := watch.not_named_yet(flooding):
            logger.warning("VENs flood", extra={"ven_ids": new})
        count(VensFlooding=len(new), FloodMessagesDropped=len(over))
    return {key: envelope for key, (_, envelope) in messages.items() if key not in over}
