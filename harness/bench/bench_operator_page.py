"""The operator's page before a fleet of 20 VENs with a week of history: how soon it is there and draws it."""

from __future__ import annotations

import asyncio
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from contracts.store.batch_rows import batch_item
from contracts.store.keys import telemetry_item
from contracts.store.stack import StackOutput
from contracts.wire.ids import VenId
from contracts.wire.telemetry import Telemetry
from contracts.wire.telemetry_batch import batch_of
from harness.bench.bench_web import LOADS, WEEK, paint_ms, weight_kb
from harness.bench.figure import Figure
from tests.support.browser_fleet import Fleet
from ven_twin.control.event_history import Meter
from ven_twin.control.reporting import Sender, circuit_load, telemetry_row
from ven_twin.house.house_environment import warmed_up
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.profile import build_house

VENS = tuple(f"ven-{number}" for number in range(1, 21))
HOUSES = ("--house-start", "2026-07-15T22:30:00Z", "--report-interval", "30")
IN_BATCHES, BY_THE_ROW = VenId("ven-2"), VenId("ven-3")
"""The VENs whose week is of rows as they send them, every 30 s, in batches of four minutes or each by itself.
A backfill's are of five minutes."""
DAYS, ROW_S, DAY_S, BATCH_ROWS = 7, 30, 86_400, 8
SHOWN = (
    ("used and baseline of all VENs", "power", ""),
    ("one VEN, 2,000 rows of 5 min", "ven:ven-1", ""),
    ("the same by circuit", "ven:ven-1", "circuits"),
    ("one VEN, 20,000 rows of 30 s in batches", f"ven:{IN_BATCHES}", ""),
    ("the same by circuit", f"ven:{IN_BATCHES}", "circuits"),
    ("one VEN, 20,000 rows of 30 s by themselves", f"ven:{BY_THE_ROW}", ""),
    ("the same by circuit", f"ven:{BY_THE_ROW}", "circuits"),
)


def run() -> Iterator[Figure]:
    """Every figure."""
    with tempfile.TemporaryDirectory() as folder:
        fleet = Fleet(Path(folder), VENS, HOUSES)
        try:
            fleet.start()
            fill(fleet)
            yield from asyncio.run(_figures(fleet.url.rstrip("/")))
        finally:
            fleet.stop()


def fill(fleet: Fleet) -> None:
    """Write the week: every VEN's rows of five minutes and the fleet's samples, two VENs' rows of 30 s."""
    fleet.system.cli("history", "backfill", "--days", str(DAYS), *HOUSES[:2])
    until_ts = int(time.time())
    rows = list(reported_week(BY_THE_ROW, until_ts))
    items = [telemetry_item(row, **_written(row.timestamp)) for row in rows]
    rows = list(reported_week(IN_BATCHES, until_ts))
    for first in range(0, len(rows), BATCH_ROWS):
        together = rows[first : first + BATCH_ROWS]
        items.append(batch_item(batch_of(together), **_written(together[-1].timestamp)))
    fleet.system.cloud.put_items(StackOutput.TELEMETRY_TABLE, items)


def _written(timestamp: int) -> dict[str, int]:
    """The times at which a row that was measured by *timestamp* was received and will expire, UTC s."""
    return {"received_ts": timestamp, "expires_ts": timestamp + 30 * DAY_S}


def reported_week(ven_id: VenId, until_ts: int) -> Iterator[Telemetry]:
    """A week of rows as a twin of the standard house sends them."""
    profile = load_profile("standard")
    environment = load_environment(profile, 7)
    first_ts = until_ts - DAYS * DAY_S
    house = warmed_up(build_house(profile), environment, first_ts)
    sender = Sender(ven_id, "bench", profile.panel)
    for seq, ts in enumerate(range(first_ts, until_ts, ROW_S)):
        house, power_kw = house.step({}, environment.environment(ts, ROW_S), ROW_S)
        yield telemetry_row(
            sender,
            Meter().count(power_kw, sum(power_kw.values()), ROW_S),
            timestamp=ts + ROW_S,
            seq=seq,
            event_id=None,
            requested_kw=None,
            battery_soc=house.battery.soc if house.battery else None,
            outdoor_c=environment.outdoor_c(ts),
            loads=tuple(circuit_load(circuit, power_kw.get(circuit.id, 0.0)) for circuit in house.circuits),
        )


async def _figures(url: str) -> list[Figure]:
    async with async_playwright() as playwright:
        path = shutil.which("chromium")
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            plain_ms = statistics.median([await paint_ms(browser, f"{url}/live") for _ in range(LOADS)])
            page_ms = statistics.median([await paint_ms(browser, url) for _ in range(LOADS)])
            weight = await weight_kb(browser, url, f"{url}/api/definitions")
            figures = [
                Figure("first paint", page_ms, "ms", "<= 300 ms", plain_ms, "one line of the same server"),
                Figure("page weight", weight, "kB", "<= 150 kB"),
            ]
            for name, shown, detail in SHOWN:
                weeks = [await _week_ms(browser, url, shown, detail) for _ in range(LOADS)]
                whole_ms, served_ms = (statistics.median(column) for column in zip(*weeks, strict=True))
                title = f"a week: {name}"
                figures.append(
                    Figure(title, whole_ms, "ms", "<= 500 ms", served_ms, "until the server's answer was in")
                )
        finally:
            await browser.close()
    return figures


async def _week_ms(browser: Browser, url: str, shown: str, detail: str) -> tuple[float, float]:
    """From the click to the drawn week, and how long of it the page waited for its server."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(url)
    await page.locator("#vens tr").first.wait_for()
    await page.locator("#range-words", has_text="The last hour").wait_for()
    for choice, value in (("#range-shown", shown), ("#range-detail", detail)):
        if value:
            async with page.expect_response("**/api/history?*"):
                await page.locator(choice).select_option(value)
    whole_ms = float(await page.evaluate(WEEK))
    served_ms = float(
        await page.evaluate(
            "performance.getEntriesByType('resource').filter(e => e.name.includes('/api/history?'))"
            ".at(-1).duration"
        )
    )
    await context.close()
    return whole_ms, served_ms
