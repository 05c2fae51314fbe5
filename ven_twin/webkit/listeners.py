"""The pages that listen to a stream. A slow page receives the newest message and none of those between."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator, Callable

from contracts.errors import VenTwinError

PAGES_MAX = 64


class FullError(VenTwinError):
    """Raised when so many pages are open that one more is refused. Close one, and open it again."""


class Listeners:
    """The open pages; never more than one message waits for each."""

    def __init__(self) -> None:
        self._pages: set[_Page] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._pages)

    @property
    def closed(self) -> bool:
        """True once every stream is ended."""
        return self._closed

    def put(self, message: bytes) -> None:
        """Send every page *message*; an ended stream gets no more, which would take its end's place."""
        if self._closed:
            return
        for page in self._pages:
            page.put(message)

    def close(self) -> None:
        """End every page's stream."""
        self._closed = True
        for page in self._pages:
            page.put(None)

    def listen(self, first: Callable[[], bytes]) -> AsyncIterator[bytes]:
        """The messages of one page, *first* before all others.

        Raises:
            FullError: `PAGES_MAX` are open.
        """
        if len(self._pages) >= PAGES_MAX or self._closed:
            raise FullError
        page = _Page()
        self._pages.add(page)  # now: of a crowd that comes at once, none has read its first message yet
        messages = self._messages(page, first)
        weakref.finalize(messages, self._pages.discard, page).atexit = False  # its client may never read one
        return messages

    async def _messages(self, page: _Page, first: Callable[[], bytes]) -> AsyncIterator[bytes]:
        try:
            yield first()
            while (message := await page.next()) is not None:
                yield message
        finally:
            self._pages.discard(page)


class _Page:
    """One open page: its next message, and a bell."""

    def __init__(self) -> None:
        self._bell = asyncio.Event()
        self._message: bytes | None = None

    def put(self, message: bytes | None) -> None:
        self._message = message
        self._bell.set()

    async def next(self) -> bytes | None:
        await self._bell.wait()
        self._bell.clear()
        return self._message
