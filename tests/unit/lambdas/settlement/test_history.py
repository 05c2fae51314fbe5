"""The days before an event: which are read, which are kept, and for how long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from contracts.store.keys import TELEMETRY, day_row_id, telemetry_range, telemetry_row_id
from contracts.wire.ids import VenId
from lambdas.settle_event.history import History
from lambdas.settle_event.logic.days import DAY_S, QUARTERS, Frame
from lambdas.shared import clock
from lambdas.shared.power_traces import PowerRow, Window
from lambdas.shared.tables import Table
from lambdas.shared.telemetry_rows import TelemetryReader

DAY = 20_649
"""Wednesday 15 July 2026."""
START = DAY * DAY_S + 17 * 3600
VEN = VenId("a")


class StoredTelemetry:
    """The telemetry table of one VEN: its rows and its days, and the days whose rows were read."""

    name = "telemetry"
    keys = TELEMETRY

    def __init__(self, rows: Sequence[PowerRow] = ()) -> None:
        self.rows = {telemetry_row_id(row.timestamp, "b1", row.timestamp): row for row in rows}
        self.days: dict[str, dict[str, Any]] = {}
        self.read_days: list[int] = []
        errors = {"ProvisionedThroughputExceededException": OSError, "RequestLimitExceeded": OSError}
        self.pause = lambda _: None
        self.client = SimpleNamespace(exceptions=SimpleNamespace(**errors), batch_write_item=self._write)

    def _write(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - as boto3 calls it
        for request in RequestItems["telemetry"]:
            item = {name: next(iter(value.values())) for name, value in request["PutRequest"]["Item"].items()}
            self.days[item["rowId"]] = item
        return {"UnprocessedItems": {}}

    def query_rows(self, kind: type[Any], _: str, between: tuple[str, str]) -> Iterator[list[Any]]:
        """Days, between two sort keys."""
        low, high = between
        days = (item for row_id, item in self.days.items() if low <= row_id <= high)
        yield [msgspec.convert(item, kind, strict=False) for item in days]

    def query_pages(
        self, reader: TelemetryReader[Any], _: str, __: object, *, newest_first: bool
    ) -> Iterator[list[Any]]:
        """Rows of the times of *reader*."""
        first, after = ((time_ts - 1) // DAY_S for time_ts in (reader.from_ts, reader.to_ts))
        low, high = telemetry_range(reader.from_ts, reader.to_ts)
        self.read_days += range(after - 1, first - 1, -1)
        ids = sorted((row_id for row_id in self.rows if low <= row_id <= high), reverse=newest_first)
        yield [self.rows[row_id] for row_id in ids]


def rows_of(day: int, share: float = 1.0, kw: float = 2.0) -> list[PowerRow]:
    """A row every quarter hour of the first *share* of a day."""
    count = int(QUARTERS * share)
    return [PowerRow(day * DAY_S + 900 * (at + 1), kw, 5.0) for at in range(count)]


def history(table: StoredTelemetry, now_ts: float = START + 3600) -> History:
    """With all the time that it needs."""
    return History(cast("Table", table), now_ts, float("inf"))


def frame_at(start_ts: float) -> Frame:
    """Of an event of an hour."""
    return Frame(Window(start_ts, start_ts + 3600))


FRAME = frame_at(START)
ALL_DAYS = [row for ago in range(1, 46) for row in rows_of(DAY - ago)]


@pytest.mark.parametrize(
    ("share", "after_s", "is_kept"),
    [
        (1.0, 900, True),
        (1.0, 899, False),
        (0.8, 3 * DAY_S - 1, False),
        (0.75, 3 * DAY_S, True),
        (0.75, 3 * DAY_S - 1, False),
        (0.84, 900, True),
    ],
)
def test_a_day_is_kept_once_nothing_more_of_it_is_expected(share: float, after_s: int, is_kept: bool) -> None:
    """A quarter of an hour after its end; a day of which less than four fifths came, after three days."""
    table = StoredTelemetry(rows_of(DAY - 1, share))
    history(table, DAY * DAY_S + after_s).profiles(VEN, FRAME)
    assert (day_row_id(DAY - 1) in table.days) is is_kept


def test_a_kept_day_lives_for_60_days_and_is_read_back_as_it_was_made() -> None:
    """Its powers are watts and its coverage has four digits, so that a report is the same either way."""
    rows = [PowerRow(row.timestamp, 2.00049, 5.0) for row in rows_of(DAY - 1)][:-7]
    table = StoredTelemetry(rows)
    made, whole = history(table).profiles(VEN, FRAME)
    day = made[DAY - 1]
    assert (day.kw[0], day.kw[-1], day.coverage, whole) == (2.0, None, 0.9271, True)
    assert table.days[day_row_id(DAY - 1)]["expiresTs"] == str((DAY + 60) * DAY_S)
    table.rows.clear()
    assert history(table).profiles(VEN, FRAME) == (made, True)


def test_of_a_full_history_only_the_latest_18_days_are_read() -> None:
    """They have more than ten weekdays. Read again, they come from what was kept."""
    table = StoredTelemetry(ALL_DAYS)
    profiles, whole = history(table).profiles(VEN, FRAME)
    assert (table.read_days, whole) == ([DAY - ago for ago in range(1, 19)], True)
    assert profiles.keys() == set(table.read_days)
    table.read_days.clear()
    assert history(table).profiles(VEN, FRAME)[0].keys() == profiles.keys()
    assert table.read_days == []


def test_where_ten_days_are_not_found_all_45_are_read() -> None:
    """Nine weekdays have rows in the latest 18 days: older ones are looked for, as far as any rule looks."""
    late = (1, 2, 5, 6, 7, 8, 9, 12, 13)
    table = StoredTelemetry([row for ago in (*late, 20) for row in rows_of(DAY - ago)])
    profiles, whole = history(table).profiles(VEN, FRAME)
    assert (table.read_days, whole) == ([DAY - ago for ago in range(1, 46)], True)
    assert {DAY - day for day, found in profiles.items() if found.coverage} == {*late, 20}
    ten = StoredTelemetry([row for ago in (*late, 14) for row in rows_of(DAY - ago)])
    history(ten).profiles(VEN, FRAME)
    assert len(ten.read_days) == 18


def test_days_between_kept_ones_are_read_in_runs() -> None:
    """What is kept is not read again: with nine weekdays left, each run of missing days is one query."""
    table = StoredTelemetry(ALL_DAYS)
    history(table).profiles(VEN, FRAME)
    expected = history(table).profiles(VEN, FRAME)
    for ago in (1, 2, 4, 9):
        del table.days[day_row_id(DAY - ago)]
    table.read_days.clear()
    assert history(table).profiles(VEN, FRAME) == expected
    assert table.read_days == [DAY - ago for ago in (1, 2, 4, 9)]


def test_a_row_at_midnight_belongs_to_the_day_that_it_ends() -> None:
    """The day before has its last quarter hour, and the next does not begin with it."""
    table = StoredTelemetry([*rows_of(DAY - 2, kw=4.0), *rows_of(DAY - 1, kw=2.0)])
    profiles, _ = history(table).profiles(VEN, FRAME)
    assert profiles[DAY - 2].kw == (4.0,) * QUARTERS
    assert profiles[DAY - 1].kw == (2.0,) * QUARTERS


@pytest.mark.parametrize(("hour", "latest_ago"), [(17, 1), (19, 1), (20, 0), (2, 1)])
def test_the_latest_day_is_the_last_that_a_frame_before_the_event_reaches(hour: int, latest_ago: int) -> None:
    """From 20:00 on, the hours after yesterday's event lie in today; what ends at midnight does not."""
    table = StoredTelemetry(ALL_DAYS)
    history(table).profiles(VEN, frame_at(DAY * DAY_S + hour * 3600))
    assert table.read_days[0] == DAY - latest_ago


@pytest.mark.usefixtures("_a_second_a_look")
@pytest.mark.parametrize(("until_s", "days"), [(0, 0), (1, 0), (2, 1), (4, 3)])
def test_no_day_is_made_once_time_is_up(until_s: int, days: int) -> None:
    """It is looked at before each day: the latest are there, and it is said that they are not all."""
    table = StoredTelemetry(ALL_DAYS)
    limited = History(cast("Table", table), START + 3600, until_s)
    profiles, whole = limited.profiles(VEN, FRAME)
    assert (sorted(profiles), whole) == (list(range(DAY - days, DAY)), False)


@pytest.fixture
def _a_second_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter(range(1, 1000))
    monkeypatch.setattr(clock, "utc_now", lambda: float(next(looks)))
