"""The whole twin in a process of its own: ``python -m harness.faults.twin_process CONFIG``.

It is the twin that ``ven-twin run`` starts, with two differences: what it takes for the system's clock may be
set by a file, because a test cannot set the machine's; and its delays before a reconnect are scaled.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import signal
import sys
import time
from pathlib import Path
from typing import cast

import msgspec

from harness.faults.producer import VEN, Scaled
from ven_twin.ven.clock import VenClock
from ven_twin.ven.identity import identity_files
from ven_twin.ven.mqtt.backoff import Backoff
from ven_twin.ven.mqtt.session import MqttSession
from ven_twin.ven.page.app import serving
from ven_twin.ven.runtime import Twin
from ven_twin.ven.settings import TwinSettings
from ven_twin.webkit.settings import WebSettings


class TwinConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the twin. *clock* is a file with the seconds by which the system's clock is wrong.

    With a *page_port* it serves its page; with *descriptors* it may have so many.
    """

    port: int
    identity: str
    state: str
    clock: str
    time_scale: float = 0.05
    puback_timeout_s: float = 1.0
    connect_timeout_s: float = 1.0
    page_port: int | None = None
    descriptors: int | None = None


async def live(config: TwinConfig) -> None:
    """Be a twin until SIGTERM."""
    set_by = Path(config.clock)
    if config.descriptors is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (config.descriptors, hard))

    def system_ts() -> float:
        with contextlib.suppress(OSError, ValueError):
            return time.time() + float(set_by.read_text())
        return time.time()

    settings = TwinSettings(
        ven_id=VEN,
        endpoint="localhost",
        port=config.port,
        state_dir=Path(config.state),
        report_interval_s=1.0,
    )
    twin = Twin.open(settings, identity_files.load(Path(config.identity)), ven_clock=VenClock(system_ts))
    session = cast("MqttSession", twin._session)
    session._backoff = Backoff(Scaled(config.time_scale))
    session._puback_timeout_s = config.puback_timeout_s
    session._connect_timeout_s = config.connect_timeout_s
    session._takeovers._limit = 0  # the faults here close connections as a duel does
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, twin.stop)
    async with contextlib.AsyncExitStack() as stack:
        if config.page_port is not None:
            page = serving(twin, WebSettings(port=config.page_port), Path(config.state))
            await stack.enter_async_context(page)
        await twin.run()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    asyncio.run(live(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=TwinConfig)))
