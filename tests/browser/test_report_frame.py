"""The frame in which the operator's page shows a report, before a cloud side that refuses it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Route, expect

from contracts.api.reports import EventReport
from tests.browser.conftest import Seen
from tests.support.fleets import NOW, event
from tests.unit.operations.conftest import FakeAggregator
from ven_twin.operations.aggregator.cloud_errors import CloudError
from ven_twin.operations.aggregator.protocol import RefusedError
from ven_twin.operations.fleet.app import FleetPage
from ven_twin.webkit.hosting import hosted
from ven_twin.webkit.settings import WebSettings

pytestmark = pytest.mark.asyncio(loop_scope="session")
OVER = "evt-over"


class RefusingCloud(FakeAggregator):
    """A cloud side whose event is over, and that refuses the report of it."""

    error: Exception | None = None

    def report(self, event_id: str) -> EventReport:
        """Refuse it, where there is a reason to."""
        if self.error is not None:
            raise self.error
        return super().report(event_id)


@pytest.fixture
def cloud() -> RefusingCloud:
    """It has one event, which ended a quarter of an hour ago."""
    return RefusingCloud(listed=[event(OVER, after_s=time.time() - NOW - 1500)])


@pytest_asyncio.fixture(loop_scope="session")
async def seen(browser: Browser, cloud: RefusingCloud) -> AsyncIterator[Seen]:
    """The operator's page of that cloud."""
    page = FleetPage(lambda: cloud, "here", WebSettings())
    async with hosted(page.application, WebSettings(port=0), page.close) as url:
        page.start(asyncio.get_running_loop())
        context = await browser.new_context(viewport={"width": 1280, "height": 900})
        opened = Seen(await context.new_page())
        await opened.page.goto(str(url))
        yield opened
        await context.close()


async def look(seen: Seen) -> None:
    """Open the details of the event."""
    await seen.page.get_by_role("button", name=f"Details of {OVER}").first.click()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RefusedError("eventId", "no event 'evt-over'", "notFound"), "no event 'evt-over'."),
        (RefusedError("eventId", "is being settled", "conflict"), "evt-over is being settled."),
        (CloudError("it does not run"), "the cloud is not reached: it does not run."),
        (RuntimeError("a fault"), "the page's server could not answer; its log says why."),
    ],
    ids=["404", "409", "502", "500"],
)
async def test_a_refused_report_has_its_reason_where_the_report_would_be(
    seen: Seen, cloud: RefusingCloud, error: Exception, words: str
) -> None:
    """Whoever refuses it: the event, the cloud or the page's own server. No frame stands empty."""
    cloud.error = error
    await look(seen)
    await seen.says("#report-wrong", f"No report yet: {words}")
    await expect(seen.page.locator("#report-frame")).to_be_hidden()
    await seen.shot("fleet-report-refused")
    assert [each for each in seen.errors if "status of" not in each] == []


async def test_a_report_that_does_not_come_says_so(seen: Seen) -> None:
    """A server that is gone gives no document that could be read."""

    async def gone(route: Route) -> None:
        await route.abort("connectionrefused")

    await seen.page.route("**/report", gone)
    await look(seen)
    await seen.says("#report-wrong", "No report yet: the page's server does not answer.")
    await expect(seen.page.locator("#report-frame")).to_be_hidden()


async def test_a_report_fills_its_frame_after_a_refusal(seen: Seen, cloud: RefusingCloud) -> None:
    """The event has its report when it is opened again, once it is settled."""
    cloud.error = RefusedError("eventId", "is being settled", "conflict")
    await look(seen)
    await seen.says("#report-wrong", "is being settled")
    await seen.page.locator("#detail-close").click()
    cloud.error = None
    await look(seen)
    await expect(seen.page.locator("#report-frame")).to_be_visible()
    await expect(seen.page.locator("#report-wrong")).to_be_hidden()
