"""The watch over a connection: one that is silent, has stalled, or whose work has failed is given up."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable

from ven_twin.ven.mqtt.link import Link
from ven_twin.ven.mqtt.outbox_pump import OutboxPump
from ven_twin.ven.mqtt.reason_codes import Loss, LossKind

SILENCE_KEEPALIVES = 1.5

logger = logging.getLogger(__name__)


async def watch(link: Link, pump: OutboxPump, puback_timeout_s: float) -> None:
    """Guard 9: end a connection that is silent for 1.5 keepalives, or that has stopped acknowledging.

    MQTT 5 forbids sending again on a live connection, so a PUBACK that stays away ends it, too.
    """
    while True:
        now_s = time.monotonic()
        silent_at_s = link.heard_s + SILENCE_KEEPALIVES * link.keepalive_s
        stalled_at_s = (pump.unacked_since_s or now_s) + puback_timeout_s
        if now_s >= silent_at_s:
            link.lose(Loss(LossKind.SILENT, f"nothing heard for {SILENCE_KEEPALIVES} × keepalive"))
            return
        if now_s >= stalled_at_s:
            link.lose(Loss(LossKind.SILENT, f"no PUBACK for {puback_timeout_s:g} s"))
            return
        await asyncio.sleep(min(silent_at_s, stalled_at_s) - now_s)


async def or_lose(link: Link, work: Awaitable[None]) -> None:
    """Do *work*; if it fails, which it should not, the connection is given up rather than left half alive."""
    try:
        await work
    except Exception as error:
        logger.exception("the session failed")
        link.lose(Loss(LossKind.FAILED, f"internal error: {type(error).__name__}"))
