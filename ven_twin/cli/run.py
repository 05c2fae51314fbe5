"""``ven-twin run``: one twin, until Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from contracts.errors import FieldError
from ven_twin.cli.console import print_json
from ven_twin.cli.places import (
    LOCAL,
    JsonOption,
    ProfileOption,
    RegionOption,
    StageOption,
    VenOption,
    ven_folder,
)
from ven_twin.errors import VenTwinError

logger = logging.getLogger("ven_twin")


def run(
    ven_id: VenOption,
    *,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", help="MQTT host; the stage's when left out.")
    ] = None,
    port: Annotated[int | None, typer.Option("--port", help="MQTT port.")] = None,
    certs: Annotated[Path | None, typer.Option("--certs", help="Folder with the VEN's identity.")] = None,
    secret: Annotated[str | None, typer.Option("--secret", help="Secret with the VEN's identity.")] = None,
    house: Annotated[
        str, typer.Option("--house", help="A packaged house, or a profile's path.")
    ] = "standard",
    house_speed: Annotated[
        float, typer.Option("--house-speed", help="House seconds to a wall second.")
    ] = 1.0,
    house_start: Annotated[
        str | None, typer.Option("--house-start", help="House time at the start, ISO 8601.")
    ] = None,
    report_interval_s: Annotated[
        float | None, typer.Option("--report-interval", help="Between two telemetry rows, s.")
    ] = None,
    state: Annotated[Path | None, typer.Option("--state", help="Folder of the outbox.")] = None,
    stage: StageOption = LOCAL,
    profile: ProfileOption = None,
    region: RegionOption = None,
    json_output: JsonOption = False,
) -> None:
    """Run a twin: a house behind MQTT over mutual TLS, driven by its shadow. Ctrl-C restores the loads."""
    from ven_twin.cli.console import start_ts
    from ven_twin.io import identity
    from ven_twin.settings import MQTT_PORT, TwinSettings
    from ven_twin.twin import Twin

    if certs is not None and secret is not None:
        raise FieldError("--certs", "give either --certs or --secret")
    house_start_ts = start_ts(house_start, "--house-start") if house_start else None
    folder = state or ven_folder(stage, ven_id)
    # Judged before anything is fetched; the endpoint may still be open.
    asked = TwinSettings(
        ven_id=ven_id,
        endpoint=endpoint or "",
        port=port or MQTT_PORT,
        state_dir=folder,
        house=house,
        house_speed=house_speed,
        house_start_ts=house_start_ts,
        report_interval_s=report_interval_s,
    )
    _log_to_stderr(json_output=json_output)
    if certs is None or endpoint is None:
        options = ["--ven-id", ven_id, "--stage", stage, "--out", str(folder / "tls")]
        for option, value in (("--secret", secret), ("--profile", profile), ("--region", region)):
            options += [option, value] if value is not None else []
        where = _fetch(options, folder)
        certs = certs or Path(where["folder"])
        asked = asked.at(endpoint or where["endpoint"], port or where["port"])
    ended = asyncio.run(_until_told(Twin(asked, identity.load(certs))))
    if ended is not None:
        raise VenTwinError(ended)


async def _until_told(twin: Any) -> str | None:
    """Run *twin* until SIGINT or SIGTERM; why it ended by itself, or None."""
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, twin.stop)
    status = await twin.run()
    return status.reason if status.state == "duplicate_client" else None


def _fetch(options: list[str], folder: Path) -> dict[str, Any]:
    """Identity and endpoint from the cloud, by a process of its own: boto3 would double the twin.

    Where the cloud cannot be asked, what was fetched before serves, so that a VEN comes up without it.
    """
    command = [sys.executable, "-m", "ven_twin.cli", "certs", "fetch", "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    known = folder / "endpoint.json"
    if done.returncode == 0:
        known.write_text(done.stdout)
        where: dict[str, Any] = json.loads(done.stdout)
        return where
    lines = done.stderr.strip().removeprefix("ven-twin: ").splitlines() or ["the cloud could not be asked"]
    if not known.exists():
        raise VenTwinError(lines[-1])
    logger.warning("%s; going on with what was fetched before", lines[-1])
    kept: dict[str, Any] = json.loads(known.read_text())
    return kept


class _JsonLines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        print_json(
            {
                "ts": round(record.created, 3),
                "level": record.levelname.lower(),
                "message": record.getMessage(),
            }
        )


def _log_to_stderr(*, json_output: bool) -> None:
    handler: logging.Handler = _JsonLines() if json_output else logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s  %(message)s", datefmt="%H:%M:%S"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
