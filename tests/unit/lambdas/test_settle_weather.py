"""`settle_event` by the weather: temperatures that VENs report, days that are kept with them, and none."""

from __future__ import annotations

import json
import os
from typing import Any

import msgspec
import pytest

from contracts.api.reports import EventReport
from contracts.store.keys import Key, day_row_id, telemetry_row_id
from lambdas.dispatch_event.handler import handler as dispatch_handler
from lambdas.settle_event.handler import handler
from lambdas.settle_event.logic.days import DAY_S, QUARTERS
from ven_twin.testing.function_world import NOW, Context, World

START = int(NOW) + 3600
"""Friday 15 January 2027, 09:00 UTC."""
TODAY = START // DAY_S
HOUR = [{"durationS": 3600, "signal": "shedKw", "value": 3}]
OUTDOOR_C = (19.0, 28.0, 23.0, 31.0, 16.0, 26.0, 30.0, 21.0, 24.0, 18.0, 29.0)
"""Of the days before, over and over; an odd number of them, so that weekends have all."""
HOT_C = 34.0


def cooled_kw(outdoor_c: float) -> float:
    """A load that cools a fifth of a kW for each degree above 18 °C."""
    return 1.0 + 0.2 * max(0.0, outdoor_c - 18.0)


def past(world: World, ven_id: str, days: int = 45, *, weather: bool = True) -> None:
    """Days of one temperature each, kept as items; those of an older version have none."""
    items = []
    for days_ago in range(1, days + 1):
        outdoor_c = OUTDOOR_C[days_ago % len(OUTDOOR_C)]
        item: dict[str, Any] = {
            "venId": ven_id,
            "rowId": day_row_id(TODAY - days_ago),
            "usedKw": msgspec.json.encode([cooled_kw(outdoor_c)] * QUARTERS).decode(),
            "inEvent": "[]",
            "coverage": 1.0,
        }
        if weather:
            item["outdoorC"] = msgspec.json.encode([outdoor_c] * 24).decode()
        items.append(item)
    world.add_telemetry(items)


def called(
    world: World, *, used_kw: float = 2.0, outdoor_c: float | None = HOT_C, blind: str = "", **fields: Any
) -> EventReport:
    """Call an hour of 3 kW, report rows of 5 minutes from 4 h before to the end, and settle it.

    The VEN *blind* has no thermometer.
    """
    dispatch_handler({"eventId": "e1", "startTs": START} | {"intervals": HOUR} | fields, Context())
    rows = []
    for ven_id in [item["venId"] for item in world.vens.scan(("venId",))]:
        for at_ts in range(START - 4 * 3600 + 300, START + 3600 + 1, 300):
            drawn_kw = used_kw if at_ts > START else cooled_kw(HOT_C)
            row = {"venId": ven_id, "rowId": telemetry_row_id(at_ts, "b1", at_ts), "timestamp": at_ts}
            values = {"usedPowerKw": drawn_kw, "baselinePowerKw": cooled_kw(HOT_C)}
            told = {} if outdoor_c is None or ven_id == blind else {"outdoorC": outdoor_c}
            rows.append(row | values | told)
    world.add_telemetry(rows)
    world.now = START + 3720
    return msgspec.convert(handler({"eventId": "e1"}, Context()), EventReport)


@pytest.fixture
def program(world: World) -> World:
    """A stage whose program `hot` is settled by the regression, with one VEN."""
    world.set_program("hot", "weather_regression")
    world.add_ven("house-1")
    return world


def test_a_day_hotter_than_any_before_is_settled_by_its_temperature(program: World) -> None:
    """34 °C after days up to 31: 4.2 kW by the load's own law, less the 2 kW drawn."""
    past(program, "house-1")
    report = called(program, program="hot")
    assert report.settled_by == "weather_regression"
    by_weather = report.delivered["weather_regression"]
    assert by_weather.baseline_kw == pytest.approx(4.2, rel=0.03)
    assert by_weather.delivered_kw == pytest.approx(2.2, rel=0.05)
    assert by_weather.low_kw is not None
    assert by_weather.high_kw is not None
    assert by_weather.low_kw <= by_weather.delivered_kw <= by_weather.high_kw
    (ven,) = report.vens
    assert ven.delivered["weather_regression"].baseline_kw == pytest.approx(by_weather.baseline_kw)


def test_the_fleets_regression_is_of_the_sum(program: World) -> None:
    """Two houses of one law: twice the baseline, of two VENs."""
    program.add_ven("house-2")
    for ven_id in ("house-1", "house-2"):
        past(program, ven_id)
    both = [{"durationS": 3600, "signal": "level", "value": 2}]
    by_weather = called(program, program="hot", intervals=both).delivered["weather_regression"]
    assert (by_weather.baseline_kw, by_weather.vens) == (pytest.approx(8.4, rel=0.03), 2)


@pytest.mark.parametrize(
    ("weather", "outdoor_c", "why"),
    [
        (False, None, "no outdoor temperature is stored"),
        (False, HOT_C, "not all of the outdoor temperature in the event and on the day before is stored"),
        (True, None, "not all of the outdoor temperature in the event and on the day before is stored"),
    ],
)
def test_without_weather_the_report_says_so_and_another_settles(
    program: World, weather: bool, outdoor_c: float | None, why: str
) -> None:
    """Days of an older version have no temperature, and rows of an older VEN tell none: `meter_before`."""
    past(program, "house-1", weather=weather)
    report = called(program, outdoor_c=outdoor_c, program="hot")
    assert report.settled_by == "meter_before"
    assert (report.program_baseline, report.instead_because) == ("weather_regression", why)


@pytest.mark.parametrize("name", ["house-1", "north"])
def test_a_site_without_a_thermometer_is_under_the_weather_of_another(
    program: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Named by its id or its group; the temperature is that of the other one's days and rows, with a note."""
    program.set_group("north", "house-1")
    program.add_ven("mast")
    past(program, "house-1", weather=False)
    past(program, "mast")
    assert called(program, blind="house-1", program="hot").settled_by == "meter_before"
    monkeypatch.setitem(os.environ, "WEATHER", json.dumps({name: "mast"}))
    program.now += 5 * 3600
    (ven,) = msgspec.convert(handler({"eventId": "e1"}, Context()), EventReport).vens
    assert ven.delivered["weather_regression"].baseline_kw == pytest.approx(4.2, rel=0.03)
    assert "by the outdoor temperature of mast" in ven.notes


def test_the_programs_regression_has_all_days_that_there_are(program: World) -> None:
    """Rows of thirty days, hourly: made into items with their temperatures, all thirty of them."""
    for days_ago in range(1, 31):
        midnight_ts = (TODAY - days_ago) * DAY_S
        outdoor_c = OUTDOOR_C[days_ago % len(OUTDOOR_C)]
        for at_ts in range(midnight_ts + 3600, midnight_ts + DAY_S + 1, 3600):
            row = {"venId": "house-1", "rowId": telemetry_row_id(at_ts, "b1", at_ts), "timestamp": at_ts}
            values = {"usedPowerKw": cooled_kw(outdoor_c), "baselinePowerKw": 1.0, "outdoorC": outdoor_c}
            program.telemetry.put_new(row | values)
    report = called(program, program="hot")
    assert report.delivered["weather_regression"].baseline_kw == pytest.approx(4.2, rel=0.05)
    kept = [program.telemetry.get(Key("house-1", day_row_id(TODAY - days_ago))) for days_ago in range(1, 31)]
    assert all(item is not None for item in kept)
    outdoor_c = json.loads((kept[2] or {})["outdoorC"])
    assert outdoor_c == [OUTDOOR_C[3]] * 24


def test_under_another_program_the_regression_has_what_its_rule_reads(program: World) -> None:
    """Ten like days are enough for the rules: no more days are made, and the regression has these."""
    past(program, "house-1", days=14)
    report = called(program)
    assert report.settled_by == "residential_5_of_10"
    assert report.delivered["weather_regression"].baseline_kw == pytest.approx(4.2, rel=0.1)
