"""A report as a tidy table: a row for each VEN, interval and baseline."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import IO

from contracts.api.reports import EventReport

COLUMNS = (
    "event",
    "ven",
    "interval",
    "start",
    "end",
    "baseline",
    "settles",
    "requested_kw",
    "delivered_kw",
    "coverage",
    "opted_out",
)

NO_BASELINE: dict[str, Sequence[float | None]] = {"": ()}


def write(report: EventReport, file: IO[str]) -> None:
    """Write *report*; times are UTC, a value that is not known is left empty.

    A VEN without stored telemetry has one row an interval, without a baseline.
    """
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(COLUMNS)
    for ven in report.vens:
        for index, interval in enumerate(report.intervals):
            requested_kw = (
                ven.requested_intervals_kw[index] if index < len(ven.requested_intervals_kw) else None
            )
            before = [
                report.event_id,
                ven.ven_id,
                index + 1,
                _time(interval.start_ts),
                _time(interval.end_ts),
            ]
            by_baseline: dict[str, Sequence[float | None]] = {
                name: delivered.intervals_kw for name, delivered in ven.delivered.items()
            }
            for name, kw in (by_baseline or NO_BASELINE).items():
                rows.writerow(
                    [
                        *before,
                        name,
                        "yes" if name == report.settled_by else "no",
                        _cell(requested_kw),
                        _cell(kw[index] if index < len(kw) else None),
                        _cell(ven.quality.coverage),
                        "yes" if ven.opted_out else "no",
                    ]
                )


def _time(ts: float) -> str:
    return datetime.fromtimestamp(ts, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}".rstrip("0").rstrip(".") or "0"
