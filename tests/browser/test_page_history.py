"""The history, the days and the money on the resident's page, in a browser before a real VEN."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Request, expect

from contracts.wire import codec
from tests.browser.conftest import Seen
from tests.browser.test_page import findings, until_so
from tests.support import lived_history
from tests.support.browser_world import World
from ven_twin.ven.page.day_sums import DaySum, DaySums, EventChange

pytestmark = pytest.mark.asyncio(loop_scope="session")
SHADED = """() => {
  const canvas = document.querySelector("#plot canvas");
  const y = Math.round(canvas.height * 0.08);
  const { width, data } = canvas.getContext("2d").getImageData(0, y, canvas.width, 1);
  return [...Array(width).keys()].filter((x) => data[4 * x + 3] > 0).length / width;
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def past(world: World) -> float:
    """The end of a past of two days, with an event, and six hours that the VEN was off."""
    end_ts = time.time() - 60
    path = world.folder / "ven" / "history.sqlite"
    await asyncio.to_thread(lived_history.fill, path, end_ts, days=2.0, off_h=6.0)
    return end_ts


async def change(seen: Seen, action: Awaitable[Any], span_s: float | None = None) -> dict[str, Any]:
    """The answer that the page reads for its chart after *action*; of *span_s*, where it is named."""

    def is_meant(request: Request) -> bool:
        if "/api/history?" not in request.url:
            return False
        query = parse_qs(urlsplit(request.url).query)
        query_s = float(query["to"][0]) - float(query["from"][0])
        return span_s is None or query_s == pytest.approx(span_s, rel=0.02)  # its ends are whole steps

    async with seen.page.expect_request(is_meant) as coming:
        await action
    answer = await (await coming.value).response()
    assert answer is not None
    history: dict[str, Any] = await answer.json()
    return history


async def test_a_day_is_shown_with_its_events_and_its_gap(past: float, open_page: Any) -> None:
    """A page that is opened late shows what was before; nothing is drawn of the time that the VEN was off."""
    seen = await open_page()
    history = await change(seen, seen.page.locator("[data-span='86400']").click(), 86_400)
    await seen.says("#range-words", "The last day, in means of 1 min")
    assert len(history["ts"]) > 900
    two_days = await change(seen, seen.page.locator("#range-out").click())
    used_kw = two_days["columns"]["usedKw"]
    hole = used_kw.index(None)
    # Both ends of the hole fall within means of some minutes.
    assert two_days["ts"][hole + 1] - two_days["ts"][hole] == pytest.approx(6 * 3600, abs=600)
    assert past - 86_400 - 600 < two_days["ts"][hole] < past - 86_400 + 600
    lengths_s = [event["endTs"] - event["startTs"] for event in two_days["events"]]
    # Other tests' events last seconds.
    assert [length_s for length_s in lengths_s if length_s > 600] == [7200]

    async def shaded() -> bool:
        share: float = await seen.page.evaluate(SHADED)
        return share == pytest.approx(7200 / (2.08 * 86_400), abs=0.015)

    await until_so(shaded, "the event's band")
    await seen.shot("history-two-days")


PRICED = DaySums(
    currency="USD",
    days=(
        DaySum(
            day="2026-07-14",
            measured_s=86_400,
            bought_kwh=31.4,
            fed_in_kwh=2.25,
            changed_kwh=-1.25,
            cost=5.126,
            changed_cost=-0.41,
            co2_kg=12.31,
            changed_co2_kg=-0.475,
        ),
        DaySum(
            day="2026-07-13", measured_s=21_600, bought_kwh=6.0, fed_in_kwh=0.0, changed_kwh=0.0, cost=0.84
        ),
    ),
    events=(EventChange(event_id="e-priced", until_ts=9000.0, changed_kwh=-1.25, changed_cost=-0.41),),
)
PRICED_EVENT = """async () => {
  const { showHistory } = await import('/static/history.js');
  const event = { eventId: 'e-priced', startTs: 5000, endTs: 6000, ended: 'completed', reason: null,
    askedKw: 2, askedKwh: 0.5, deliveredKw: 2, deliveredKwh: 0.5 };
  showHistory([event, { ...event, eventId: 'e-old' }]);
}"""


async def test_money_is_shown_by_day_and_by_event_where_a_tariff_is(open_page: Any) -> None:
    """Cost and CO2 of the day with what events changed of the cost; of each event what it saved.

    Of a day that was not lived whole it says how much was measured.
    """
    seen = await open_page()
    await seen.page.route(
        "**/api/days", lambda route: route.fulfill(body=codec.encode(PRICED), content_type="application/json")
    )
    await seen.page.reload()
    await seen.says("#days-cost", "Cost, USD")
    await seen.page.evaluate(PRICED_EVENT)
    await seen.says("#days-co2", "CO2, kg")
    days = [
        [text.split("\n") for text in await row.locator("td").all_inner_texts()]
        for row in await seen.page.locator("#days tr").all()
    ]
    assert days == [
        [["Tue 14"], ["31.4"], ["2.3"], ["1.25"], ["5.13", "0.41 less by events"], ["12.3"]],
        [["Mon 13", "6 h of it"], ["6.0"], ["0.0"], ["–"], ["0.84"], ["–"]],
    ]
    await seen.says("#history-saved", "Saved, USD")
    saved = await seen.page.locator("#history tr td:last-child").all_inner_texts()
    assert saved == ["0.41", "–"]
    await seen.page.locator("#days-title").scroll_into_view_if_needed()
    await seen.shot("days-priced")


async def test_a_stretch_is_zoomed_to_moved_and_left_by_keyboard_and_mouse(
    past: float, open_page: Any
) -> None:
    """Dragged over it is the whole width; then nothing moves it but the buttons, and one goes back to now."""
    del past
    seen = await open_page()
    await change(seen, seen.page.locator("[data-span='86400']").click(), 86_400)
    box = await seen.page.locator("#plot .u-over").bounding_box()
    assert box is not None
    await seen.page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 50)
    await seen.page.mouse.down()
    await seen.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 60, steps=4)
    dragged = await change(seen, seen.page.mouse.up())
    assert dragged["toTs"] - dragged["fromTs"] == pytest.approx(0.26 * 86_400, rel=0.05)
    await seen.says("#range-words", " to ")
    await expect(seen.page.locator("[data-span][aria-pressed=true]")).to_have_count(0)
    await seen.page.locator("#range-in").focus()
    closer = await change(seen, seen.page.keyboard.press("Enter"))
    assert closer["toTs"] - closer["fromTs"] == pytest.approx(
        (dragged["toTs"] - dragged["fromTs"]) / 2, abs=3
    )
    await seen.page.locator("#range-earlier").focus()
    before = await change(seen, seen.page.keyboard.press("Enter"))
    assert before["fromTs"] < closer["fromTs"] < before["toTs"]
    await seen.page.locator("#range-now").focus()
    pressed_ts = time.time()
    now = await change(seen, seen.page.keyboard.press("Enter"))
    assert pressed_ts - 1 <= now["toTs"] <= time.time() + 1
    await expect(seen.page.locator("#range-now")).to_be_hidden()


async def test_the_circuits_are_shown_and_saved_as_a_file(past: float, open_page: Any) -> None:
    """In layers, with their names; the file has what is on the screen, by circuit and minute, in UTC."""
    del past
    seen = await open_page()
    await change(seen, seen.page.locator("[data-span='86400']").click(), 86_400)
    history = await change(seen, seen.page.locator("#range-shown").select_option("circuits"))
    await seen.says("#legend", "Water heater")
    await seen.says("#chart-title", "Power of the circuits")
    assert await findings(seen) == []
    async with seen.page.expect_download() as coming:
        await seen.page.locator("#range-csv").click()
    download = await coming.value
    assert download.suggested_filename == "ven-1-power.csv"
    path = await download.path()
    head, *rows = path.read_text().splitlines()
    assert head == ",".join(["start_utc", "duration_s", *(f"{circuit}_kw" for circuit in history["columns"])])
    drawn = [
        (f"{datetime.fromtimestamp(ts, UTC):%Y-%m-%dT%H:%M:%S}Z", history["columns"]["ev1"][at])
        for at, ts in enumerate(history["ts"][:50])
        if history["columns"]["ev1"][at] is not None
    ]
    place = head.split(",").index("ev1_kw")
    saved = [(row.split(",")[0], float(row.split(",")[place])) for row in rows]
    assert set(drawn[2:]) <= set(saved)
    assert len(rows) == pytest.approx(len(history["ts"]), abs=6)
