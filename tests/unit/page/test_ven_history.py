"""The history of the VEN's page: over restarts, by circuit, with its events, and as a file."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.support.ven_stand import START_TS, Stand
from tests.unit.page.conftest import Caller, client_of
from tests.unit.page.test_api import problem
from ven_twin.house.tariff import Tariff
from ven_twin.ven.page.app import HISTORY_FILE, Page
from ven_twin.ven.page.minute_meter import MinuteMeter
from ven_twin.ven.page.presenter import power_view
from ven_twin.webkit.settings import WebSettings
from ven_twin.webkit.time_series import TimeWindow

NEVER = 1_700_000_000
TARIFF = Tariff(currency="USD", price=0.2)


async def history(caller: Caller, **query: Any) -> dict[str, Any]:
    """The answer to a call for a history."""
    answer = await caller.get("/api/history", params=query)
    assert answer.status_code == 200, answer.text
    value: dict[str, Any] = answer.json()
    return value


async def test_a_restart_loses_nothing(caller: Caller) -> None:
    """All that the page showed before is shown by the page of the next process, by the minute."""
    caller.stand.live(150)
    caller.page.history.close()
    caller.stand.live_nowhere(600)
    caller.page = Page(caller.stand.twin, WebSettings())
    means = caller.page.history.means(TimeWindow(START_TS - 3600, START_TS + 3600))
    assert [mean.start_ts - START_TS for mean in means] == [0, 60, 120]
    caller.page.history.close()
    assert (caller.stand.folder / HISTORY_FILE).stat().st_mode & 0o077 == 0


async def test_a_time_without_the_ven_is_a_gap(caller: Caller) -> None:
    """No line is drawn over it."""
    caller.stand.live(5)
    caller.stand.live_nowhere(120)
    caller.stand.live(5)
    answer = await history(caller, **{"from": START_TS, "to": START_TS + 300})
    values = answer["columns"]["usedKw"]
    hole = values.index(None)
    assert answer["ts"][hole + 1] - answer["ts"][hole] > 100
    assert values.count(None) == 1


async def test_nothing_is_drawn_before_the_ven_first_ran(caller: Caller) -> None:
    """Neither the minute nor the quarter hour in which it started is drawn from its begin."""
    caller.stand.live_nowhere(437)
    caller.stand.live(130)
    begun_ts = START_TS + 3 + 437
    answer = await history(caller, **{"from": START_TS - 100, "to": START_TS + 800})
    assert answer["ts"][0] == pytest.approx(begun_ts, abs=1.5)
    later = await history(caller, **{"from": START_TS - 100, "to": START_TS + 4000})
    assert later["ts"][0] >= begun_ts - 60, "by the minute it is no more than that"


async def test_circuits_add_up_to_the_power_from_the_grid(caller: Caller) -> None:
    """Every circuit of the house has its column."""
    caller.stand.live(130)
    span = {"from": START_TS, "to": START_TS + 200}
    total, circuits = await history(caller, **span), await history(caller, show="circuits", **span)
    panel = [circuit.id for circuit in caller.stand.twin.snapshot().house.pair.house.circuits]
    assert list(circuits["columns"]) == panel
    assert total["ts"] == circuits["ts"]
    sums = [sum(values) for values in zip(*circuits["columns"].values(), strict=True)]
    assert sums == pytest.approx(total["columns"]["usedKw"], abs=0.02)


async def test_the_events_of_the_time_are_told(caller: Caller) -> None:
    """From the first to the last second that was acted on, however many came after it."""
    caller.stand.live(70)
    await caller.post("/api/events", {"kw": 2, "durationS": 100, "eventId": "e1"})
    caller.stand.live(180)
    (event,) = (await history(caller, **{"from": START_TS, "to": START_TS + 900}))["events"]
    assert event["eventId"] == "e1"
    assert event["endTs"] - event["startTs"] == pytest.approx(100, abs=3)
    assert (await history(caller, **{"from": NEVER, "to": NEVER + 900}))["events"] == []


async def test_the_file_is_what_is_drawn(caller: Caller) -> None:
    """The same means, with UTC times, units, and a name to save it by."""
    caller.stand.live(130)
    span = {"from": START_TS, "to": START_TS + 200}
    answer = await caller.get("/api/history.csv", params=span)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="ven-1-power.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert list(rows[0]) == ["start_utc", "duration_s", "used_kw", "baseline_kw", "target_kw"]
    drawn = await history(caller, **span)
    assert [float(row["used_kw"]) for row in rows] == drawn["columns"]["usedKw"][: len(rows)]
    assert rows[0]["start_utc"].startswith("2027-01-15T08:00:0")
    by_circuit = await caller.get("/api/history.csv", params={"show": "circuits", **span})
    assert "hvac1_kw" in by_circuit.text.splitlines()[0].split(",")


@pytest.mark.parametrize(
    ("query", "field"), [("from=x", "from"), ("to=1&from=2", "to"), ("show=all", "show"), ("form=1", "form")]
)
@pytest.mark.parametrize("path", ["/api/history", "/api/history.csv"])
async def test_a_query_that_is_wrong_is_refused(caller: Caller, path: str, query: str, field: str) -> None:
    """At its field."""
    problem(await caller.get(f"{path}?{query}"), 400, field)


async def test_the_file_needs_the_token(guarded: Caller) -> None:
    """Off loopback as all that the page has."""
    problem(await guarded.get("/api/history.csv"), 401)


async def test_a_disk_that_takes_nothing_leaves_the_last_hour(caller: Caller) -> None:
    """The page shows what this process has seen."""
    (caller.stand.folder / HISTORY_FILE).mkdir()
    caller.stand.live(130)
    assert len((await history(caller, **{"from": START_TS, "to": START_TS + 600}))["ts"]) > 100


def test_a_minute_counts_the_time_that_was_lived(stand: Stand) -> None:
    """A long time before a tick is not known; a clock that is set back ends the minute."""
    meter, power = MinuteMeter(), power_view(stand.twin.snapshot())
    assert meter.add(6000.0, power, {}, None) is None
    assert meter.add(6001.0, power, {}, None) is None
    assert meter.add(6050.0, power, {}, None) is None
    minute = meter.add(5990.0, power, {}, None)
    assert minute is not None
    assert (minute.mean.ts, minute.mean.measured_s) == (6000, 7.0)
    assert meter.take() is None, "of the tick after a clock that was set back no time is known"


async def test_the_days_are_added_up_with_what_an_event_saved(stand: Stand) -> None:
    """By the tariff that the VEN was started with, in energy as the history has it; the file has the same."""
    stand.kill()
    stand.start(house_start_ts=1_784_154_600.0, house_speed=10, vens=8, tariff=TARIFF)
    page = Page(stand.twin, WebSettings())
    async with client_of(page) as client:
        caller = Caller(stand, page, client)
        stand.live(70)
        await caller.post("/api/events", {"kw": 2, "durationS": 100, "eventId": "e1"})
        stand.live(180)
        answer = (await caller.get("/api/days")).json()
        (day,), (event,) = answer["days"], answer["events"]
        assert (answer["currency"], event["eventId"]) == ("USD", "e1")
        assert day["changedKwh"] < -0.03
        assert day["changedCost"] == pytest.approx(0.2 * day["changedKwh"], abs=2e-4), "as both are rounded"
        assert event["changedKwh"] == pytest.approx(day["changedKwh"], abs=0.003), "before it nothing changed"
        drawn = await history(caller, **{"from": START_TS - 900, "to": START_TS + 900})
        used_kw = [kw for kw in drawn["columns"]["usedKw"] if kw is not None]
        mean_kw = (day["boughtKwh"] - day["fedInKwh"]) * 3600 / day["measuredS"]
        assert min(used_kw) < mean_kw < max(used_kw)
        stored = await caller.get("/api/days.csv")
        assert stored.headers["content-disposition"] == 'attachment; filename="ven-1-days.csv"'
        (row,) = csv.DictReader(io.StringIO(stored.text))
        assert (float(row["bought_kwh"]), row["currency"]) == (day["boughtKwh"], "USD")
    page.history.close()


async def test_the_days_go_on_as_minutes_are_lived(caller: Caller) -> None:
    """A sum that was asked for before a minute was stored is not told again after it."""
    assert (await caller.get("/api/days")).json() == {"currency": None, "days": [], "events": []}
    caller.stand.live(70)
    first = (await caller.get("/api/days")).json()["days"][0]
    caller.stand.live(60)
    second = (await caller.get("/api/days")).json()["days"][0]
    assert second["measuredS"] == first["measuredS"] + 60
    assert second["cost"] is None
