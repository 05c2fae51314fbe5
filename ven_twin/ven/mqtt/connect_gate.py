"""The gate of a process with many VENs: some open a connection at once, the others wait for their turn.

A TLS handshake is work of some ms. A thousand that begin together all end late, none of them within its
time-out, and then all begin again. A VEN that waits at the gate has not begun: its time-out does not run.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

AT_ONCE = 20
"""Interpretation: enough to fill the time that answers take, and few enough to end within a second or two."""


class ConnectGate:
    """Lets *at_once* through; made for one event loop, at its first use."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._free = asyncio.Semaphore(at_once)

    @contextlib.asynccontextmanager
    async def turn(self, abandoned: asyncio.Future[Any]) -> AsyncIterator[bool]:
        """Wait for a turn, and have it for as long as the block lasts; False once *abandoned* is done."""
        taking = asyncio.ensure_future(self._free.acquire())
        try:
            await asyncio.wait({taking, abandoned}, return_when=asyncio.FIRST_COMPLETED)
            yield not abandoned.done()
        finally:
            if taking.done() and not taking.cancelled():
                self._free.release()
            else:
                taking.cancel()
                await asyncio.gather(taking, return_exceptions=True)
