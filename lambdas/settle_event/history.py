"""The days before an event, read from the telemetry table and kept there in quarter hours.

A day's quarter hours are made from its rows when they are first needed, and kept as one item of the VEN's
partition; the next event reads one item where there were thousands of rows. They follow from the rows alone,
so that writing them twice, or losing them, is harmless.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby, takewhile
from operator import ne

import msgspec

from contracts.store.items import Item
from contracts.store.keys import day_row_id
from contracts.wire.ids import VenId
from lambdas.settle_event.logic.days import (
    DAY_S,
    EMPTY,
    QUARTERS,
    REBOUND,
    WHOLE,
    DayProfile,
    Frame,
    day_profile,
    match_days,
)
from lambdas.shared import clock
from lambdas.shared.batch_writes import write_all
from lambdas.shared.power_traces import PowerRow, Trace
from lambdas.shared.tables import Table
from lambdas.shared.telemetry_rows import query_telemetry

RETENTION_DAYS = 60
"""How long a day's item lives: longer than is looked back."""
SETTLED_S = 900
"""How long after its end a day's rows are in."""
LATE_S = 3 * DAY_S
"""A day with gaps is kept only when this old: a VEN that was offline may still send what it measured."""
FIRST_DAYS = 18
"""How far back rows are read at first: ten weekdays and some to spare."""
ENOUGH_DAYS = 10
DIGITS = 3
"""Of a kept power: watts, as telemetry has them; of a temperature as well."""
COVERAGE_DIGITS = 4


_means = msgspec.json.Decoder(tuple[float | None, ...])
_quarters = msgspec.json.Decoder(frozenset[int])


class _DayItem(msgspec.Struct, rename="camel", frozen=True):
    """A kept day. The lists are text: 96 numbers as attributes would take ten times as long to read."""

    row_id: str
    used_kw: str
    in_event: str
    coverage: float
    outdoor_c: str = "[]"


@dataclass(frozen=True, slots=True)
class History:
    """The days of VENs.

    *until_ts*: when to stop making days from rows, by the wall clock. *all_days*: the baseline that settles
    is of all days that there are, so that ten like the event's are not enough.
    """

    telemetry: Table
    now_ts: float
    until_ts: float
    all_days: bool = False

    def profiles(self, ven_id: VenId, frame: Frame) -> tuple[dict[int, DayProfile], bool]:
        """A VEN's days as far back as a rule may look, and whether that is all of them.

        The latest days come first: when they hold enough that are like the event's, or when time is up, the
        rows of the others are not read.
        """
        earliest = frame.past[-1]
        first = min(earliest.lowest, earliest.first - REBOUND) // QUARTERS
        last = max((past.highest - 1) // QUARTERS for past in frame.past)
        profiles = self._stored(ven_id, first, last)
        for days in (range(max(first, last - FIRST_DAYS + 1), last + 1), range(first, last - FIRST_DAYS + 1)):
            missing = [day for day in reversed(days) if day not in profiles]
            if not missing or self._enough(profiles, frame):
                continue
            for made in self._made(ven_id, missing):
                self._keep(ven_id, made)
                profiles |= made
            if not profiles.keys() >= set(missing):
                return profiles, False
        return profiles, True

    def _enough(self, profiles: Mapping[int, DayProfile], frame: Frame) -> bool:
        """Tell days enough for every baseline that settles."""
        return not self.all_days and len(match_days(profiles, frame)) >= ENOUGH_DAYS

    def _stored(self, ven_id: VenId, first: int, last: int) -> dict[int, DayProfile]:
        between = (day_row_id(first), day_row_id(last))
        names = {day_row_id(day): day for day in range(first, last + 1)}
        pages = self.telemetry.query_rows(_DayItem, ven_id, between)
        return {names[item.row_id]: _read_day(item) for page in pages for item in page}

    def _made(self, ven_id: VenId, days: Sequence[int]) -> Iterator[dict[int, DayProfile]]:
        """The profiles of *days*, which the latest leads, as they are made from their rows until time is up.

        Days without rows come with the next that has some; each run of days is one query.
        """
        for run in _runs(days):
            # A row stands for the time before its timestamp: the one at midnight belongs to the day before.
            first, last = run[-1] * DAY_S + 1, (run[0] + 1) * DAY_S + 1
            pages = query_telemetry(self.telemetry, PowerRow, ven_id, first, last, newest_first=True)
            by_day = _by_day(pages)
            left = iter(run)
            while not self._time_is_up():
                day, profile = next(by_day, (run[-1], EMPTY))
                yield dict.fromkeys(takewhile(partial(ne, day), left), EMPTY) | {day: profile}
                if day == run[-1]:
                    break
            else:
                return

    def _time_is_up(self) -> bool:
        return clock.utc_now() >= self.until_ts

    def _keep(self, ven_id: VenId, days: Mapping[int, DayProfile]) -> None:
        items = {
            day: _day_item(ven_id, day, profile) for day, profile in days.items() if self._final(day, profile)
        }
        write_all(self.telemetry, items)

    def _final(self, day: int, profile: DayProfile) -> bool:
        """Tell a day that will not change any more."""
        over_s = self.now_ts - (day + 1) * DAY_S
        return over_s >= (SETTLED_S if profile.coverage >= WHOLE else LATE_S)


def _runs(days: Iterable[int]) -> list[list[int]]:
    """*days*, the latest first, in runs without a gap."""
    runs = groupby(enumerate(days), lambda pair: pair[0] + pair[1])
    return [[day for _, day in run] for _, run in runs]


def _by_day(pages: Iterable[list[PowerRow]]) -> Iterator[tuple[int, DayProfile]]:
    """Each day's profile as soon as its rows are read, so that only one day's rows are held at a time.

    Rows come the latest first, and so do days.
    """
    for day, of_day in groupby(chain.from_iterable(pages), lambda row: (row.timestamp - 1) // DAY_S):
        yield day, _rounded(day_profile(Trace.of(list(of_day)[::-1]), day))


def _rounded(profile: DayProfile) -> DayProfile:
    """*profile* as it is read back, so that a report is the same whether its days were kept or just made."""
    kw = tuple(None if value is None else round(value, DIGITS) for value in profile.kw)
    outdoor_c = tuple(None if value is None else round(value, DIGITS) for value in profile.outdoor_c)
    return DayProfile(kw, round(profile.coverage, COVERAGE_DIGITS), profile.in_event, outdoor_c)


def _day_item(ven_id: VenId, day: int, profile: DayProfile) -> Item:
    return {
        "venId": ven_id,
        "rowId": day_row_id(day),
        "usedKw": msgspec.json.encode(profile.kw).decode(),
        "inEvent": msgspec.json.encode(sorted(profile.in_event)).decode(),
        "coverage": profile.coverage,
        "outdoorC": msgspec.json.encode(profile.outdoor_c).decode(),
        "expiresTs": (day + 1 + RETENTION_DAYS) * DAY_S,
    }


def _read_day(item: _DayItem) -> DayProfile:
    kw, outdoor_c = _means.decode(item.used_kw), _means.decode(item.outdoor_c)
    return DayProfile(kw, item.coverage, _quarters.decode(item.in_event), outdoor_c)
