"""The emulator's process: ``python -m local_cloud.server``, all settings in the environment."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal

import msgspec

from local_cloud.hardening import harden
from local_cloud.runtime import WEATHER_VARIABLE, CloudWeather
from local_cloud.transient import ending_connections


async def serve() -> None:
    """Serve on BIND_HOST and GATEWAY_PORT until SIGTERM or SIGINT, then save what is to be kept."""
    weather = os.environ.get(WEATHER_VARIABLE)
    harden(os.environ["BIND_HOST"], msgspec.json.decode(weather, type=CloudWeather) if weather else None)
    # Both read their environment when imported, and the emulator must be hardened first.
    from hypercorn.asyncio import serve as hypercorn_serve  # noqa: PLC0415
    from hypercorn.config import Config  # noqa: PLC0415
    from ministack.app import app  # noqa: PLC0415

    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    config = Config()
    config.bind = [f"{os.environ['BIND_HOST']}:{os.environ['GATEWAY_PORT']}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.loglevel = "WARNING"
    await hypercorn_serve(ending_connections(app) if weather else app, config, shutdown_trigger=stop.wait)


def main() -> None:
    """Run the server with as many open files as the machine allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard) if soft < hard else (soft, hard))
    logging.getLogger("hypercorn.access").setLevel(logging.WARNING)
    asyncio.run(serve())


if __name__ == "__main__":
    main()
