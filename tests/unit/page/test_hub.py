"""What open pages are told, and how often."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.ven_stand import Stand
from ven_twin.ven.page import broadcaster as module
from ven_twin.ven.page.broadcaster import Broadcaster
from ven_twin.ven.page.presenter import snapshot
from ven_twin.webkit.listeners import PAGES_MAX, FullError


class Desk:
    """A hub on a clock that is set by hand; counts how often a state was encoded."""

    def __init__(self, stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stand, self.at_s, self.encoded = stand, 100.0, 0
        monkeypatch.setattr(module, "monotonic_s", lambda: self.at_s)
        self.hub = Broadcaster(self._encode)

    def _encode(self) -> tuple[module.Snapshot, bytes]:
        self.encoded += 1
        return snapshot(self.stand.twin.moment()), b"%d" % self.encoded

    async def open(self) -> AsyncIterator[bytes]:
        """A page that has read its first message."""
        page = self.hub.listen()
        await anext(page)
        return page


@pytest.fixture
def desk(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A hub without pages."""
    return Desk(stand, monkeypatch)


async def waiting(page: AsyncIterator[bytes]) -> bytes | None:
    """What is there for a page now, or None."""
    step = asyncio.ensure_future(anext(page))
    for _ in range(3):
        await asyncio.sleep(0)
    if step.done():
        return step.result()
    step.cancel()
    await asyncio.gather(step, return_exceptions=True)
    return None


async def test_nobody_listening_costs_nothing(desk: Desk) -> None:
    """No page, no encoding."""
    desk.hub.tell()
    assert desk.encoded == 0


async def test_a_state_is_encoded_once_for_all(desk: Desk) -> None:
    """Twenty pages get the same bytes."""
    pages = [await desk.open() for _ in range(20)]
    before = desk.encoded
    desk.hub.tell()
    assert {await waiting(page) for page in pages} == {b"%d" % desk.encoded}
    assert desk.encoded == before + 1


async def test_figures_go_out_once_a_second(desk: Desk) -> None:
    """However often the twin looks at its house."""
    await desk.open()
    desk.hub.tell()
    sent = desk.hub._sent_s
    for _ in range(3):
        desk.at_s += 0.25
        desk.hub.tell()
        assert desk.hub._sent_s == sent
    desk.at_s += 0.25
    desk.hub.tell()
    assert desk.hub._sent_s == desk.at_s


async def test_what_matters_goes_out_at_once(desk: Desk) -> None:
    """An event that begins does not wait for its second."""
    await desk.open()
    desk.hub.tell()
    await desk.stand.command(op="event", event_id="e1", shed_kw=2, duration_s=60)
    desk.at_s += 0.3
    desk.hub.tell()
    assert desk.hub._sent_s == desk.at_s


async def test_a_slow_page_gets_the_newest(desk: Desk) -> None:
    """Nothing piles up for a page that does not read."""
    page = await desk.open()
    for _ in range(50):
        desk.at_s += 1
        desk.hub.tell()
    assert await waiting(page) == b"%d" % desk.encoded


async def test_a_page_that_is_closed_is_forgotten(desk: Desk) -> None:
    """And one too many is refused."""
    pages = [await desk.open() for _ in range(PAGES_MAX)]
    with pytest.raises(FullError):
        desk.hub.listen()
    for page in pages:
        await page.aclose()  # type: ignore[attr-defined]
    assert desk.hub.open_pages == 0


async def test_closing_ends_every_stream(desk: Desk) -> None:
    """So that the server can stop."""
    page = await desk.open()
    desk.hub.close()
    with pytest.raises(StopAsyncIteration):
        await anext(page)
    assert desk.hub.open_pages == 0
