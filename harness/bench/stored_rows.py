"""Rows as a twin has them stored: in batches in peace, by themselves in an event and around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import msgspec

from contracts.store.batch_rows import ROW_ID, batch_item
from contracts.store.items import to_item
from contracts.store.keys import telemetry_item
from contracts.wire.codec import JsonDict
from contracts.wire.ids import VenId
from contracts.wire.telemetry import Telemetry
from contracts.wire.telemetry_batch import batch_of, fitting
from lambdas.shared.power_traces import PowerRow
from ven_twin.operations.bill.fleet import AROUND_EVENT_S, BATCH_S

EXPIRES_S = 30 * 86_400


def stored_rows(rows: Sequence[PowerRow], event_ts: tuple[float, float]) -> Mapping[str, JsonDict]:
    """The items of *rows* by their sort keys, around an event from and to *event_ts*, UTC s."""
    start_ts, end_ts = event_ts[0] - AROUND_EVENT_S, event_ts[1] + AROUND_EVENT_S
    items = {}
    for message in _messages(rows, start_ts, end_ts):
        received_ts = message[-1].received_ts or float(message[-1].timestamp)
        expires_ts = message[-1].timestamp + EXPIRES_S
        sent = [_telemetry(row) for row in message]
        if len(sent) == 1:
            item = telemetry_item(sent[0], received_ts=received_ts, expires_ts=expires_ts)
        else:
            item = batch_item(batch_of(sent), received_ts=received_ts, expires_ts=expires_ts)
        items[item[ROW_ID]] = to_item(item)
    return items


def _messages(rows: Sequence[PowerRow], start_ts: float, end_ts: float) -> Iterator[list[PowerRow]]:
    """*rows* as they are sent: those within the times alone, others with what comes in the same minutes."""

    def message(row: PowerRow) -> float:
        alone = start_ts < row.timestamp <= end_ts
        return -row.timestamp if alone else (row.timestamp - 1) // BATCH_S

    for _, together in groupby(rows, message):
        left = list(together)
        while left:
            count = fitting([_telemetry(row) for row in left])
            yield left[:count]
            left = left[count:]


def _telemetry(row: PowerRow) -> Telemetry:
    shed_kw = max(0.0, row.baseline_power_kw - row.used_power_kw)
    return Telemetry(
        ven_id=VenId("ven"),
        shed_power_kw=shed_kw,
        **{name: value for name, value in msgspec.structs.asdict(row).items() if name != "received_ts"},
    )
