"""Messages sorted into items to put and the latest reading of each VEN. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from contracts.errors import FieldError, WireError
from contracts.store.batch_rows import batch_item
from contracts.store.envelopes import Envelope
from contracts.store.items import Item
from contracts.store.keys import CIRCUITS_KW, telemetry_item
from contracts.wire.ids import VenId
from contracts.wire.telemetry import LoadsSnapshot, Telemetry, read_loads, read_telemetry
from contracts.wire.telemetry_batch import TelemetryBatch, is_batch, read_batch
from contracts.wire.topics import check_ven_id
from lambdas.shared import rows

RowKey = tuple[str, str]
"""venId and rowId."""
TELEMETRY_TOPIC, LOADS_TOPIC = "ven/telemetry/", "ven/loads/"


@dataclass(frozen=True, slots=True)
class Reading:
    """A VEN's row or snapshot as it was understood, with the cloud's receipt time."""

    message_id: str
    received_ts: float
    payload: Telemetry | LoadsSnapshot

    @property
    def order(self) -> tuple[str, int]:
        """By which a VEN's readings are sorted."""
        return self.payload.boot_id, self.payload.seq


@dataclass(frozen=True, slots=True)
class SortedMessages:
    """Messages, sorted out.

    *rows* are items of a row or of several; *messages* has the messages that each came in, since a repeat may
    be among them; *peak_kw* the most that each VEN drew; *further_rows* those of a VEN that came in batches,
    beside the first of each.
    """

    rows: dict[RowKey, Item] = field(default_factory=dict)
    messages: dict[RowKey, list[str]] = field(default_factory=dict)
    latest: dict[str, Reading] = field(default_factory=dict)
    circuits: dict[str, Reading] = field(default_factory=dict)
    malformed: dict[str, WireError] = field(default_factory=dict)
    peak_kw: dict[str, float] = field(default_factory=dict)
    further_rows: Counter[VenId] = field(default_factory=Counter)


def sender_of(topic: str) -> str | None:
    """The id in a topic of telemetry or of loads; None for another topic."""
    for prefix in (TELEMETRY_TOPIC, LOADS_TOPIC):
        if topic.startswith(prefix):
            return topic.removeprefix(prefix)
    return None


def sort_out(messages: Mapping[str, Envelope], *, retention_days: int) -> SortedMessages:
    """The *messages*, by their ids, of VENs of this stage. A malformed one stands by itself."""
    batch = SortedMessages()
    for message_id, envelope in messages.items():
        try:
            payload = read_message(envelope)
        except WireError as error:
            batch.malformed[message_id] = error
            continue
        received_ts = envelope.received_ts
        if isinstance(payload, LoadsSnapshot):
            _keep_latest(batch.circuits, Reading(message_id, received_ts, payload))
            continue
        if isinstance(payload, TelemetryBatch):
            expires_ts = rows.expires_ts(received_ts, retention_days)
            item = batch_item(payload, received_ts=received_ts, expires_ts=expires_ts)
            drawn_kw, latest = max(payload.samples.used_power_kw), payload.last_row()
            batch.further_rows[payload.ven_id] += len(payload.samples.seq) - 1
        else:
            item = telemetry_row(payload, received_ts, retention_days)
            drawn_kw, latest = payload.used_power_kw, payload
        key = (item["venId"], item["rowId"])
        batch.rows[key] = item
        batch.messages.setdefault(key, []).append(message_id)
        _keep_latest(batch.latest, Reading(message_id, received_ts, latest))
        batch.peak_kw[latest.ven_id] = max(drawn_kw, batch.peak_kw.get(latest.ven_id, drawn_kw))
    return batch


def read_message(envelope: Envelope) -> Telemetry | TelemetryBatch | LoadsSnapshot:
    """One message. Raises WireError; the topic names the VEN and the kind of message."""
    sender = sender_of(envelope.topic)
    if sender is None:
        raise FieldError("topic", "is neither of telemetry nor of loads")
    ven_id, raw = check_ven_id(sender, "topic"), envelope.raw
    if not envelope.topic.startswith(TELEMETRY_TOPIC):
        return read_loads(raw, ven_id=ven_id)
    return read_batch(raw, ven_id=ven_id) if is_batch(raw) else read_telemetry(raw, ven_id=ven_id)


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
