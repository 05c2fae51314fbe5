"""An event loop in virtual time: where everybody waits, the clock jumps to the next who wakes."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

R = TypeVar("R")


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop without waits. No socket may be waited for in it, and no thread.

    Attributes:
        now_s: seconds since the start.
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        """The virtual time."""
        return self.now_s


class _JumpingSelector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is there now; else the time that would have been waited for has passed."""
        ready = super().select(0)
        assert ready or timeout is not None, "nobody wakes any more"
        if not ready:
            self._loop.now_s += timeout or 0.0
        return ready


def run_virtually(loop: VirtualLoop, work: Coroutine[Any, Any, R]) -> R:
    """The result of *work* in *loop*, which is closed after it."""
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(work)
