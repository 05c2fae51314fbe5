"""`settle_event` by the sites' calendars and by the program as of the event."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contracts.api.reports import EventReport
from contracts.store.keys import Key, day_row_id, telemetry_row_id
from lambdas.dispatch_event.handler import handler as dispatch_handler
from lambdas.settle_event.handler import handler
from lambdas.settle_event.logic.days import DAY_S, QUARTERS
from ven_twin.testing.function_world import Context, World

FRIDAY_17 = 1_800_060_000 + 1200
"""Friday 15 January 2027, 17:00 in Los Angeles: Saturday 01:00 by UTC."""
LA_H = -8
HOUR = [{"durationS": 3600, "signal": "shedKw", "value": 3}]


def weekday_evenings(world: World, ven_id: str) -> None:
    """46 days: from 16 to 21 h in Los Angeles 6 kW on weekdays and 2 kW at weekends, 1 kW else."""
    today, items = FRIDAY_17 // DAY_S, []
    for day in range(today - 46, today + 1):
        kw = []
        for quarter in range(QUARTERS):
            local_s = day * DAY_S + quarter * 900 + LA_H * 3600
            evening = 16 <= local_s % DAY_S / 3600 < 21
            weekend = (local_s // DAY_S + 3) % 7 > 4
            kw.append((2.0 if weekend else 6.0) if evening else 1.0)
        item = {"venId": ven_id, "rowId": day_row_id(day), "inEvent": "[]", "coverage": 1.0}
        items.append(item | {"usedKw": msgspec.json.encode(kw).decode()})
    world.add_telemetry(items)


def called(world: World, **fields: Any) -> None:
    """3 kW for an hour; a row every five minutes around it, 3 kW in it."""
    dispatch_handler({"eventId": "e1", "startTs": FRIDAY_17, "intervals": HOUR, **fields}, Context())
    rows = []
    for ven_id in [item["venId"] for item in world.vens.scan(("venId",))]:
        for at_ts in range(FRIDAY_17 - 4 * 3600, FRIDAY_17 + 3600 + 1, 300):
            in_event = at_ts > FRIDAY_17
            row = {"venId": ven_id, "rowId": telemetry_row_id(at_ts, "b1", at_ts), "timestamp": at_ts}
            values = {"usedPowerKw": 3.0, "baselinePowerKw": 6.0, "eventId": "e1" if in_event else None}
            rows.append(row | values)
    world.add_telemetry(rows)
    world.now = FRIDAY_17 + 3720


def report() -> EventReport:
    """Settle it, and read the answer as the report that it is."""
    return msgspec.convert(handler({"eventId": "e1"}, Context()), EventReport)


@pytest.fixture
def evenings(world: World) -> World:
    """A VEN in Los Angeles with 46 days behind it."""
    world.add_ven("house-1", timeZone="America/Los_Angeles", shedAvailabilityKw=5)
    weekday_evenings(world, "house-1")
    return world


@pytest.mark.parametrize("name", ["residential_5_of_10", "caiso_10_of_10", "nyiso_5_of_10"])
def test_a_friday_evening_is_settled_by_fridays_and_their_like(evenings: World, name: str) -> None:
    """6 kW, unadjusted since the hours before are 1 kW or 3: not the weekend's 2."""
    called(evenings)
    found = report().vens[0].delivered[name]  # type: ignore[index]
    assert found.baseline_kw >= 6.0 * 0.8
    assert found.delivered_kw == pytest.approx(found.baseline_kw - 3.0)


def test_vens_of_two_zones_are_settled_each_by_its_own_clock(evenings: World) -> None:
    """A second VEN in New York, where it is 20 h: its days too are weekdays, and the sum is of both."""
    evenings.add_ven("house-2", timeZone="America/New_York", shedAvailabilityKw=5)
    weekday_evenings(evenings, "house-2")
    called(evenings, intervals=[{"durationS": 3600, "signal": "shedKw", "value": 8}])
    whole = report()
    residential = whole.delivered["residential_5_of_10"]
    assert residential.vens == 2
    alone = [ven.delivered["residential_5_of_10"].baseline_kw for ven in whole.vens]
    assert residential.baseline_kw == pytest.approx(sum(alone))


def test_a_zone_that_is_none_is_named_and_the_stages_counts(evenings: World) -> None:
    """The report names the field, the VEN and what it did instead."""
    evenings.vens.update(Key("house-1"), {"timeZone": "Mars/Olympus"})
    called(evenings)
    note = "timeZone 'Mars/Olympus' is no time zone: settled by UTC"
    whole = report()
    assert f"house-1: {note}" in whole.notes
    assert note in whole.vens[0].notes


@pytest.mark.parametrize(
    ("changed_s", "zone"), [(-3600, "America/Los_Angeles"), (3700, "UTC"), (-60 * DAY_S, None)]
)
def test_a_zone_that_changed_is_the_one_at_the_events_start(
    evenings: World, changed_s: int, zone: str | None
) -> None:
    """All of the days are by it, and the report says so; a change of long ago is no news."""
    changed = {"timeZoneBefore": "UTC", "timeZoneTs": float(FRIDAY_17 + changed_s)}
    evenings.vens.update(Key("house-1"), changed)
    called(evenings)
    notes = [note for note in report().notes if "timeZone changed from UTC to America/Los_Angeles" in note]
    assert len(notes) == (zone is not None)
    assert all(note.endswith(f"all days are by {zone}") for note in notes)


def test_a_zone_that_is_no_longer_reported_is_the_stages(evenings: World) -> None:
    """The VEN reported one until an hour before: the stage's counts, by its name, and the change is noted."""
    removed = {
        "timeZone": None,
        "timeZoneBefore": "America/Los_Angeles",
        "timeZoneTs": float(FRIDAY_17 - 3600),
    }
    evenings.vens.update(Key("house-1"), removed)
    called(evenings)
    (note,) = [note for note in report().notes if "timeZone changed" in note]
    assert "from America/Los_Angeles to none" in note
    assert note.endswith("all days are by UTC")


def test_an_event_is_settled_by_its_programs_baseline_as_it_was(evenings: World) -> None:
    """The program was another, or is gone, when the event is settled: the baseline of its dispatch counts."""
    evenings.set_program("summer-peak", "caiso_10_of_10")
    called(evenings, program="summer-peak")
    evenings.drop_program("summer-peak")
    whole = report()
    assert (whole.program, whole.settled_by) == ("summer-peak", "caiso_10_of_10")
    assert not any("none of the stage's" in note for note in whole.notes)


def test_an_event_without_its_baseline_whose_program_is_gone_says_so(evenings: World) -> None:
    """An event of an earlier release: settled as by the default program, with a note."""
    evenings.set_program("summer-peak", "caiso_10_of_10")
    called(evenings, program="summer-peak")
    evenings.events.update(Key("e1", "EVENT"), {"baseline": None})
    evenings.drop_program("summer-peak")
    whole = report()
    assert whole.settled_by == "residential_5_of_10"
    assert "program 'summer-peak' is none of the stage's: settled as by 'default'" in whole.notes


@pytest.mark.parametrize(("calendar", "mean_kw"), [("nerc", 6.0), ("none", 7.0)])
def test_a_program_may_have_holidays_of_its_own(evenings: World, calendar: str, mean_kw: float) -> None:
    """New Year's Day, a Friday with 16 kW, is the tenth weekday back: (9 × 6 + 16) / 10 = 7 kW, or not one.

    The hours before the event have 3 kW, above the usual by more than a fifth: × 1.2.
    """
    day = (FRIDAY_17 - 14 * DAY_S) // DAY_S
    kw = [16.0 if quarter < 20 else 1.0 for quarter in range(QUARTERS)]
    evenings.telemetry.update(Key("house-1", day_row_id(day)), {"usedKw": msgspec.json.encode(kw).decode()})
    evenings.set_program("summer-peak", "caiso_10_of_10", calendar)
    called(evenings, program="summer-peak")
    evenings.set_program("summer-peak", "caiso_10_of_10", "auto")
    assert report().vens[0].delivered["caiso_10_of_10"].baseline_kw == pytest.approx(mean_kw * 1.2)
