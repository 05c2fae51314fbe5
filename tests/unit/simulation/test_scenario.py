"""The run loop: same seed, same trace; events in their time."""

from dataclasses import replace

import pytest

from contracts.wire.events import Signal
from tests.unit.simulation.conftest import DAY
from ven_twin.house.errors import PhysicsError
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.profile import Profile, build_house
from ven_twin.simulation.event_schedule import parse_house_event, schedule
from ven_twin.simulation.ledger import Ledger
from ven_twin.simulation.scenario import PAYBACK_HORIZON_S, Minute, Scenario, run


@pytest.fixture(scope="module")
def minutes(scenario: Scenario) -> list[Minute]:
    """The day."""
    return list(run(scenario))


def test_a_day_is_1440_minutes_of_every_circuit(scenario: Scenario, minutes: list[Minute]) -> None:
    """No minute is left out, and what the meter sees is the circuits' sum; the event's payback follows."""
    assert [minute.at_s for minute in minutes] == [
        scenario.start_s + 60 * step for step in range(1440 + 1140)
    ]
    for minute in minutes:
        assert minute.used_kw == pytest.approx(sum(minute.circuits_kw.values()))
        assert list(minute.circuits_kw) == [circuit.id for circuit in scenario.house.circuits]


def test_the_same_scenario_gives_the_same_minutes(scenario: Scenario, minutes: list[Minute]) -> None:
    """A trace can be repeated to the bit."""
    assert list(run(scenario)) == minutes


def test_another_seed_is_another_day(profile: Profile, scenario: Scenario, minutes: list[Minute]) -> None:
    """Chance follows the seed, the weather does not."""
    other = list(run(replace(scenario, environment=load_environment(profile, seed=7))))
    assert [minute.outdoor_c for minute in other] == [minute.outdoor_c for minute in minutes]
    assert [minute.used_kw for minute in other] != [minute.used_kw for minute in minutes]


def test_nothing_is_curtailed_before_the_event(scenario: Scenario, minutes: list[Minute]) -> None:
    """Until it starts the house is its clone, and the event is named in its own minutes only."""
    event = scenario.events[0]
    for minute in minutes:
        within = event.start_ts <= minute.at_s < event.end_ts
        assert (minute.event_id is not None) is within
        assert (minute.requested_kw is not None) is within
        if minute.at_s < event.start_ts:
            assert minute.delivered_kw == pytest.approx(0.0, abs=1e-12)
            assert minute.curtailed == ()


def test_an_event_delivers_and_lets_go(scenario: Scenario, minutes: list[Minute]) -> None:
    """Something is shed in the event, all of it is released after, and some of it comes back."""
    ledger = Ledger(scenario.events)
    for minute in minutes:
        ledger.count(minute)
    (tally,) = ledger.tallies
    assert tally.minutes == 120
    assert tally.requested_kwh == pytest.approx(2.0)
    assert 0.5 < tally.delivered_kwh <= 2.2
    assert tally.short_kwh >= tally.requested_kwh - tally.delivered_kwh - 1e-9
    assert 0.0 < tally.rebound_4h_kwh < 1.2 * tally.delivered_kwh
    assert minutes[-1].curtailed == ()


def test_energy_in_the_ledger_is_energy_in_the_trace(scenario: Scenario, minutes: list[Minute]) -> None:
    """Totals are integrals of the minutes and of nothing else."""
    ledger = Ledger(scenario.events)
    for minute in minutes:
        ledger.count(minute)
    assert ledger.used_kwh == pytest.approx(sum(minute.used_kw for minute in minutes) / 60)
    assert sum(ledger.circuits_kwh.values()) == pytest.approx(ledger.used_kwh)


@pytest.mark.parametrize(
    ("text", "days", "lives_on_s"),
    [
        ("17:00/2h/1kW", 1, 68_400),
        ("18:00/2h/1kW", 1, 72_000),
        ("18:01/2h/1kW", 1, 72_060),
        ("23:30/2h/1kW", 1, 91_800),
        ("23:30/2h/1kW", 3, 91_800),
        ("23:59/24h/1kW", 1, 172_740),
        ("00:00/24h/1kW", 1, 86_400),
    ],
)
def test_a_run_lives_on_until_its_last_event_and_the_payback_are_over(
    scenario: Scenario, text: str, days: int, lives_on_s: int
) -> None:
    """A day after the event, so far as that is past midnight of the last day."""
    events = schedule([parse_house_event(text, "--event")], DAY, days, -5.0, "--event")
    late = replace(scenario, days=days, events=events)
    assert (late.lives_on_s, late.steps) == (lives_on_s, 1440 * days + lives_on_s // 60)


def test_an_event_past_midnight_is_counted_whole_and_the_day_is_a_day(scenario: Scenario) -> None:
    """1 kW for 2 h from 23:30 are 2 kWh in 120 minutes; the energy of the day is of its 1,440 minutes."""
    late = replace(scenario, events=schedule([parse_house_event("23:30/2h/1kW", "-")], DAY, 1, -5.0, "-"))
    ledger, minutes = Ledger(late.events, late.days_end_s), list(run(late))
    for minute in minutes:
        ledger.count(minute)
    (tally,) = ledger.tallies
    assert (tally.minutes, tally.requested_kwh) == (120, pytest.approx(2.0))
    assert minutes[-1].at_s == late.events[0].end_ts + PAYBACK_HORIZON_S - 60
    assert ledger.used_kwh == pytest.approx(sum(minute.used_kw for minute in minutes[:1440]) / 60)


@pytest.mark.parametrize("days", [0, -3])
def test_a_run_without_a_day_is_refused(scenario: Scenario, days: int) -> None:
    """There is no trace of no time."""
    with pytest.raises(PhysicsError, match="at least a day"):
        replace(scenario, days=days)


def test_an_import_limit_holds_the_standard_house_down(scenario: Scenario) -> None:
    """With a battery and a car to work with, the meter stays within 0.5 kW of the limit on the mean."""
    profile = load_profile("standard")
    event = scenario.events[0]
    interval = event.intervals[0].__class__(duration_s=7200, signal=Signal.IMPORT_LIMIT_KW, value=2.0)
    limited = type(event)(event_id="limit", start_ts=event.start_ts, intervals=(interval,))
    whole = replace(
        scenario, house=build_house(profile), environment=load_environment(profile), events=[limited]
    )
    within = [minute.used_kw for minute in run(whole) if minute.event_id]
    assert sum(within) / len(within) < 2.5


def test_payback_is_whole_where_a_battery_refills_by_night(scenario: Scenario) -> None:
    """4 kW for 3 h on three days: what was delivered less what was paid back is what the meter saves.

    The battery of the standard house refills from 1 to 6 h, past the four hours of rebound.
    """
    profile = load_profile("standard")
    events = schedule([parse_house_event("17:00/3h/4kW", "--event")], DAY, 3, -5.0, "--event")
    whole = replace(
        scenario, house=build_house(profile), environment=load_environment(profile), days=3, events=events
    )
    ledger, saved_kwh = Ledger(whole.events, whole.days_end_s), 0.0
    for minute in run(whole):
        ledger.count(minute)
        saved_kwh += minute.delivered_kw / 60
    delivered_kwh = sum(tally.delivered_kwh for tally in ledger.tallies)
    payback_kwh = sum(tally.payback_24h_kwh for tally in ledger.tallies)
    rebound_kwh = sum(tally.rebound_4h_kwh for tally in ledger.tallies)
    assert delivered_kwh - payback_kwh == pytest.approx(saved_kwh, abs=1e-6)
    assert payback_kwh > 0.6 * delivered_kwh
    assert rebound_kwh < 0.5 * payback_kwh
