"""A twin's past: the rows that it would have written, and whom it may be written for."""

from __future__ import annotations

import pytest

from contracts.errors import FieldError, VenTwinError
from contracts.wire.telemetry import Telemetry
from ven_twin.cli.history import Home, _homes, _shift_s
from ven_twin.control.reporting import Sender
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.profile import build_house
from ven_twin.simulation.history import BOOT_ID, ROW_S, RepeatedSpan, SimulatedPast, rows

MIDNIGHT = 1_784_073_600
"""15 July 2026, UTC."""


def past(*, until_s: float = 86_400.0, shift_s: int = 0, seed: int | None = None) -> list[Telemetry]:
    """A day of the flat."""
    profile = load_profile("flat")
    lived = SimulatedPast(
        build_house(profile), load_environment(profile, seed), MIDNIGHT, MIDNIGHT + until_s, shift_s
    )
    return list(rows(lived, Sender("house-1", BOOT_ID, profile.panel)))


def test_a_day_is_288_rows_of_five_minutes() -> None:
    """Each ends on its five minutes, none after the end; used power and the clone's are one."""
    day = list(
        rows(
            SimulatedPast(
                build_house(load_profile("flat")),
                load_environment(load_profile("flat")),
                MIDNIGHT,
                MIDNIGHT + 86_400 + 299.0,
            ),
            Sender("house-1", BOOT_ID, load_profile("flat").panel),
        )
    )
    assert [row.timestamp for row in day] == list(range(MIDNIGHT + ROW_S, MIDNIGHT + 86_401, ROW_S))
    assert {(row.ven_id, row.boot_id, row.event_id) for row in day} == {("house-1", "backfill", None)}
    assert [row.used_power_kw for row in day] == [row.baseline_power_kw for row in day]
    assert len({row.seq for row in day}) == 288
    assert 0.1 < sum(row.used_power_kw for row in day) / 288 < 5.0


def test_a_row_of_the_past_has_the_power_of_every_circuit() -> None:
    """Those of the house, in the panel's order; together they are the used power."""
    panel = [circuit.id for circuit in build_house(load_profile("flat")).circuits]
    for row in past():
        assert [load.id for load in row.loads] == panel
        powers_kw = [load.current_power_kw for load in row.loads]
        assert sum(powers_kw) == pytest.approx(row.used_power_kw, abs=0.001 * len(panel))


def test_the_same_past_is_the_same_rows() -> None:
    """Lived again, also further, each row has the same identity and the same figures."""
    assert past() == past(until_s=2 * 86_400.0)[:288]
    assert past() != past(seed=99)


def test_another_house_time_is_another_past() -> None:
    """Half a year off, the same wall times have another season."""
    assert past() != past(shift_s=-182 * 86_400)


def hours_again(length_s: float, speed: float, days: int = 3) -> tuple[list[float], SimulatedPast]:
    """The power of each row of a past whose house lives the same hours of a day again and again."""
    profile = load_profile("flat")
    until_ts = MIDNIGHT + days * 86_400 + 9 * 3600.0
    span = RepeatedSpan(MIDNIGHT - 30 * 86_400 + 63_000.0, length_s, speed)
    lived = SimulatedPast(build_house(profile), load_environment(profile), MIDNIGHT, until_ts, span=span)
    return [row.used_power_kw for row in rows(lived, Sender("house-1", BOOT_ID, profile.panel))], lived


def test_a_day_of_hours_that_come_again_shows_them_all_day() -> None:
    """Each row is that of a span before, within one day at the site; another day has other hours."""
    powers_kw, lived = hours_again(9_000.0, 5.0)
    length = 9_000 // 5 // ROW_S
    midnight = round(-lived.environment.weather.utc_offset_h * 3600 / ROW_S)
    day, next_day = powers_kw[midnight : midnight + 288], powers_kw[midnight + 288 : midnight + 2 * 288]
    assert day[length:] == pytest.approx(day[:-length])
    assert len({round(power_kw, 6) for power_kw in day}) == length
    assert day != next_day


def test_hours_that_come_again_lead_up_to_the_start() -> None:
    """At the end of the past the house stands at the start of its hours, which begin there at its speed."""
    powers_kw, lived = hours_again(9_000.0, 5.0)
    again = range(len(powers_kw) - 9_000 // 5 // ROW_S, len(powers_kw))
    profile = load_profile("flat")
    start_ts = lived.span.start_ts if lived.span else 0.0
    slow, shift_s = lived.environment, int(start_ts - lived.until_ts)
    on = SimulatedPast(build_house(profile), slow, int(lived.until_ts), lived.until_ts + 9_000.0, shift_s)
    straight_kw = [row.used_power_kw for row in rows(on, Sender("house-1", BOOT_ID, profile.panel))]
    means_kw = [sum(straight_kw[5 * at : 5 * at + 5]) / 5 for at in range(len(again))]
    # The two houses have lived other days before, and are some tenths of a degree apart.
    assert [powers_kw[at] for at in again] == pytest.approx(means_kw, abs=0.12)


@pytest.mark.parametrize(("length_s", "speed"), [(900.0, 60.0), (7_000.0, 1.0), (86_400.0, 30.0)])
def test_hours_of_any_length_and_speed_fill_each_row(length_s: float, speed: float) -> None:
    """A span shorter than a row, one that is no multiple of it, and a whole day."""
    powers_kw, lived = hours_again(length_s, speed, days=1)
    assert len(powers_kw) == (lived.until_ts - lived.from_ts) // ROW_S
    assert 0.02 < sum(powers_kw) / len(powers_kw) < 6.0


def test_house_time_is_told_to_the_quarter_hour() -> None:
    """So that the same command a few minutes later writes the same past."""
    assert _shift_s(-3_999_600.0) == _shift_s(-3_999_600.0 - 60.0) == -3_999_600
    assert _shift_s(1_000.0) % 900 == 0


def test_each_ven_has_the_house_that_it_runs_with() -> None:
    """As `run` is given it, or in turn with a seed each, as `fleet run` deals them out."""
    vens = ["a", "b", "c"]
    assert _homes(vens, None, "flat", 7, None) == [Home(home, "flat", 7) for home in vens]
    seeds = {name: load_profile(name).seed for name in ("flat", "leaky")}
    dealt = _homes(vens, ["c", "b"], None, None, "flat,leaky")
    assert dealt == [Home("c", "flat", seeds["flat"] + 2), Home("b", "leaky", seeds["leaky"] + 1)]


@pytest.mark.parametrize(("option", "house", "seed"), [("--house", "flat", None), ("--house-seed", None, 0)])
def test_a_house_beside_houses_in_turn_is_refused(option: str, house: str | None, seed: int | None) -> None:
    """One of the two would be left out without a word."""
    with pytest.raises(FieldError, match=f"{option}: does not go with --houses"):
        _homes(["a"], None, house, seed, "flat,leaky")


def test_a_ven_that_is_not_there_is_named() -> None:
    """A typo writes nothing."""
    with pytest.raises(FieldError, match="VEN: there is no VEN 'x'; there are a"):
        _homes(["a"], ["x"], "flat", None, None)
    with pytest.raises(VenTwinError, match="has no VENs"):
        _homes([], None, "flat", None, None)
    with pytest.raises(FieldError, match="--houses"):
        _homes(["a"], None, None, None, " , ")
