"""``make pictures``: start the system, dispatch an event, take the docs' pictures of both pages."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.async_api import Page, async_playwright

from contracts.wire.codec import JsonDict
from harness.pictures import fleet_pictures

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
MOST_BYTES = 200_000
EVENT = ("--shed-kw", "6", "--duration", "5m")
INTO_THE_EVENT_S = 45
LARGE = {"viewport": {"width": 1180, "height": 960}}
PHONE = {"viewport": {"width": 375, "height": 812}, "device_scale_factor": 2, "is_mobile": True}
PICTURES: dict[str, JsonDict] = {
    "ven-light": LARGE,
    "ven-dark": {**LARGE, "color_scheme": "dark"},
    "ven-phone": PHONE,
}


def main() -> None:
    """Take every picture of both pages."""
    path = shutil.which("chromium")
    if path is None:
        sys.exit("Chromium is not installed: apt-get update && apt-get install -y chromium")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "VEN_TWIN_HOME": home, "NO_COLOR": "1"}
        with _system(environment):
            url = next(Path(home).rglob("page.url")).read_text()
            asyncio.run(_take(path, url, environment))
    fleet_pictures.main(path, take)


@contextmanager
def _system(environment: dict[str, str]) -> Iterator[None]:
    """The whole system, up; it has run its first event."""
    up = subprocess.Popen([*CLI, "up"], env=environment, stdout=subprocess.PIPE, text=True)
    assert up.stdout is not None
    try:
        for line in up.stdout:
            sys.stdout.write(line)
            if "The system stays up" in line:
                break
        else:
            sys.exit("the system did not come up")
        yield
    finally:
        up.send_signal(signal.SIGINT)
        up.communicate(timeout=60)


async def _take(chromium: str, url: str, environment: dict[str, str]) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        pages = {name: await browser.new_page(**options) for name, options in PICTURES.items()}
        for page in pages.values():
            await page.goto(url)
        made = await asyncio.create_subprocess_exec(*CLI, "event", "create", *EVENT, env=environment)
        if await made.wait() != 0:
            sys.exit("the event could not be made")
        await pages["ven-light"].locator(".event.active").wait_for()
        await asyncio.sleep(INTO_THE_EVENT_S)  # so that the chart has something of it
        for name, page in pages.items():
            await page.bring_to_front()
            await page.locator(".event.active").wait_for()
            await take(page, name)
        await browser.close()


async def take(page: Page, name: str) -> None:
    """Take one picture into the docs' folder."""
    picture = FOLDER / f"{name}.png"
    await page.screenshot(path=picture)
    size = picture.stat().st_size
    sys.stdout.write(f"{picture}: {size / 1000:.0f} kB\n")
    if size > MOST_BYTES:
        sys.exit(f"{picture} is larger than {MOST_BYTES} bytes")


CLI = (sys.executable, "-m", "ven_twin.cli")

if __name__ == "__main__":
    main()
