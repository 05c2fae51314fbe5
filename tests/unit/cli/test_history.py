"""A twin's past: the rows that it would have written, and whom it may be written for."""

from __future__ import annotations

import pytest

from contracts.errors import FieldError, VenTwinError
from ven_twin.cli.history import Home, _homes, _shift_s
from ven_twin.control.reporting import Sender
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.profile import build_house
from ven_twin.simulation.history import BOOT_ID, ROW_S, SimulatedPast, rows

MIDNIGHT = 1_784_073_600
"""15 July 2026, UTC."""


def past(*, until_s: float = 86_400.0, shift_s: int = 0, seed: int | None = None) -> list[object]:
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
    assert {(row.ven_id, row.boot_id, row.event_id, row.loads) for row in day} == {
        ("house-1", "backfill", None, ())
    }
    assert [row.used_power_kw for row in day] == [row.baseline_power_kw for row in day]
    assert len({row.seq for row in day}) == 288
    assert 0.1 < sum(row.used_power_kw for row in day) / 288 < 5.0


def test_the_same_past_is_the_same_rows() -> None:
    """Lived again, also further, each row has the same identity and the same figures."""
    assert past() == past(until_s=2 * 86_400.0)[:288]
    assert past() != past(seed=99)


def test_another_house_time_is_another_past() -> None:
    """Half a year off, the same wall times have another season."""
    assert past() != past(shift_s=-182 * 86_400)


def test_house_time_is_told_to_the_quarter_hour() -> None:
    """So that the same command a few minutes later writes the same past."""
    assert _shift_s(-3_999_600.0) == _shift_s(-3_999_600.0 - 60.0) == -3_999_600
    assert _shift_s(1_000.0) % 900 == 0


def test_each_ven_has_the_house_that_it_runs_with() -> None:
    """As `run` is given it, or in turn with a seed each, as `fleet run` deals them out."""
    vens = ["a", "b", "c"]
    assert _homes(vens, None, "flat", 7, None) == [Home(home, "flat", 7) for home in vens]
    seeds = {name: load_profile(name).seed for name in ("flat", "leaky")}
    dealt = _homes(vens, ["c", "b"], "standard", None, "flat,leaky")
    assert dealt == [Home("c", "flat", seeds["flat"] + 2), Home("b", "leaky", seeds["leaky"] + 1)]


def test_a_ven_that_is_not_there_is_named() -> None:
    """A typo writes nothing."""
    with pytest.raises(FieldError, match="VEN: there is no VEN 'x'; there are a"):
        _homes(["a"], ["x"], "flat", None, None)
    with pytest.raises(VenTwinError, match="has no VENs"):
        _homes([], None, "flat", None, None)
    with pytest.raises(FieldError, match="--houses"):
        _homes(["a"], None, "flat", None, " , ")
