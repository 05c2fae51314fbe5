"""The cost of an event's first settlement, reading included: 16 VENs with 20 days of rows every 30 s."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from contracts.api.reports import EventReport
from contracts.wire.codec import JsonDict
from contracts.wire.ids import EventId, VenId
from harness.bench import canned_tables
from harness.bench.bench_settlement import EVERY_S, IN_EVENT, SETTLED, START, TWO_H, best_s, event_of
from harness.bench.canned_tables import CannedTables
from harness.bench.figure import Figure
from harness.bench.stored_rows import stored_rows
from lambdas.settle_event.logic.days import DAY_S
from lambdas.shared.power_traces import PowerRow

VEN_IDS = tuple(VenId(f"ven-{number}") for number in range(16))
DAYS = 20


def run() -> Iterator[Figure]:
    """CPU time of the settlement beside that of `json` for the same bytes, each the best of a few."""
    tables = CannedTables.of(rows())
    with tables.behind_the_client():
        _settle()
        bodies, tables.answers = tables.answers, []
        json_s = best_s(lambda: [json.loads(body) for body in bodies])
        name = "reading the answers as JSON"
        first_s = best_s(_settle)
        yield Figure("first settlement, 16 VENs x 20 days", first_s, "s", "<= 6 s", json_s, name)
        tables.keeps = True
        _settle()
        yield Figure("the next, the days being kept", best_s(_settle), "s", "", json_s, name)


def rows() -> Mapping[str, JsonDict]:
    """The stored rows of a VEN up to the end of the event, by their sort keys."""
    times = range((START // DAY_S - DAYS) * DAY_S + EVERY_S, START + TWO_H, EVERY_S)
    powers = [
        PowerRow(
            timestamp=timestamp,
            used_power_kw=round(1.0 + timestamp * 7919 % 5000 / 1000, 3),
            baseline_power_kw=round(3.0 + timestamp * 31 % 997 / 500, 3),
            event_id=EventId(IN_EVENT) if timestamp > START else None,
            boot_id="b1",
            seq=seq,
            received_ts=timestamp + 0.731,
        )
        for seq, timestamp in enumerate(times)
    ]
    return stored_rows(powers, (START, START + TWO_H))


def _settle() -> EventReport:
    return canned_tables.settle(*event_of(VEN_IDS), now=SETTLED)
