"""The notes of a report: power that was not there, VENs not counted on, rules without a baseline."""

from __future__ import annotations

import pytest

from tests.support.settled_event import (
    FULL,
    HOUR,
    START,
    TEN,
    THREE_KW,
    SettledEvent,
    event_of_one,
    event_of_two,
    event_row,
    plan,
    power_rows,
)

NO_WEATHER = "weather_regression: no outdoor temperature is stored"
"""The note of an event whose VENs report no outdoor temperature."""


@pytest.mark.parametrize(
    ("shortfall_kw", "notes"),
    [(0.0, ()), (0.25, ("0.25 kW of what was asked could not be allocated",))],
)
def test_power_that_could_not_be_allocated_is_noted(shortfall_kw: float, notes: tuple[str, ...]) -> None:
    """Also when it is little."""
    whole = event_of_one(event=event_row(shortfall_kw=shortfall_kw), days_kw=TEN).report()
    assert tuple(note for note in whole.notes if "allocated" in note) == notes


@pytest.mark.parametrize("count", [10, 11])
def test_vens_that_were_not_counted_on_are_named_up_to_ten(count: int) -> None:
    """By the latest plan; of more it is noted how many for each reason, the commonest first."""
    first = plan(THREE_KW, {"a": [3.0]}, unavailable={"b": "offline"})
    reasons = {f"off-{number}": "offline" if number else "disabled" for number in range(count)}
    latest = plan(THREE_KW, {"a": [3.0]}, from_ts=START - 60, unavailable=reasons)
    notes = event_of_one(plans=[first, latest], days_kw=TEN).report().notes
    if count == 10:
        assert notes == (
            *(f"{ven_id} was not counted on: {why}" for ven_id, why in reasons.items()),
            NO_WEATHER,
        )
    else:
        assert notes == (
            "10 VENs were not counted on: offline",
            "1 VENs were not counted on: disabled",
            NO_WEATHER,
        )


def test_a_baseline_of_a_part_of_the_fleet_says_of_how_many() -> None:
    """A VEN without rows has no clone, and the note names it; a whole fleet has no such note."""
    notes = event_of_two(rows={"a": FULL}, days_kw=TEN).report().notes
    assert notes == (NO_WEATHER, "no telemetry of b in the event", "clone is of 1 of 2 VENs")
    assert event_of_two(days_kw=TEN).report().notes == (NO_WEATHER,)


def test_rules_that_could_not_be_worked_out_are_noted_with_their_reason() -> None:
    """The program's too, beside the field that says so; where nobody was called there is no such note."""
    notes = event_of_one(days_kw=TEN[:4]).report(baseline="caiso_10_of_10").notes
    assert notes == (
        "caiso_10_of_10: needs 5 of 10 weekdays, has 4",
        "residential_5_of_10: needs 5 of 10 weekdays, has 4",
        "nyiso_5_of_10: needs 5 of 10 weekdays, has 3",
        NO_WEATHER,
    )
    assert event_of_one(event=event_row(cancelled_ts=START - 1)).report().notes == ()


@pytest.mark.parametrize(
    ("metered_kwh", "b_until_s", "noted"),
    [
        ((2.9691, 2.9691), HOUR, False),
        ((2.969, 2.969), HOUR, True),
        ((3.0311, 3.0313), HOUR, False),
        ((3.0315, 3.0315), HOUR, True),
        ((2.9696, 1.4848), 1800, False),
        ((2.9680, 1.4840), 1800, True),
        ((0.0, None), HOUR, True),
        ((None, None), HOUR, False),
    ],
)
def test_vens_whose_meters_disagree_with_their_rows_are_noted(
    metered_kwh: tuple[float | None, float | None], b_until_s: int, noted: bool
) -> None:
    """By rows each delivered 3 kWh an hour.

    Within 1 % of the greater of the two, a second of the shortest call and 0.1 Wh a VEN they agree.
    """
    plans = [plan(THREE_KW, {"a": [3.0], "b": [3.0]})]
    if b_until_s < HOUR:
        plans.append(plan(THREE_KW, {"a": [3.0]}, from_ts=START + b_until_s))
    acks = {
        ven_id: {"ownKwh#0": kwh} for ven_id, kwh in zip("ab", metered_kwh, strict=True) if kwh is not None
    }
    rows = {"a": power_rows(0, HOUR, 2.0), "b": power_rows(0, HOUR, 2.0)}
    notes = SettledEvent(plans, rows, acks, TEN).report().notes
    assert any("say themselves" in note for note in notes) is noted
