"""Messages of a VEN as `record_vens` has them: presence, acks, reported state."""

from __future__ import annotations

from typing import Any

from lambdas.record_vens.handler import handler
from ven_twin.testing.function_world import NOW, Context, World, batch, body, failed


def called_house(world: World) -> World:
    """One VEN that has never connected, called by two events."""
    world.add_ven("house-1", online=None, shedAvailabilityKw=None)
    for event_id in ("e1", "evt-1"):
        world.call(event_id, "house-1")
    return world


def send(*bodies: str) -> list[str]:
    """Hand a batch to the function; returns the messages that failed."""
    return failed(handler(batch(*bodies), Context()))


def everything(world: World) -> list[Any]:
    """The items of all tables."""
    tables = (world.vens, world.commands, world.events, world.telemetry)
    return [table.client.scan(TableName=table.name)["Items"] for table in tables]


def presence(kind: str, version: int, *, at_s: float = 0.0, ven_id: str = "house-1", **more: str) -> str:
    """A lifecycle event."""
    message = {
        "clientId": ven_id,
        "timestamp": int((NOW + at_s) * 1000),
        "eventType": kind,
        "versionNumber": version,
        "sessionIdentifier": "s",
        **more,
    }
    return body(f"$aws/events/presence/{kind}/{ven_id}", message)


def ack(op: str = "ping", correlation_id: str = "c1", *, ven_id: str = "house-1", **fields: Any) -> str:
    """An ack."""
    message = {
        "op": op,
        "ok": True,
        "status": "success",
        "ts": int(NOW),
        "venId": ven_id,
        "correlationId": correlation_id,
        **fields,
    }
    return body(f"ven/ack/{ven_id}", message)


def documents(
    version: int,
    reported: dict[str, Any],
    *,
    at_s: int = 0,
    ven_id: str = "house-1",
    before: dict[str, Any] | None = None,
) -> str:
    """A shadow's documents message; *before* is what was reported before, nothing by default."""
    state = {} if before is None else {"desired": {}, "reported": before}
    message = {
        "previous": {"state": state, "metadata": {}, "version": version - 1},
        "current": {"state": {"desired": {}, "reported": reported}, "metadata": {}, "version": version},
        "timestamp": int(NOW) + at_s,
    }
    return body(f"$aws/things/{ven_id}/shadow/update/documents", message)


REPORTED: dict[str, Any] = {
    "enabled": True,
    "ven": {"enabled": True, "status": "idle", "bootId": "b1"},
    "metrics": {"shedAvailabilityKw": 4.25, "sustainS": 7200, "batterySoc": 0.8, "activeEventId": None},
    "shadow_errors": {"loads.x": "is no circuit's id"},
    "report_interval_seconds": 5,
}


def transition(phase: str, at_s: int, **fields: Any) -> str:
    """An ack of an event's transition."""
    return ack("event", f"e1:0:{phase}", event_id="e1", phase=phase, ts=int(NOW) + at_s, **fields)


CURTAILED = {
    "id": "ev1",
    "name": "EV",
    "breaker_amps": 50.0,
    "original_kw": 7.2,
    "curtailed_kw": 3.0,
    "final_kw": 4.2,
    "critical": False,
    "reason": "continuous",
}
