"""Incoming messages on their way to the VEN: one at a time, in order, and never fatal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from ven_twin.ven.errors import NotStoredError

OnMessage = Callable[[str, bytes], Awaitable[None]]

logger = logging.getLogger(__name__)


class Inbox:
    """Hands messages to *on_message* in the order in which they arrived."""

    def __init__(self, on_message: OnMessage) -> None:
        self._on_message = on_message
        self._in_order = asyncio.Lock()
        self._handling: set[asyncio.Task[Any]] = set()

    async def deliver(self, topic: str, payload: bytes) -> bool:
        """Hand a message over; whether it may be acknowledged, which it may even after an error (guard 11).

        A message that the handler cannot digest would come back on each reconnect if it were not. Only one
        that could not be kept has to come again.
        """
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine always runs in a task
        self._handling.add(task)
        try:
            async with self._in_order:
                await self._on_message(topic, payload)
        except NotStoredError as error:
            logger.error("%s", error)  # noqa: TRY400 - one line says it all
            return False
        except Exception as error:  # noqa: BLE001 - the caller's error is not the connection's
            logger.error("handler of %s failed: %s", topic, where(error))  # noqa: TRY400 - a trace may quote it
        finally:
            self._handling.discard(task)
        return True

    async def finish(self, timeout_s: float) -> None:
        """Let the handlers that run come to an end; cancel those that do not."""
        if not self._handling:
            return
        _, late = await asyncio.wait(self._handling, timeout=timeout_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def where(error: BaseException) -> str:
    """Type and place of an error; its text may quote a payload."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "?" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
    return f"{type(error).__name__} at {place}"
