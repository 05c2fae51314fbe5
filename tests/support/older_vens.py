"""Messages in the shapes of the earlier system's VENs, which name no boot, no seq, and half of an ack."""

from __future__ import annotations

from typing import Any

TS = 1_700_000_000
OLDER_ROW: dict[str, Any] = {
    "venId": "v",
    "timestamp": TS,
    "usedPowerKw": 2.7,
    "shedPowerKw": 0,
    "baselinePowerKw": 2.7,
}
"""A row of the earlier system's VEN."""
BASIC_ROW: dict[str, Any] = {name: item for name, item in OLDER_ROW.items() if name != "baselinePowerKw"}
"""A row of its basic VEN, which has no baseline."""
STATUS_ACK: dict[str, Any] = {
    "op": "ping",
    "status": "success",
    "pong": True,
    "ts": TS,
    "correlationId": "c",
}
"""The ack of the one VEN: no `ok`, and the VEN is in the topic alone."""
OK_ACK: dict[str, Any] = {
    "op": "shedLoad",
    "correlationId": "abc",
    "ok": True,
    "ts": TS,
    "venId": "v",
    "data": {"shedAmount": 5.0},
}
"""The ack of the other: no `status`."""
OLDER_CIRCUIT: dict[str, Any] = {
    "id": "ev1",
    "name": "EV charger",
    "breaker_amps": 50,
    "original_kw": 6.6,
    "curtailed_kw": 5.1,
    "final_kw": 1.5,
    "critical": False,
}
"""A circuit that was curtailed without a reason."""
OLDER_LOAD: dict[str, Any] = {
    "load_id": "ev1",
    "name": "EV charger",
    "type": "ev",
    "capacityKw": 7.2,
    "currentPowerKw": 6.6,
    "shedCapabilityKw": 5.1,
    "priority": 3,
}
"""A load that does not say that it is on."""
