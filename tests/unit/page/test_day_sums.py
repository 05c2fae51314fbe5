"""The days of a house in energy, money and CO2, and the change by each event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ven_twin.house.tariff import Tariff, TariffPeriod
from ven_twin.ven.page import day_sums
from ven_twin.ven.page.day_sums import DaySum, EventChange
from ven_twin.ven.storage.power_store import ActedEvent, PowerMean

START_TS = int(datetime(2026, 7, 14, tzinfo=UTC).timestamp())
BERLIN = ZoneInfo("Europe/Berlin")
FLAT = Tariff(currency="EUR", price=0.30, export_price_kwh=0.08, co2_kg_kwh=0.4)
EVENING = Tariff(
    currency="EUR", price=0.20, periods=(TariffPeriod(begins="18:00", until="20:00", price=0.50),)
)


def mean(ts: float, used_kw: float, baseline_kw: float | None = None, measured_s: float = 900.0) -> PowerMean:
    """A mean from *ts* on; without events as much was used when left out."""
    baseline = used_kw if baseline_kw is None else baseline_kw
    return PowerMean(int(ts), measured_s, used_kw, baseline, 0.0, None, {})


def days(means: Sequence[PowerMean], tariff: Tariff | None = None) -> list[DaySum]:
    """The days of *means* in UTC."""
    return list(day_sums.day_sums(means, UTC, tariff))


def test_a_day_has_its_energy_both_ways() -> None:
    """Bought and fed-in energy are told apart by the quarter hour; a day that was lived in part says so."""
    (day,) = days([mean(START_TS, 2.0), mean(START_TS + 900, -1.2), mean(START_TS + 1800, 4.0, None, 450.0)])
    assert (day.day, day.measured_s) == ("2026-07-14", 2250)
    assert day.bought_kwh == pytest.approx(1.0)
    assert day.fed_in_kwh == pytest.approx(0.3)
    assert day.cost is day.co2_kg is day.changed_cost is None


def test_a_day_is_one_of_the_site() -> None:
    """Two hours before midnight in UTC it is the next day in Berlin."""
    means = [mean(START_TS + hour * 3600, 1.0, None, 900.0) for hour in (21, 22)]
    assert [day.day for day in day_sums.day_sums(means, BERLIN, None)] == ["2026-07-14", "2026-07-15"]


def test_the_hours_of_a_tariff_are_those_of_the_site() -> None:
    """At 17:30 UTC it is 19:30 in Berlin, where the evening's price holds until 20:00."""
    means = [mean(START_TS + 17.5 * 3600, 4.0), mean(START_TS + 18 * 3600, 4.0)]
    (day,) = day_sums.day_sums(means, BERLIN, EVENING)
    assert day.cost == pytest.approx(0.50 + 0.20)


def test_energy_has_its_cost_and_co2() -> None:
    """A kWh that is fed in earns its price, and saves what a kWh that is drawn emits."""
    (day,) = days([mean(START_TS, 4.0), mean(START_TS + 900, -2.0)], FLAT)
    assert day.cost == pytest.approx(1.0 * 0.30 - 0.5 * 0.08)
    assert day.co2_kg == pytest.approx(0.5 * 0.4)


def test_an_event_changes_energy_money_and_co2() -> None:
    """A kWh that was drawn less and half of it drawn later: the payback is in the change."""
    (day,) = days([mean(START_TS, 0.0, 4.0), mean(START_TS + 900, 4.0, 2.0)], FLAT)
    assert day.changed_kwh == pytest.approx(-0.5)
    assert day.changed_cost == pytest.approx(-0.15)
    assert day.changed_co2_kg == pytest.approx(-0.2)


def test_more_that_is_fed_in_earns_the_export_price() -> None:
    """An event by which a house feeds in saves what it bought, and earns the export price for the rest."""
    (day,) = days([mean(START_TS, -4.0, 4.0)], FLAT)
    assert day.changed_cost == pytest.approx(-0.30 - 0.08)


def test_co2_that_is_not_known_all_day_is_not_told() -> None:
    """A tariff with CO2 for some hours alone gives no sum of a day, rather than one that is too small."""
    period = TariffPeriod(begins="00:00", until="00:15", price=0.5, co2_kg_kwh=0.3)
    (day,) = days(
        [mean(START_TS, 1.0), mean(START_TS + 900, 1.0)], Tariff(currency="EUR", price=0.2, periods=(period,))
    )
    assert day.co2_kg is None
    assert day.cost == pytest.approx(0.25 * 0.7)


def test_the_file_has_every_day_oldest_first() -> None:
    """A line a day; what is not known is left empty."""
    newest_first = reversed(days([mean(START_TS, 1.0), mean(START_TS + 86_400, -1.0)]))
    lines = day_sums.csv(None, newest_first).split("\r\n")
    assert lines[0] == (
        "day,measured_h,bought_kwh,fed_in_kwh,changed_kwh,currency,cost,changed_cost,co2_kg,changed_co2_kg"
    )
    assert lines[1:] == ["2026-07-14,0.25,0.25,0,0,,,,,", "2026-07-15,0.25,0,0.25,0,,,,,", ""]


def changes(means: Sequence[PowerMean], *acted: tuple[float, float]) -> list[EventChange]:
    """The change by events that were acted on from and to so many seconds."""
    events = [ActedEvent(f"e{n}", START_TS + a, START_TS + b) for n, (a, b) in enumerate(acted)]
    return list(day_sums.event_changes(means, events, UTC, FLAT))


def minutes(count: int, used_kw: float = 1.0, baseline_kw: float = 4.0) -> list[PowerMean]:
    """So many minutes, in each of which 0.05 kWh less was used."""
    return [mean(START_TS + 60 * minute, used_kw, baseline_kw, 60.0) for minute in range(count)]


def test_an_event_has_its_payback_until_the_next_one_begins() -> None:
    """The change by an event goes on after its end; the minute in which the next begins is the next's."""
    first, second = changes(minutes(120), (30.0, 1500.0), (3630.0, 4000.0))
    assert first.changed_kwh == pytest.approx(-3.0)
    assert second.changed_kwh == pytest.approx(-3.0)
    assert first.until_ts == START_TS + 3600
    assert first.changed_cost == pytest.approx(-0.9)


def test_an_event_that_nothing_was_lived_of_has_no_change() -> None:
    """No figure stands where no minute is stored."""
    assert changes([], (0.0, 60.0)) == []


def test_a_payback_ends_after_a_day() -> None:
    """The power that is drawn later than a day after an event is not its doing."""
    means = [*minutes(1), mean(START_TS + 60 + 86_400, 9.0, 1.0, 60.0)]
    (only,) = changes(means, (0.0, 60.0))
    assert only.changed_kwh == pytest.approx(-0.05)


POWERS_KW = st.floats(-20.0, 20.0)


@given(
    powers=st.lists(st.tuples(POWERS_KW, POWERS_KW), min_size=1, max_size=150),
    starts=st.lists(st.integers(0, 8000), unique_by=lambda start_s: start_s // 60, max_size=6),
)
def test_no_energy_is_counted_twice_or_lost(powers: list[tuple[float, float]], starts: list[int]) -> None:
    """Days add up to all of the time; events in a row to the time from the first of them on."""
    means = [mean(START_TS + 60 * n, used, free, 60.0) for n, (used, free) in enumerate(powers)]
    total_kwh = sum((used - free) / 60.0 for used, free in powers)
    assert sum(day.changed_kwh for day in days(means)) == pytest.approx(total_kwh, abs=0.002)
    starts.sort()
    if starts:
        from_first_kwh = sum((used - free) / 60.0 for used, free in powers[starts[0] // 60 :])
        acted = [(start_s, start_s + 30.0) for start_s in starts]
        changed_kwh = sum(change.changed_kwh for change in changes(means, *acted))
        assert changed_kwh == pytest.approx(from_first_kwh, abs=0.001 * len(starts))
