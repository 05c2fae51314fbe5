"""The docs' pictures of the operator's page: a dozen homes, an event that runs and one that comes."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import Page, async_playwright

from contracts.wire.codec import JsonDict
from tests.support.browser_fleet import Fleet

VENS = tuple(f"home-{number:02}" for number in range(1, 13))
HOUSES = ("--house-speed", "2", "--house-start", "2026-07-15T22:30:00Z", "--report-interval", "2")
BEFORE_S, INTO_THE_EVENT_S = 20, 60
LARGE = {"viewport": {"width": 1180, "height": 1260}}
PHONE = {"viewport": {"width": 375, "height": 812}, "device_scale_factor": 2, "is_mobile": True}
PICTURES: dict[str, JsonDict] = {
    "fleet-light": LARGE,
    "fleet-dark": {**LARGE, "color_scheme": "dark"},
    "fleet-phone": PHONE,
}
Take = Callable[[Page, str], Awaitable[None]]


def main(chromium: str, take: Take) -> None:
    """Start a system of twelve VENs and take every picture of the operator's page."""
    with tempfile.TemporaryDirectory() as home:
        fleet = Fleet(Path(home), VENS, HOUSES)
        try:
            fleet.start()
            asyncio.run(_take_all(fleet, chromium, take))
        finally:
            fleet.stop()


async def _take_all(fleet: Fleet, chromium: str, take: Take) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        pages = {name: await browser.new_page(**options) for name, options in PICTURES.items()}
        for page in pages.values():
            await page.goto(fleet.url)
        fleet.system.desire("home-03", {"optOut": {"reason": "mustRun", "untilTs": int(time.time()) + 5400}})
        await asyncio.sleep(BEFORE_S)  # so that the chart has something of before
        offered_kw = fleet.system.json("fleet", "status")["flexibilityKw"]
        later = datetime.fromtimestamp(time.time() + 2400, UTC).isoformat()
        fleet.system.json("event", "create", "--level", "2", "--duration", "30m", "--start", later)
        request = ("--shed-kw", f"{0.6 * offered_kw:.0f}", "--duration", "10m")
        fleet.system.json("event", "create", *request)
        await pages["fleet-light"].locator(".event.active").wait_for()
        await asyncio.sleep(INTO_THE_EVENT_S)
        for name, page in pages.items():
            await page.bring_to_front()
            await page.locator(".event.active").wait_for()
            await take(page, name)
        form = pages["fleet-light"]
        await form.bring_to_front()
        await form.locator("#new-event").click()
        await form.locator("[data-share='50']").click()
        await take(form, "fleet-form")
        await browser.close()
