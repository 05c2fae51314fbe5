"""The outcome of a settled event in its VENs' rows: counted once, whoever else changes the row meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import pytest

from contracts.api.reports import Baseline, Delivered, Quality, VenReport
from contracts.store.keys import Key
from lambdas.settle_event.adapters import PerformanceRecords
from lambdas.settle_event.logic.performance import HALF_LIFE_S, counted, nobody_heard
from lambdas.shared.tables import Condition, Table

START = 1_800_000_000.0


def report(
    delivered_kw: float = 1.5,
    *,
    by: Baseline = "clone",
    coverage: float = 1.0,
    requested_kw: float = 3.0,
    start_ts: float = START,
) -> VenReport:
    """A VEN's report of an hour of 3 kW."""
    figure = Delivered(baseline_kw=5.0, delivered_kw=delivered_kw, delivered_kwh=delivered_kw)
    return VenReport(
        ven_id="a",
        requested_kw=requested_kw,
        requested_kwh=requested_kw,
        used_kw=2.0,
        delivered={by: figure},
        quality=Quality(rows=120, coverage=coverage, longest_gap_s=0.0),
        acknowledged=True,
        start_ts=start_ts,
    )


class ContendedTable:
    """The VENs' table with one row, which other settlements change *conflicts* times first."""

    def __init__(self, row: dict[str, Any], conflicts: int = 0, *, gone: bool = False) -> None:
        self.row, self.conflicts, self.gone = row, conflicts, gone
        self.conditions: list[Condition] = []

    def get_many(self, ven_ids: Iterable[str], _: Iterable[str]) -> list[dict[str, Any]]:
        """The row as it is at first."""
        return [dict(self.row)] if self.row["venId"] in ven_ids else []

    def get(self, _: Key) -> dict[str, Any] | None:
        """The row as it is by now; None when the VEN was taken away."""
        return None if self.gone else dict(self.row)

    def update(self, _: Key, values: dict[str, Any], *, when: Condition) -> bool:
        """Write *values*, unless another settlement came before."""
        self.conditions.append(when)
        if self.conflicts:
            self.conflicts -= 1
            self.row["countedEvents"] = [*self.row.get("countedEvents", []), f"other-{self.conflicts}"]
            self.row["calledKwh"] = self.row.get("calledKwh", 0.0) + 1.0
            return False
        self.row |= values
        return True


def count(table: ContendedTable, *reports: VenReport, event_id: str = "e1") -> None:
    """Count the event for its VENs."""
    PerformanceRecords(cast("Table", table)).count(event_id, reports or (report(),), None)


def test_a_row_that_changed_meanwhile_is_counted_upon_what_it_says_now() -> None:
    """Two other events came first, with 1 kWh each: 2 + 3 kWh, and all three stand in the row."""
    table = ContendedTable({"venId": "a", "lastCalledTs": START}, conflicts=2)
    count(table)
    assert table.row["calledKwh"] == pytest.approx(5.0)
    assert table.row["countedEvents"] == ["other-1", "other-0", "e1"]
    assert table.conditions[0].values == {}
    assert table.conditions[-1].values == {":before": ["other-1", "other-0"]}


def test_a_ven_taken_away_meanwhile_is_not_counted() -> None:
    """Its row is gone: nothing is written, and settlement goes on."""
    table = ContendedTable({"venId": "a"}, conflicts=1, gone=True)
    count(table)
    assert len(table.conditions) == 1
    assert "performance" not in table.row


def test_a_row_that_does_not_keep_still_fails_for_a_retry() -> None:
    """Changed at each of five tries, settlement fails and is repeated later, rather than lose the event."""
    table = ContendedTable({"venId": "a"}, conflicts=5)
    with pytest.raises(TimeoutError, match="row of a changed 5 times"):
        count(table)
    count(ContendedTable({"venId": "a"}, conflicts=4))


def test_who_was_called_for_nothing_or_is_no_ven_is_not_counted() -> None:
    """A VEN without a share, or without a row, has nothing to learn from the event."""
    table = ContendedTable({"venId": "a"})
    count(table, report(requested_kw=0.0))
    assert table.conditions == []
    other = ContendedTable({"venId": "b"})
    count(other)
    assert other.conditions == []


def test_an_event_that_was_counted_is_not_counted_again() -> None:
    """Its id stands in the row."""
    assert counted("e1", report(), None, {"countedEvents": ["e0", "e1"]}) is None


def test_the_last_twenty_events_are_remembered() -> None:
    """The oldest id goes when a twenty-first comes."""
    values = counted("e20", report(), None, {"countedEvents": [f"e{n}" for n in range(20)]})
    assert values is not None
    assert values["countedEvents"] == [f"e{n}" for n in range(1, 21)]


@pytest.mark.parametrize(
    ("last_ts", "dispatched_kwh", "latest_ts"),
    [
        (START, 7.0, START),
        (START - HALF_LIFE_S, 5.0, START),
        (START + HALF_LIFE_S, 4.0 + 1.5, START + HALF_LIFE_S),
    ],
)
def test_calls_fade_by_half_a_month_by_month(last_ts: float, dispatched_kwh: float, latest_ts: float) -> None:
    """4 kWh of a month before count 2 beside 3 of today; an event settled late fades itself."""
    values = counted("e1", report(), None, {"calledKwh": 4.0, "lastCalledTs": last_ts})
    assert values is not None
    assert (values["calledKwh"], values["lastCalledTs"]) == (pytest.approx(dispatched_kwh), latest_ts)


@pytest.mark.parametrize(
    ("ven", "settled_by", "performance"),
    [
        (report(1.5), None, 0.5),
        (report(-1.0), None, 0.0),
        (report(9.0), None, 1.2),
        (report(coverage=0.5), None, 0.5),
        (report(coverage=0.49), None, 0.7),
        (report(by="caiso_10_of_10"), "caiso_10_of_10", 0.5),
        (report(by="caiso_10_of_10"), "meter_before", None),
        (report(by="caiso_10_of_10"), None, None),
        (report(requested_kw=0.0), None, None),
    ],
)
def test_performance_is_delivered_of_called_where_enough_is_known(
    ven: VenReport, settled_by: Baseline | None, performance: float | None
) -> None:
    """By the clone, else by what settles; from 0 to 1.2; with less than half of it stored it was absent."""
    values = counted("e1", ven, settled_by, {})
    assert values is not None
    assert values.get("performance") == performance


def test_performance_moves_by_three_tenths_towards_the_latest_event() -> None:
    """From 1 towards 0.5: 0.85; from nothing at all: also a known 0 is a beginning."""
    values = counted("e1", report(1.5), None, {"performance": 1.0})
    assert values is not None
    assert values["performance"] == pytest.approx(0.85)
    values = counted("e1", report(1.5), None, {"performance": 0.0})
    assert values is not None
    assert values["performance"] == pytest.approx(0.15)


@pytest.mark.parametrize(
    ("row", "values"),
    [
        ({}, {"calledKwh": 3.0, "lastCalledTs": START, "countedEvents": ["e1"], "performance": 0.3333}),
        (
            {"calledKwh": 1 / 3, "lastCalledTs": START, "performance": 2 / 3, "countedEvents": None},
            {"calledKwh": 3.333333, "lastCalledTs": START, "countedEvents": ["e1"], "performance": 0.5667},
        ),
    ],
)
def test_a_rows_figures_are_rounded(row: dict[str, Any], values: dict[str, Any]) -> None:
    """Energy to six digits and performance to four: a VEN without a row's figures begins with this event."""
    assert counted("e1", report(1.0), None, row) == values


def test_a_month_is_thirty_days() -> None:
    """What was dispatched 60 days ago counts a quarter: 1 kWh of 4, beside 3 of today."""
    values = counted("e1", report(), None, {"calledKwh": 4.0, "lastCalledTs": START - 60 * 86_400})
    assert values is not None
    assert values["calledKwh"] == 4.0


def test_who_was_called_for_less_than_a_kw_has_a_performance() -> None:
    """0.25 of 0.5 kW are half of it."""
    values = counted("e1", report(0.25, requested_kw=0.5), None, {})
    assert values is not None
    assert values["performance"] == 0.5
    table = ContendedTable({"venId": "a"})
    count(table, report(requested_kw=0.5))
    assert table.row["countedEvents"] == ["e1"]


def test_absence_counts_as_nothing_delivered_until_rows_come_after_all() -> None:
    """Silent in the event it loses what it would have gained; its rows put that right once, and no more."""
    row: dict[str, Any] = {"performance": 0.9}
    row |= counted("e1", report(coverage=0.1), None, row) or {}
    assert (row["performance"], row["absentEvents"]) == (pytest.approx(0.63), ["e1"])
    assert counted("e1", report(coverage=0.2), None, row) is None
    row |= counted("e1", report(2.4), None, row) or {}
    assert row["performance"] == pytest.approx(0.9 + 0.3 * (0.8 - 0.9), abs=1e-3)
    assert counted("e1", report(2.4), None, row) is None


def test_when_nobody_was_heard_it_was_the_cloud_that_was_deaf() -> None:
    """Several VENs without a row are an outage of ours; one alone is its own."""
    absent, heard = report(coverage=0.0), report()
    assert nobody_heard([absent, absent])
    assert not nobody_heard([absent])
    assert not nobody_heard([absent, heard])
    values = counted("e1", absent, None, {"performance": 0.9}, absence_counts=False)
    assert values is not None
    assert "performance" not in values
