"""The operator's page whose cloud has never answered: it claims nothing, whatever is clicked."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import Seen, chromium
from tests.support.waiting import GIVE_UP_S

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """The page's address; there is no cloud."""
    chromium()
    server = subprocess.Popen(
        [sys.executable, "-m", "ven_twin.cli", "fleet", "serve", "--port", "0"],
        env={**os.environ, "VEN_TWIN_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    address = re.search(r"http://[\d.:]+", server.stdout.readline())
    assert address
    yield address[0]
    server.terminate()
    server.wait(GIVE_UP_S)
    server.stdout.close()


async def test_a_page_whose_cloud_never_answered_claims_nothing(browser: Browser, url: str) -> None:
    """No VEN is said to be silent and none to be there; nothing goes on calling beside "not reached"."""
    context = await browser.new_context()
    seen = Seen(await context.new_page())
    await seen.page.goto(url)
    await seen.says("#offline", "No local cloud is running: start one with ven-twin cloud start.")
    await seen.says("#offline", "Nothing has been heard yet")
    await seen.says("#place", "local cloud")
    await seen.says("#none", "Not known whether an event runs")
    await seen.says("#vens-empty", "Not known yet.")
    await seen.page.get_by_role("button", name="Silent").click()
    await seen.page.locator("#vens-filter").fill("home")
    await seen.says("#vens-empty", "Not known yet.")
    await expect(seen.page.locator("#vens-scroll")).to_be_hidden()
    await context.close()
