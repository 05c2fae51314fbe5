"""What a batch of messages comes to: rows to put, and what is now the latest of each VEN. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from contracts.errors import FieldError, WireError
from contracts.store.envelopes import read_envelope
from contracts.store.keys import telemetry_item
from contracts.wire.telemetry import LoadsSnapshot, Telemetry, read_loads, read_telemetry
from contracts.wire.topics import check_ven_id
from lambdas.shared import rows

RowKey = tuple[str, str]
"""venId and rowId."""
TELEMETRY_TOPIC, LOADS_TOPIC = "ven/telemetry/", "ven/loads/"


@dataclass(frozen=True, slots=True)
class Reading:
    """One message as it was understood, with the cloud's receipt time."""

    message_id: str
    received_ts: float
    said: Telemetry | LoadsSnapshot

    @property
    def order(self) -> tuple[str, int]:
        """What makes a VEN's later reading later."""
        return self.said.boot_id, self.said.seq


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch, sorted out.

    *messages* says which messages a row came in, since a repeat may be in the same batch.
    """

    rows: dict[RowKey, dict[str, Any]] = field(default_factory=dict)
    messages: dict[RowKey, list[str]] = field(default_factory=dict)
    latest: dict[str, Reading] = field(default_factory=dict)
    circuits: dict[str, Reading] = field(default_factory=dict)
    malformed: dict[str, WireError] = field(default_factory=dict)


def sort_out(messages: Iterable[tuple[str, str]], *, retention_days: int) -> Batch:
    """The batch in *messages* (id and body of each). A malformed one stands by itself."""
    batch = Batch()
    for message_id, body in messages:
        try:
            reading = read_message(message_id, body)
        except WireError as error:
            batch.malformed[message_id] = error
            continue
        if isinstance(reading.said, Telemetry):
            row = telemetry_row(reading.said, reading.received_ts, retention_days)
            key = (row["venId"], row["rowId"])
            batch.rows[key] = row
            batch.messages.setdefault(key, []).append(message_id)
            _keep_latest(batch.latest, reading)
        else:
            _keep_latest(batch.circuits, reading)
    return batch


def read_message(message_id: str, body: str) -> Reading:
    """One SQS body. Raises WireError; the topic says who speaks and of what."""
    envelope = read_envelope(body)
    for prefix, read in ((TELEMETRY_TOPIC, read_telemetry), (LOADS_TOPIC, read_loads)):
        if envelope.topic.startswith(prefix):
            ven_id = check_ven_id(envelope.topic.removeprefix(prefix), "topic")
            return Reading(message_id, envelope.received_ts, read(envelope.raw, ven_id=ven_id))
    raise FieldError("topic", "is neither of telemetry nor of loads")


def telemetry_row(said: Telemetry, received_ts: float, retention_days: int) -> dict[str, Any]:
    """The row of the telemetry table."""
    expires_ts = rows.expires_ts(received_ts, retention_days)
    return telemetry_item(said, received_ts=received_ts, expires_ts=expires_ts)


def shown(reading: Reading, retention_days: int) -> dict[str, Any]:
    """What stands in the VEN's latest row, or snapshot; None for each attribute that goes.

    The latest row is without loads: it is written every report interval, and DynamoDB counts by the KB.
    """
    said, received_ts = reading.said, reading.received_ts
    if isinstance(said, Telemetry):
        row = telemetry_row(said, received_ts, retention_days)
        del row["rowId"]
    else:
        row = msgspec.to_builtins(said)
        row |= {"receivedTs": received_ts, "expiresTs": rows.expires_ts(received_ts, retention_days)}
    del row["venId"]
    return row


def _keep_latest(latest: dict[str, Reading], reading: Reading) -> None:
    known = latest.get(reading.said.ven_id)
    if known is None or known.order < reading.order:
        latest[reading.said.ven_id] = reading
