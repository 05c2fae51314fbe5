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
from contracts.wire.ids import VenId
from contracts.wire.topics import check_ven_id
from ven_twin.cli.connection import (
    LOCAL,
    ProfileOption,
    RegionOption,
    ReportIntervalOption,
    StageOption,
    connect,
    deal_houses,
    some_vens,
    split_names,
    stack_vens,
    ven_folder,
)
from ven_twin.cli.console import console, echo
from ven_twin.cli.house_time import (
    AfternoonOption,
    HouseSpanOption,
    HouseSpeedOption,
    HouseStartOption,
    HouseTime,
    house_time,
)

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.cloud import Cloud
    from ven_twin.ven.mqtt.connect_gate import ConnectGate
    from ven_twin.ven.runtime import Twin
    from ven_twin.ven.settings import TwinSettings

VensOption = Annotated[
    str | None, typer.Option("--vens", help="VENs, by commas; every one of the stack when left out.")
]
HousesOption = Annotated[str, typer.Option("--houses", help="Their houses in turn, by commas.")]
HOUSES = "standard,flat,leaky"
PastDaysOption = Annotated[
    int,
    typer.Option("--past-days", help="Write so many days of their past first, for baselines.", min=0, max=45),
]
_SPEAKER: ContextVar[str] = ContextVar("ven_id", default="fleet")
"""The VEN whose task is running: the twins log alike, and a line has to say whose it is."""


def run_fleet(
    *,
    vens: VensOption = None,
    houses: HousesOption = HOUSES,
    house_speed: HouseSpeedOption = None,
    house_start: HouseStartOption = None,
    house_span: HouseSpanOption = None,
    afternoon: AfternoonOption = False,
    past_days: PastDaysOption = 0,
    report_interval: ReportIntervalOption = None,
    stage: StageOption = LOCAL,
    profile: ProfileOption = None,
    region: RegionOption = None,
) -> None:
    """Run many twins in one process, each with a house and a family of its own. Ctrl-C restores the loads.

    Examples:
        ven-twin fleet run --afternoon --past-days 14
        ven-twin fleet run --vens home-1,home-2 --houses standard,leaky
    """
    from contracts.api.event_text import parse_seconds
    from ven_twin.ven.mqtt.connect_gate import ConnectGate
    from ven_twin.ven.settings import TwinSettings

    time = house_time(house_start, house_speed, house_span, afternoon=afternoon)
    interval_s = parse_seconds(report_interval, "--report-interval") if report_interval else None
    deal_houses((), houses)  # judged before the cloud is reached
    if past_days and stage != LOCAL:
        reason = "is for the local cloud: ven-twin history backfill --yes writes elsewhere"
        raise FieldError("--past-days", reason)
    cloud = connect(stage, profile, region)
    chosen = [check_ven_id(name, "--vens") for name in split_names(vens, "--vens")] if vens else []
    ven_ids = chosen or some_vens(stack_vens(cloud))
    dealt = deal_houses(ven_ids, houses)
    if past_days:
        _write_past(cloud, dealt, past_days, time)
    _log_by_ven()
    twins: dict[VenId, Twin] = {}
    gate = ConnectGate()
    with contextlib.ExitStack() as stack:
        for ven_id, (house, seed) in dealt.items():
            settings = TwinSettings(
                ven_id=ven_id,
                endpoint="",
                state_dir=ven_folder(stage, ven_id),
                house=house,
                house_seed=seed,
                house_speed=time.speed,
                house_start_ts=time.start_ts,
                house_span_s=time.span_s,
                report_interval_s=interval_s,
                vens=len(ven_ids),
            )
            twins[ven_id] = stack.enter_context(_twin(cloud, settings, gate))
        left = asyncio.run(_all_until_signalled(twins))
    if left:
        raise VenTwinError("; ".join(left))


def _write_past(cloud: Cloud, dealt: dict[VenId, tuple[str, int]], days: int, lives: HouseTime) -> None:
    """Write the past of each house, as it lives from now on."""
    from ven_twin.cli.history import Home, fill, fill_fleet

    filled = []
    with console.status("") as status:
        for number, (ven_id, (house, seed)) in enumerate(dealt.items(), 1):
            status.update(f"writing {days} days of the past of {ven_id}, {number} of {len(dealt)} …")
            filled.append(fill(cloud, Home(ven_id, house, seed), days, lives))
        if len(dealt) == len(stack_vens(cloud)):
            fill_fleet(cloud, filled)
    echo(f"{days} days of the past of {len(dealt)} VENs are stored.")


def _twin(cloud: Cloud, settings: TwinSettings, gate: ConnectGate) -> Twin:
    from ven_twin.cli.certs import save_identity
    from ven_twin.ven.identity import identity_files
    from ven_twin.ven.runtime import Twin

    tls = settings.state_dir / "tls"
    settings = settings.at(*save_identity(cloud, settings.ven_id, tls))
    return Twin.open(settings, identity_files.load(tls), gate=gate)


async def _all_until_signalled(twins: dict[VenId, Twin]) -> list[str]:
    """Run *twins* until SIGINT or SIGTERM; the reasons of those that ended by themselves."""

    def stop() -> None:
        for twin in twins.values():
            twin.stop()

    async def run(ven_id: VenId, twin: Twin) -> str | None:
        _SPEAKER.set(ven_id)
        status = await twin.run()
        return f"{ven_id}: {status.reason}" if status.state == "duplicate_client" else None

    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop)
    ended = await asyncio.gather(*(run(ven_id, twin) for ven_id, twin in twins.items()))
    return [why for why in ended if why is not None]


def _log_by_ven() -> None:
    """Log to standard error, each line with its VEN."""
    from ven_twin.cli.logs import log_to_stderr

    log_to_stderr(json_output=False)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_says_who)


def _says_who(record: logging.LogRecord) -> bool:
    record.msg, record.args = f"{_SPEAKER.get():12}  {record.getMessage()}", ()
    return True
