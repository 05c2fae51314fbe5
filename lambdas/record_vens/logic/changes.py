"""The changes to the tables that follow from a message, each with its condition. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import msgspec

from contracts.store.keys import METERED_KWH_PREFIX, Key, ven_sort_key
from contracts.wire.acks import Ack, Particulars, particulars
from contracts.wire.codec import JsonDict
from contracts.wire.ids import EventId, VenId
from lambdas.record_vens.logic.messages import Message, Presence, ReceivedAck, ReportedState
from lambdas.shared import rows
from lambdas.shared.tables import Condition

RESTART_S = 60
"""A lower version that is later by more than this is a count begun anew, not a straggler.

Interpretation: brokers' clocks differ by less. A presence count begins anew after about an hour offline,
a shadow's after it was deleted.
"""


class TableName(Enum):
    """The tables that messages change."""

    VENS = "vens"
    COMMANDS = "commands"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Change:
    """One conditional update of one item."""

    table: TableName
    key: Key
    values: Mapping[str, object]
    once: Mapping[str, object] | None = None
    when: Condition | None = None


def changes(message: Message, *, retention_days: int) -> list[Change]:
    """The changes that follow from *message*; a repeated change, or one out of order, is harmless."""
    if isinstance(message, Presence):
        return [_presence(message), *_proof(message)]
    if isinstance(message, ReportedState):
        return [_reported(message)]
    return _of_ack(message, retention_days)


def _presence(message: Presence) -> Change:
    order, at_ts = {"presenceOrder": message.order}, {"presenceTs": message.at_ts}
    values: dict[str, object] = {"online": message.online}
    if message.certificate_id is not None:
        values["connectedCertificateId"] = message.certificate_id
    return _of_ven(message.ven_id, values, order, at_ts)


def _proof(message: Presence) -> list[Change]:
    """The proof that the VEN has the key of the certificate in force, when it has connected with that.

    It stays, whoever connects with another certificate after it.
    """
    if message.certificate_id is None:
        return []
    in_force = Condition.unchanged("certificateId", message.certificate_id)
    proven = {"provenCertificateId": message.certificate_id}
    return [Change(TableName.VENS, Key(message.ven_id), proven, when=in_force)]


def _reported(message: ReportedState) -> Change:
    order, at_ts = {"shadowVersion": message.version}, {"reportedTs": message.at_ts}
    return _of_ven(message.ven_id, message.state, order, at_ts)


def _of_ven(
    ven_id: VenId, values: Mapping[str, object], order: Mapping[str, int], at_ts: Mapping[str, float]
) -> Change:
    """A change of a VEN's row that never goes back in *order*, an attribute with its value, nor in time."""
    ((order_name, version),) = order.items()
    ((time_name, changed_ts),) = at_ts.items()
    newer = Condition(
        "attribute_exists(#ven) AND (attribute_not_exists(#order) OR #order < :order OR #time < :restart)",
        {"#ven": "venId", "#order": order_name, "#time": time_name},
        {":order": version, ":restart": changed_ts - RESTART_S},
    )
    return Change(TableName.VENS, Key(ven_id), {**values, **order, **at_ts}, when=newer)


def _of_ack(message: ReceivedAck, retention_days: int) -> list[Change]:
    expires = {"expiresTs": rows.expires_ts(message.received_ts, retention_days)}
    needed = []
    if message.ack.op == "event" and message.ack.event_id is not None:
        needed.append(_transition(message, message.ack.event_id, expires))
    if not is_transition(message.ack):
        needed.append(_command(message, expires))
    return needed


def is_transition(ack: Ack) -> bool:
    """True when an ack is of an event's transition, by its correlation id, and not of a command."""
    return (
        ack.event_id is not None
        and ack.phase is not None
        and ack.correlation_id.startswith(f"{ack.event_id}:")
        and ack.correlation_id.endswith(f":{ack.phase}")
    )


def _command(message: ReceivedAck, expires: Mapping[str, object]) -> Change:
    """The ack beside its command; by itself when the command came from elsewhere. The later ack stays.

    A command without an id, or one that could not be read, is answered without one; a key cannot be empty,
    so its ack is kept by when it was received, which a repeated delivery does not change.
    """
    ack = message.ack
    correlation_id = ack.correlation_id or f"unnamed-{round(message.received_ts * 1000)}"
    later = Condition(
        "attribute_not_exists(#ack) OR #ack.#ts <= :ts", {"#ack": "ack", "#ts": "ts"}, {":ts": ack.ts}
    )
    values = {"ack": msgspec.to_builtins(ack), "ackReceivedTs": message.received_ts}
    return Change(
        TableName.COMMANDS,
        Key(message.ven_id, correlation_id),
        values,
        once={"op": ack.op, **expires},
        when=later,
    )


def _transition(message: ReceivedAck, event_id: EventId, expires: Mapping[str, object]) -> Change:
    """The VEN's item in the event: under each phase's name, the time and the figures of its ack.

    The first ack of a phase stays, with why the VEN left and which circuits were taken out by hand; what it
    delivered stays for each revision. An ack without a phase is of the event's acceptance or refusal.
    """
    ack = message.ack
    answer = {
        "ts": ack.ts,
        "receivedTs": message.received_ts,
        "correlationId": ack.correlation_id,
        "actualShedKw": ack.actual_shed_kw,
        "circuits": msgspec.to_builtins(ack.circuits_curtailed),
        "data": _data(ack),
        "error": ack.error,
    }
    present = {name: value for name, value in answer.items() if value is not None}
    name = str(ack.phase) if ack.phase is not None else ("accepted" if ack.ok else "refused")
    key = Key(event_id, ven_sort_key(message.ven_id))
    once = {name: present, **_metered_kwh(ack), **expires}
    return Change(TableName.EVENTS, key, {"venId": message.ven_id}, once=once)


def _data(ack: Ack) -> JsonDict | None:
    """The ack's words beside its figures: those that somebody reads, typed, and the rest as it came."""
    if ack.data is None:
        return None
    names = Particulars.__struct_encode_fields__
    rest = {name: value for name, value in ack.data.items() if name not in names}
    read: JsonDict = msgspec.to_builtins(particulars(ack.data))
    return rest | read


def _metered_kwh(ack: Ack) -> dict[str, float]:
    """The kWh that the VEN itself metered until this transition, under its revision."""
    delivered_kwh = particulars(ack.data).delivered_kwh
    if not is_transition(ack) or delivered_kwh is None:
        return {}
    revision = ack.correlation_id.split(":")[-2]
    return {f"{METERED_KWH_PREFIX}{revision}": delivered_kwh}
