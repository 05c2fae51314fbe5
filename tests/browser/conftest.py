"""Debian's Chromium on the page of a real VEN. One VEN serves the module; what a test began, it ends."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.support.browser_world import World, until
from tests.support.waiting import GIVE_UP_MS, GIVE_UP_S

expect.set_options(timeout=GIVE_UP_MS)
HOW = "Chromium is not installed: apt-get update && apt-get install -y chromium"
SHOTS = os.environ.get("VEN_TWIN_SHOTS")
"""A folder for pictures of what the tests saw; none are taken when it is not set."""


def chromium() -> str:
    """The path of Chromium; skips the test without it."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip(HOW)
    return path


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The browser; it is given no way out but loopback."""
    path = chromium()
    async with async_playwright() as playwright:
        options = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]
        browser = await playwright.chromium.launch(executable_path=path, args=options)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A VEN, its broker and its cloud."""
    chromium()
    world = World(tmp_path_factory.mktemp("world"))
    try:
        await world.start()
        yield world
    finally:
        await world.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def world(shared: World) -> AsyncIterator[World]:
    """The VEN, at peace before the test and after it."""
    yield shared
    await shared.calm()


class Seen:
    """An open page, and what went wrong in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self._keep(message.type, message.text))

    def _keep(self, kind: str, words: str) -> None:
        if kind == "error" and "ERR_" not in words:
            self.errors.append(words)

    async def text(self, selector: str) -> str:
        """The text of an element of the page."""
        return (await self.page.locator(selector).inner_text()).strip()

    async def says(self, selector: str, words: str, *, within_s: float = GIVE_UP_S) -> None:
        """Wait until a visible element of the page has *words*."""
        element = self.page.locator(selector, has_text=words)
        await element.wait_for(state="visible", timeout=within_s * 1000)

    async def shot(self, name: str) -> None:
        """Take a picture for someone to look at."""
        if SHOTS:
            await self.page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser, world: World) -> AsyncIterator[Any]:
    """Opens pages of the VEN; at the end none may have met an error."""
    contexts, opened = [], []

    async def open_one(**options: Any) -> Seen:
        context = await browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        seen = Seen(await context.new_page())
        opened.append(seen)
        await seen.page.goto(world.url)
        await seen.says("h1", world.ven_id)
        return seen

    yield open_one
    for context in contexts:
        await context.close()
    assert [error for seen in opened for error in seen.errors] == []


__all__ = ["Seen", "until"]
