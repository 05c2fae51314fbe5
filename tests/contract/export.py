"""The wire's JSON Schemas, and both APIs' documents, exported from the Structs that both ends decode with.

When a change is meant, write ``schemas/`` and the documents anew: ``python -m tests.contract.export``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from contracts.api import reports, requests
from contracts.api.openapi import document
from contracts.api.openapi_vtn import vtn_document
from contracts.store import envelopes
from contracts.wire import acks, commands, events, notifications, shadow, telemetry, telemetry_batch

BOUNDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
FOLDER = Path(__file__).with_name("schemas")
OPENAPI = Path(__file__).with_name("openapi.json")
OPENAPI_OF_OPENADR = Path(__file__).with_name("openapi-openadr.json")

MESSAGES: dict[str, type[msgspec.Struct]] = {
    "telemetry": telemetry.Telemetry,
    "telemetry-batch": telemetry_batch.TelemetryBatch,
    "loads": telemetry.LoadsSnapshot,
    "ack": acks.Ack,
    **{f"command-{op}": kind for op, kind in commands.OPERATIONS.items()},
    "shadow-event": events.DrEvent,
    "shadow-load": shadow.LoadSetting,
    "shadow-opt-out": shadow.OptOut,
    "shadow-settings": shadow._Number,
    "notification": notifications.Notification,
    "rule-envelope": envelopes.Envelope,
    "request-issue-command": requests.IssueCommand,
    "answer-command-issued": requests.CommandIssued,
    "request-dispatch-event": requests.DispatchEvent,
    "answer-event-dispatched": requests.EventDispatched,
    "request-settle-event": requests.SettleEvent,
    "answer-event-report": reports.EventReport,
    "answer-refused": requests.Refused,
}
"""Every message by the name of its schema's file."""


def schemas() -> dict[str, str]:
    """The text of each schema, by the name of its file."""
    return {f"{name}.json": _text(kind) for name, kind in MESSAGES.items()}


def openapi() -> str:
    """The text of the API's document, without prose of the Structs: a better sentence changes no call."""
    return _document_text(document())


def openapi_of_openadr() -> str:
    """The text of the VTN's document, likewise."""
    return _document_text(vtn_document())


def _document_text(value: dict[str, Any]) -> str:
    value["components"]["schemas"] = _without_prose(value["components"]["schemas"])
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"


def _text(kind: type[msgspec.Struct]) -> str:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_without_prose(msgspec.json.schema(kind)),
    }
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode() + "\n"


def _without_prose(value: Any) -> Any:
    """*value* without docstrings: a sentence that is put better changes no message.

    Whole bounds are written as integers: ``Meta(ge=0)`` and ``Meta(ge=0.0)`` are equal, so that a type may
    have the one of a module that was imported first.
    """
    if isinstance(value, dict):
        return {
            key: int(item)
            if key in BOUNDS and isinstance(item, float) and item.is_integer()
            else _without_prose(item)
            for key, item in value.items()
            if not (key == "description" and isinstance(item, str))
        }
    return [_without_prose(item) for item in value] if isinstance(value, list) else value


def main() -> None:
    """Write every schema anew, and take away those that no message has."""
    FOLDER.mkdir(exist_ok=True)
    for stale in set(FOLDER.glob("*.json")) - {FOLDER / name for name in schemas()}:
        stale.unlink()
    for name, text in schemas().items():
        (FOLDER / name).write_text(text)
    OPENAPI.write_text(openapi())
    OPENAPI_OF_OPENADR.write_text(openapi_of_openadr())


if __name__ == "__main__":
    main()
