"""The subscriptions, and the messages that come by them: one at a time, in order, and never fatal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from ven_twin.ven.errors import NotStoredError
from ven_twin.ven.mqtt.gmqtt_link import GmqttLink
from ven_twin.ven.mqtt.reason_codes import describe, is_refusal
from ven_twin.ven.storage.outbox import Outbox

SUBSCRIPTIONS_MAX = 8
"""Filters in one SUBSCRIBE. Source: AWS IoT Core quotas."""
_SUBSCRIBED = "subscribed"

logger = logging.getLogger(__name__)


class Subscriptions:
    """The filters of a session; those that the broker acknowledged last are noted beside the outbox.

    Raises:
        ValueError: more than `SUBSCRIPTIONS_MAX` filters.
    """

    def __init__(self, filters: Sequence[str], outbox: Outbox) -> None:
        if len(filters) > SUBSCRIPTIONS_MAX:
            raise ValueError(f"{len(filters)} subscriptions; at most {SUBSCRIPTIONS_MAX} go in a SUBSCRIBE")
        self._filters = tuple(filters)
        self._outbox = outbox

    def missing(self, *, session_present: bool) -> bool:
        """True when the broker lacks our subscriptions: when it has no session of ours (guard 10).

        Interpretation: a session whose SUBSCRIBE was cut off before SUBACK, or that an earlier release made
        with other filters, lacks them too.
        """
        if not self._filters:
            return False
        return not session_present or self._outbox.recall(_SUBSCRIBED) not in (None, self._noted())

    async def subscribe(self, link: GmqttLink) -> str | None:
        """Subscribe on *link*; returns the broker's objection, if it refused a filter."""
        self._outbox.remember(_SUBSCRIBED, "")
        granted = await link.subscribe(self._filters)
        refused = [
            f"{topic}: {describe(code)}"
            for topic, code in zip(self._filters, granted, strict=False)
            if is_refusal(code)
        ]
        if refused:
            objection = f"subscription refused: {', '.join(refused)}"
            logger.error("%s", objection)
            return objection
        if granted:
            self._outbox.remember(_SUBSCRIBED, self._noted())
        return None

    def _noted(self) -> str:
        return "\n".join(sorted(self._filters))


OnMessage = Callable[[str, bytes], Awaitable[None]]


class Inbox:
    """Hands messages to *on_message* in the order in which they arrived."""

    def __init__(self, on_message: OnMessage) -> None:
        self._on_message = on_message
        self._in_order = asyncio.Lock()
        self._handling: set[asyncio.Task[object]] = set()

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


async def or_log(name: str, work: Awaitable[None]) -> None:
    """Do the caller's *work*; its error is logged under *name*, for it is not the connection's."""
    try:
        await work
    except Exception as error:  # noqa: BLE001 - the caller's error is not the connection's
        logger.error("%s failed: %s", name, where(error))  # noqa: TRY400 - a trace may show a payload


def where(error: BaseException) -> str:
    """Type and place of an error; its text may quote a payload."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "?" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
    return f"{type(error).__name__} at {place}"
