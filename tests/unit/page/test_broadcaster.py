"""The messages to open pages, and their times."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.ven_stand import Stand
from ven_twin.ven.page import broadcaster as module
from ven_twin.ven.page.broadcaster import Broadcaster
from ven_twin.ven.page.presenter import ven_view
from ven_twin.webkit.listeners import PAGES_MAX, FullError


class OpenStream:
    """A hub on a clock that is set by hand; counts how often a state was encoded."""

    def __init__(self, stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stand, self.at_s, self.encoded = stand, 100.0, 0
        monkeypatch.setattr(module, "monotonic_s", lambda: self.at_s)
        self.broadcaster = Broadcaster(self._encode)

    def _encode(self) -> tuple[module.Snapshot, bytes]:
        self.encoded += 1
        return ven_view(self.stand.twin.snapshot()), b"%d" % self.encoded

    async def open(self) -> AsyncIterator[bytes]:
        """A page that has read its first message."""
        page = self.broadcaster.listen()
        await anext(page)
        return page


@pytest.fixture
def stream(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> OpenStream:
    """A hub without pages."""
    return OpenStream(stand, monkeypatch)


async def waiting(page: AsyncIterator[bytes]) -> bytes | None:
    """The next message of a page, or None."""
    step = asyncio.ensure_future(anext(page))
    for _ in range(3):
        await asyncio.sleep(0)
    if step.done():
        return step.result()
    step.cancel()
    await asyncio.gather(step, return_exceptions=True)
    return None


async def test_nobody_listening_costs_nothing(stream: OpenStream) -> None:
    """No page, no encoding."""
    stream.broadcaster.notify()
    assert stream.encoded == 0


async def test_a_state_is_encoded_once_for_all(stream: OpenStream) -> None:
    """Twenty pages get the same bytes."""
    pages = [await stream.open() for _ in range(20)]
    before = stream.encoded
    stream.broadcaster.notify()
    assert {await waiting(page) for page in pages} == {b"%d" % stream.encoded}
    assert stream.encoded == before + 1


async def test_figures_go_out_once_a_second(stream: OpenStream) -> None:
    """However often the twin looks at its house."""
    _page = await stream.open()
    stream.broadcaster.notify()
    sent = stream.broadcaster._sent_s
    for _ in range(3):
        stream.at_s += 0.25
        stream.broadcaster.notify()
        assert stream.broadcaster._sent_s == sent
    stream.at_s += 0.25
    stream.broadcaster.notify()
    assert stream.broadcaster._sent_s == stream.at_s


async def test_what_matters_goes_out_at_once(stream: OpenStream) -> None:
    """An event that begins does not wait for its second."""
    _page = await stream.open()
    stream.broadcaster.notify()
    await stream.stand.command(op="event", event_id="e1", shed_kw=2, duration_s=60)
    stream.at_s += 0.3
    stream.broadcaster.notify()
    assert stream.broadcaster._sent_s == stream.at_s


async def test_a_slow_page_gets_the_newest(stream: OpenStream) -> None:
    """Nothing piles up for a page that does not read."""
    page = await stream.open()
    for _ in range(50):
        stream.at_s += 1
        stream.broadcaster.notify()
    assert await waiting(page) == b"%d" % stream.encoded


async def test_a_page_that_is_closed_is_forgotten(stream: OpenStream) -> None:
    """And one too many is refused."""
    pages = [await stream.open() for _ in range(PAGES_MAX)]
    with pytest.raises(FullError):
        stream.broadcaster.listen()
    for page in pages:
        await page.aclose()  # type: ignore[attr-defined]
    assert stream.broadcaster.open_pages == 0


async def test_closing_ends_every_stream(stream: OpenStream) -> None:
    """So that the server can stop."""
    page = await stream.open()
    stream.broadcaster.close()
    with pytest.raises(StopAsyncIteration):
        await anext(page)
    assert stream.broadcaster.open_pages == 0


async def test_a_crowd_that_comes_at_once_is_counted_at_once(stream: OpenStream) -> None:
    """Pages count before they read a first message, and no more once they are gone without one."""
    crowd = [stream.broadcaster.listen() for _ in range(PAGES_MAX)]
    with pytest.raises(FullError):
        stream.broadcaster.listen()
    del crowd[1:]
    assert stream.broadcaster.open_pages == 1
    await anext(crowd[0])
    assert stream.broadcaster.open_pages == 1
