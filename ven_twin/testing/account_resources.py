"""Tables, topic and queue that the stack deploys around the functions, put into moto's account past its API.

A call of moto takes two milliseconds of a processor, and a test begins with nine of these.
"""

from __future__ import annotations

from typing import Any

from moto.backends import get_backend

from contracts.store.keys import (
    ALLOWED_VENS,
    COMMANDS,
    EVENTS,
    EVENTS_BY_START,
    EVENTS_INDEX,
    TELEMETRY,
    VENS,
    TableKeys,
)
from contracts.store.vtn_keys import VTN, VTN_BY_TYPE, VTN_INDEX
from ven_twin.testing.function_account import REGION

ACCOUNT_ID = "123456789012"
"""Moto's account."""
TABLES = {
    "telemetry": TELEMETRY,
    "vens": VENS,
    "events": EVENTS,
    "commands": COMMANDS,
    "allowed": ALLOWED_VENS,
    "vtn": VTN,
}


def make_resources() -> None:
    """Make tables, schedule group, queue and topic in an account that has none."""
    for name, keys in TABLES.items():
        create_table(name, keys)
    _backend("scheduler").create_schedule_group("schedules", tags=[])
    for name in ("shadows", "orders", "changes"):
        _backend("sqs").create_queue(name, {})
    _backend("sns").create_topic("notifications", {}, {})


def create_table(name: str, keys: TableKeys) -> None:
    """Make a table as the stack has it."""
    attributes = [_attribute(key) for key in keys if key is not None]
    indexes: list[dict[str, Any]] = []
    if keys is VTN:
        attributes += [_attribute(str(key)) for key in VTN_INDEX]
        indexes = [_index(VTN_BY_TYPE, VTN_INDEX)]
    if keys is EVENTS:
        attributes.append(_attribute(str(EVENTS_INDEX.sort), "N"))
        indexes = [_index(EVENTS_BY_START, EVENTS_INDEX)]
    _backend("dynamodb").create_table(
        name,
        schema=_key_schema(keys),
        throughput=None,
        attr=attributes,
        global_indexes=indexes,
        indexes=[],
        streams=None,
        billing_mode="PAY_PER_REQUEST",
        sse_specification=None,
        tags=[],
        deletion_protection_enabled=False,
        warm_throughput=None,
    )


def _backend(service: str) -> Any:
    return get_backend(service)[ACCOUNT_ID][REGION]  # type: ignore[call-overload]


def _attribute(name: str, kind: str = "S") -> dict[str, str]:
    return {"AttributeName": name, "AttributeType": kind}


def _index(name: str, keys: TableKeys) -> dict[str, Any]:
    return {"IndexName": name, "KeySchema": _key_schema(keys), "Projection": {"ProjectionType": "ALL"}}


def _key_schema(keys: TableKeys) -> list[dict[str, str]]:
    present = [(keys.partition, "HASH")] + ([(keys.sort, "RANGE")] if keys.sort else [])
    return [{"AttributeName": key, "KeyType": kind} for key, kind in present]
