"""The emulator's process, started by `local_cloud.process`: all settings in the environment."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal
import ssl
import tempfile
from typing import TYPE_CHECKING

import msgspec

from local_cloud.hardening import harden
from local_cloud.metering import CloudMeter, answering, meter_all
from local_cloud.runtime import GATEWAY_FD, METER_VARIABLE, TLS_FD, WEATHER_VARIABLE, CloudWeather
from local_cloud.transient import ending_connections

if TYPE_CHECKING:
    from hypercorn.config import Config


async def serve() -> None:
    """Serve on the sockets that were handed over until SIGTERM or SIGINT, then save what is to be kept."""
    weather = os.environ.get(WEATHER_VARIABLE)
    harden(msgspec.json.decode(weather, type=CloudWeather) if weather else None)
    meter = CloudMeter() if METER_VARIABLE in os.environ else None
    if meter is not None:
        meter_all(meter)
    # Both read their environment when imported, and the emulator must be hardened first.
    from hypercorn.asyncio import serve as hypercorn_serve  # noqa: PLC0415
    from hypercorn.config import Config  # noqa: PLC0415
    from ministack.app import app  # noqa: PLC0415

    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    plain, encrypted = f"fd://{os.environ[GATEWAY_FD]}", os.environ.get(TLS_FD)
    config = tls_config() if encrypted else Config()
    config.bind = [f"fd://{encrypted}"] if encrypted else [plain]
    config.insecure_bind = [plain] if encrypted else []
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.loglevel = "WARNING"
    served = app if meter is None else answering(app, meter)
    served = ending_connections(served) if weather else served
    await hypercorn_serve(served, config, shutdown_trigger=stop.wait)


def tls_config() -> Config:
    """A server's configuration with the certificate of the MQTT listener, which is made when it is needed."""
    from hypercorn.config import Config  # noqa: PLC0415 - see `serve`
    from ministack.services import iot  # noqa: PLC0415

    class TlsConfig(Config):
        """Asked for its context once the emulator has its state, and with it the authority that it keeps."""

        ssl_enabled = True

        def create_ssl_context(self) -> ssl.SSLContext:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            with tempfile.NamedTemporaryFile("w", suffix=".pem") as pair:  # a context reads files alone
                pair.write("".join(iot._mtls_ensure_server_cert()))  # noqa: SLF001 - the emulator's own
                pair.flush()
                context.load_cert_chain(pair.name)
            return context

    return TlsConfig()


def main() -> None:
    """Run the server with as many open files as the machine allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard) if soft < hard else (soft, hard))
    logging.getLogger("hypercorn.access").setLevel(logging.WARNING)
    asyncio.run(serve())


if __name__ == "__main__":
    main()
