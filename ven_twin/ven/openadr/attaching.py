"""A twin attached to its VTN: connections, files, the bridge between them, and the receiver of calls."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

from contracts.errors import FieldError
from ven_twin.ven import clock
from ven_twin.ven.openadr.bridge import VtnBridge
from ven_twin.ven.openadr.call_health import CallHealth
from ven_twin.ven.openadr.callback import CallbackFile
from ven_twin.ven.openadr.callback_server import receiving_calls
from ven_twin.ven.openadr.client import VenOfVtn
from ven_twin.ven.openadr.errors import VtnError
from ven_twin.ven.openadr.http import VtnHttp
from ven_twin.ven.openadr.link import VtnLink
from ven_twin.ven.openadr.listening import VtnListener
from ven_twin.ven.openadr.store import VtnStore
from ven_twin.ven.openadr.subscribing import VtnSubscriber
from ven_twin.ven.runtime import Twin

LEAVE_S = 3.0
"""For taking the subscription back at the end."""

logger = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def being_ven_of(
    twin: Twin,
    link: VtnLink,
    folder: Path,
    *,
    after_s: float = 0.0,
    context: ssl.SSLContext | None = None,
) -> AsyncIterator[None]:
    """Make *twin* a VEN of the VTN at *link* for as long as the block lasts, from *after_s* on.

    VENs of one process may share the *context* of TLS. Raises FieldError.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs each request
    async with contextlib.AsyncExitStack() as stack:
        store = stack.enter_context(contextlib.closing(VtnStore(folder)))
        is_https = link.url.startswith("https:")
        http = await stack.enter_async_context(VtnHttp(context or link.tls(), is_https=is_https))
        client = VenOfVtn(link, http, clock.monotonic_s, twin.on_cloud_time)
        health, name = CallHealth(), twin.snapshot().state.ven_id
        subscriber = _subscriber(link, client, health, folder, name)
        listener = VtnListener(client, link, name, health) if link.listens else None
        bridge = VtnBridge(twin, link, client, store, teller=subscriber or listener, health=health)
        if link.callback is not None and subscriber is not None:
            await stack.enter_async_context(receiving_calls(link.callback, subscriber.token, bridge.on_call))
        if listener is not None:
            await stack.enter_async_context(listener.listening(bridge.on_call))
        running = asyncio.ensure_future(bridge.run(after_s))
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            bridge.end()
            if subscriber is not None:
                await _leave(subscriber)


def _subscriber(
    link: VtnLink, client: VenOfVtn, health: CallHealth, folder: Path, name: str
) -> VtnSubscriber | None:
    if link.callback is None:
        return None
    return VtnSubscriber(
        client,
        link.callback,
        CallbackFile(folder),
        link.key,
        name,
        health=health,
        now_s=clock.monotonic_s,
        now_ts=clock.now_ts,
        rng=random.Random(),  # noqa: S311 - spreads attempts
    )


async def _leave(subscriber: VtnSubscriber) -> None:
    """Take the subscription back; where that fails the next run takes it up."""
    try:
        async with asyncio.timeout(LEAVE_S):
            await subscriber.remove()
    except (VtnError, FieldError, TimeoutError) as error:
        logger.info("the subscription is left to the next run: %s", error or f"no answer in {LEAVE_S:.0f} s")
