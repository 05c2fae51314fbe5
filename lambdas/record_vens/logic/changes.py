"""The changes to the tables that a message comes to, each with its condition. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from contracts.store.keys import OWN_KWH_PREFIX, Key, ven_part
from contracts.wire.acks import Ack
from lambdas.record_vens.logic.messages import Answered, Message, Presence, Reported
from lambdas.shared import rows
from lambdas.shared.tables import Condition

RESTART_S = 60
"""A lower version that is later by more than this is a count begun anew, not a straggler.

Interpretation: brokers' clocks differ by less. A presence count begins anew after about an hour offline,
a shadow's after it was deleted.
"""

TableName = Literal["vens", "commands", "events"]


@dataclass(frozen=True, slots=True)
class Change:
    """One conditional update of one item."""

    table: TableName
    key: Key
    values: Mapping[str, Any]
    once: Mapping[str, Any] | None = None
    when: Condition | None = None


def changes(message: Message, *, retention_days: int) -> list[Change]:
    """What *message* changes; making a change twice, or two messages' changes out of order, is harmless."""
    if isinstance(message, Presence):
        return [_presence(message)]
    if isinstance(message, Reported):
        return [_reported(message)]
    return _answered(message, retention_days)


def _presence(said: Presence) -> Change:
    values = {"online": said.online, "presenceOrder": said.order, "presenceTs": said.at_ts}
    return _of_ven(said.ven_id, values, order="presenceOrder", time="presenceTs")


def _reported(said: Reported) -> Change:
    values = said.state | {"shadowVersion": said.version, "reportedTs": said.at_ts}
    return _of_ven(said.ven_id, values, order="shadowVersion", time="reportedTs")


def _of_ven(ven_id: str, values: Mapping[str, Any], *, order: str, time: str) -> Change:
    """A change of a VEN's row that never goes back."""
    newer = Condition(
        "attribute_exists(#ven) AND (attribute_not_exists(#order) OR #order < :order OR #time < :restart)",
        {"#ven": "venId", "#order": order, "#time": time},
        {":order": values[order], ":restart": values[time] - RESTART_S},
    )
    return Change("vens", Key(ven_id), values, when=newer)


def _answered(said: Answered, retention_days: int) -> list[Change]:
    expires = {"expiresTs": rows.expires_ts(said.received_ts, retention_days)}
    found = []
    if said.ack.op == "event" and said.ack.event_id is not None:
        found.append(_transition(said, said.ack.event_id, expires))
    if not is_transition(said.ack):
        found.append(_command(said, expires))
    return found


def is_transition(ack: Ack) -> bool:
    """Whether an ack answers an event's transition, by its correlation id, rather than a command."""
    return (
        ack.event_id is not None
        and ack.phase is not None
        and ack.correlation_id.startswith(f"{ack.event_id}:")
        and ack.correlation_id.endswith(f":{ack.phase}")
    )


def _command(said: Answered, expires: Mapping[str, Any]) -> Change:
    """The ack beside its command; by itself when the command came from elsewhere. The later ack stays.

    A command without an id, or one that could not be read, is answered without one; a key cannot be empty,
    so its ack is kept by when it was received, which a repeated delivery does not change.
    """
    ack = said.ack
    correlation_id = ack.correlation_id or f"unnamed-{round(said.received_ts * 1000)}"
    later = Condition(
        "attribute_not_exists(#ack) OR #ack.#ts <= :ts", {"#ack": "ack", "#ts": "ts"}, {":ts": ack.ts}
    )
    values = {"ack": _shown(ack), "ackReceivedTs": said.received_ts}
    return Change(
        "commands", Key(said.ven_id, correlation_id), values, once={"op": ack.op, **expires}, when=later
    )


def _transition(said: Answered, event_id: str, expires: Mapping[str, Any]) -> Change:
    """The VEN's part in the event: under each phase's name, when it was reached and with what.

    The first ack of a phase stays, with why the VEN left and which circuits were taken out by hand; what it
    delivered stays for each revision. An ack without a phase says whether the event was accepted.
    """
    ack = said.ack
    answer = {
        "ts": ack.ts,
        "receivedTs": said.received_ts,
        "correlationId": ack.correlation_id,
        "actualShedKw": ack.actual_shed_kw,
        "circuits": msgspec.to_builtins(ack.circuits_curtailed),
        "data": ack.data,
        "error": ack.error,
    }
    known = {name: value for name, value in answer.items() if value is not None}
    name = str(ack.phase) if ack.phase is not None else ("accepted" if ack.ok else "refused")
    key = Key(event_id, ven_part(said.ven_id))
    once = {name: known, **_own_kwh(ack), **expires}
    return Change("events", key, {"venId": said.ven_id}, once=once)


def _own_kwh(ack: Ack) -> dict[str, Any]:
    """What the VEN metered itself until this transition, under its revision."""
    delivered_kwh = (ack.data or {}).get("deliveredKwh")
    if not is_transition(ack) or not isinstance(delivered_kwh, int | float):
        return {}
    revision = ack.correlation_id.split(":")[-2]
    return {f"{OWN_KWH_PREFIX}{revision}": delivered_kwh}


def _shown(ack: Ack) -> dict[str, Any]:
    value: dict[str, Any] = msgspec.to_builtins(ack)
    return value
