"""``ven-twin fleet run``: many twins in one process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from contextvars import ContextVar
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import FieldError, VenTwinError
from contracts.store.stack import StackOutput
from contracts.wire.topics import check_ven_id
from ven_twin.cli.connection import LOCAL, ProfileOption, RegionOption, StageOption, connect, ven_folder

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.cloud import Cloud
    from ven_twin.ven.runtime import Twin

HOUSES = "standard,flat,leaky"
_SPEAKER: ContextVar[str] = ContextVar("ven_id", default="fleet")
"""The VEN whose task is running: the twins log alike, and a line has to say whose it is."""


def run_fleet(
    *,
    vens: Annotated[
        str | None, typer.Option("--vens", help="VENs, by commas; every one of the stack when left out.")
    ] = None,
    houses: Annotated[str, typer.Option("--houses", help="Their houses in turn, by commas.")] = HOUSES,
    house_speed: Annotated[
        float, typer.Option("--house-speed", help="House seconds to a wall second.")
    ] = 1.0,
    house_start: Annotated[
        str | None, typer.Option("--house-start", help="House time at the start, ISO 8601.")
    ] = None,
    report_interval_s: Annotated[
        float | None, typer.Option("--report-interval", help="Between two telemetry rows, s.")
    ] = None,
    stage: StageOption = LOCAL,
    profile: ProfileOption = None,
    region: RegionOption = None,
) -> None:
    """Run many twins in one process, each with a house and a family of its own. Ctrl-C restores the loads."""
    from contracts.api.event_text import parse_start_ts
    from ven_twin.cli.run import log_to_stderr
    from ven_twin.house.library import load_profile

    house_names = _split(houses, "--houses")
    seeds = {house: load_profile(house).seed for house in house_names}
    start = parse_start_ts(house_start, "--house-start") if house_start else None
    cloud = connect(stage, profile, region)
    ven_ids = (
        [check_ven_id(name, "--vens") for name in _split(vens, "--vens")] if vens else _stack_vens(cloud)
    )
    log_to_stderr(json_output=False)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_says_who)
    twins = {}
    with contextlib.ExitStack() as stack:
        for index, ven_id in enumerate(ven_ids):
            house = house_names[index % len(house_names)]
            twin = _twin(
                cloud,
                ven_id,
                stage,
                house=house,
                house_seed=seeds[house] + index,
                house_speed=house_speed,
                house_start_ts=start,
                report_interval_s=report_interval_s,
            )
            twins[ven_id] = stack.enter_context(twin)
        left = asyncio.run(_all_until_signalled(twins))
    if left:
        raise VenTwinError("; ".join(left))


def _twin(cloud: Cloud, ven_id: str, stage: str, **house: object) -> Twin:
    from ven_twin.cli.certs import save_identity
    from ven_twin.ven.identity import identity_files
    from ven_twin.ven.runtime import Twin
    from ven_twin.ven.settings import TwinSettings

    folder = ven_folder(stage, ven_id)
    settings = TwinSettings(ven_id=ven_id, endpoint="", state_dir=folder, **house)  # type: ignore[arg-type]
    endpoint, port = save_identity(cloud, ven_id, folder / "tls")
    return Twin.open(settings.at(endpoint, port), identity_files.load(folder / "tls"))


async def _all_until_signalled(twins: dict[str, Twin]) -> list[str]:
    """Run *twins* until SIGINT or SIGTERM; the reasons of those that ended by themselves."""

    def stop() -> None:
        for twin in twins.values():
            twin.stop()

    async def run(ven_id: str, twin: Twin) -> str | None:
        _SPEAKER.set(ven_id)
        status = await twin.run()
        return f"{ven_id}: {status.reason}" if status.state == "duplicate_client" else None

    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop)
    ended = await asyncio.gather(*(run(ven_id, twin) for ven_id, twin in twins.items()))
    return [why for why in ended if why is not None]


def _says_who(record: logging.LogRecord) -> bool:
    record.msg, record.args = f"{_SPEAKER.get():12}  {record.getMessage()}", ()
    return True


def _stack_vens(cloud: Cloud) -> list[str]:
    """Every VEN of the stack. Raises VenTwinError when there is none."""
    ven_ids = sorted(str(item["venId"]) for item in cloud.items(StackOutput.VENS_TABLE))
    if not ven_ids:
        raise VenTwinError("the stack has no VENs: deploy it with some, such as --vens ven-1,ven-2")
    return ven_ids


def _split(text: str, field: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise FieldError(field, "name at least one")
    return names
