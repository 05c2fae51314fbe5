"""The event loop of a process with many VENs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_many(main: Coroutine[Any, Any, T]) -> T:
    """Run *main* in uvloop's event loop, which takes less CPU and memory for each connection.

    Windows has no uvloop, and its own loop does there.
    """
    with asyncio.Runner(loop_factory=_loop) as runner:
        return runner.run(main)


def _loop() -> asyncio.AbstractEventLoop:
    with contextlib.suppress(ImportError):
        import uvloop  # noqa: PLC0415 - a VEN alone needs none

        return uvloop.new_event_loop()
    return asyncio.new_event_loop()
