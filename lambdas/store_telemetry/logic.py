"""A batch of messages sorted into rows to put and the latest reading of each VEN. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from contracts.errors import FieldError, WireError
from contracts.store.envelopes import Envelope
from contracts.store.items import Item
from contracts.store.keys import CIRCUITS_KW, telemetry_item
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
    payload: Telemetry | LoadsSnapshot

    @property
    def order(self) -> tuple[str, int]:
        """By which a VEN's readings are sorted."""
        return self.payload.boot_id, self.payload.seq


@dataclass(frozen=True, slots=True)
class TelemetryBatch:
    """A batch, sorted out.

    *messages* has the messages that a row came in, since a repeat may be in the same batch; *peak_kw* the
    most that each VEN drew.
    """

    rows: dict[RowKey, Item] = field(default_factory=dict)
    messages: dict[RowKey, list[str]] = field(default_factory=dict)
    latest: dict[str, Reading] = field(default_factory=dict)
    circuits: dict[str, Reading] = field(default_factory=dict)
    malformed: dict[str, WireError] = field(default_factory=dict)
    peak_kw: dict[str, float] = field(default_factory=dict)


def sender_of(topic: str) -> str | None:
    """The id in a topic of telemetry or of loads; None for another topic."""
    for prefix in (TELEMETRY_TOPIC, LOADS_TOPIC):
        if topic.startswith(prefix):
            return topic.removeprefix(prefix)
    return None


def sort_out(messages: Mapping[str, Envelope], *, retention_days: int) -> TelemetryBatch:
    """The batch in *messages*, by their ids, of VENs of this stage. A malformed one stands by itself."""
    batch = TelemetryBatch()
    for message_id, envelope in messages.items():
        try:
            reading = read_message(message_id, envelope)
        except WireError as error:
            batch.malformed[message_id] = error
            continue
        if isinstance(reading.payload, Telemetry):
            row = telemetry_row(reading.payload, reading.received_ts, retention_days)
            key = (row["venId"], row["rowId"])
            batch.rows[key] = row
            batch.messages.setdefault(key, []).append(message_id)
            _keep_latest(batch.latest, reading)
            ven_id, drawn_kw = reading.payload.ven_id, reading.payload.used_power_kw
            batch.peak_kw[ven_id] = max(drawn_kw, batch.peak_kw.get(ven_id, drawn_kw))
        else:
            _keep_latest(batch.circuits, reading)
    return batch


def read_message(message_id: str, envelope: Envelope) -> Reading:
    """One message. Raises WireError; the topic names the VEN and the kind of message."""
    sender = sender_of(envelope.topic)
    if sender is None:
        raise FieldError("topic", "is neither of telemetry nor of loads")
    ven_id = check_ven_id(sender, "topic")
    read = read_telemetry if envelope.topic.startswith(TELEMETRY_TOPIC) else read_loads
    return Reading(message_id, envelope.received_ts, read(envelope.raw, ven_id=ven_id))


def telemetry_row(telemetry: Telemetry, received_ts: float, retention_days: int) -> Item:
    """The row of the telemetry table."""
    expires_ts = rows.expires_ts(received_ts, retention_days)
    return telemetry_item(telemetry, received_ts=received_ts, expires_ts=expires_ts)


def latest_row(reading: Reading, retention_days: int) -> Item:
    """The VEN's latest row, or snapshot, without its key; None for each attribute that goes.

    The latest row is without circuits, which the latest snapshot has: it is read of every VEN every 2 s.
    """
    payload, received_ts = reading.payload, reading.received_ts
    if isinstance(payload, Telemetry):
        row = telemetry_row(payload, received_ts, retention_days)
        del row["rowId"], row[CIRCUITS_KW]
    else:
        row = msgspec.to_builtins(payload)
        row |= {"receivedTs": received_ts, "expiresTs": rows.expires_ts(received_ts, retention_days)}
    del row["venId"]
    return row


def _keep_latest(latest: dict[str, Reading], reading: Reading) -> None:
    before = latest.get(reading.payload.ven_id)
    if before is None or before.order < reading.order:
        latest[reading.payload.ven_id] = reading
