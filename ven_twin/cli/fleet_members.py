"""The twins of a fleet in one process: opened one after the other, run together, counted.

A fleet of several processes has these in each: `fleet_shards`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Self

from contracts.store.stack import SECRET_RULES, StackOutput, tls_secret_name
from contracts.wire.ids import VenId
from ven_twin.cli.connection import connect, rules_of, ven_folder
from ven_twin.cli.house_time import HouseTime

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.cloud import Cloud
    from ven_twin.ven.mqtt.connect_gate import ConnectGate
    from ven_twin.ven.openadr.link import VtnLink
    from ven_twin.ven.runtime import Twin
    from ven_twin.ven.searches import Searches
    from ven_twin.ven.settings import TwinSettings

COUNT_EVERY_S = 2.0
VTN_STARTS_PER_S = 20.0
"""VENs that ask a VTN for the first time, in a second; from then on their polls lie apart by chance."""
_SPEAKER: ContextVar[str] = ContextVar("ven_id", default="fleet")
"""The VEN whose task is running: the twins log alike, and a line has to say whose it is."""


class FleetCounts(NamedTuple):
    """VENs that are opened, connected, and in an event, and what they draw together, kW."""

    opened: int = 0
    connected: int = 0
    acting: int = 0
    used_kw: float = 0.0

    @classmethod
    def of(cls, twins: Sequence[Twin]) -> Self:
        """The counts of *twins* at this instant."""
        houses = [twin.snapshot().house for twin in twins]
        return cls(
            opened=len(twins),
            connected=sum(twin.status.state == "connected" for twin in twins),
            acting=sum(house.acting is not None for house in houses),
            used_kw=sum(house.flow.used_kw for house in houses),
        )

    def and_of(self, other: FleetCounts) -> FleetCounts:
        """Both together."""
        return FleetCounts(
            self.opened + other.opened,
            self.connected + other.connected,
            self.acting + other.acting,
            self.used_kw + other.used_kw,
        )


Tell = Callable[[FleetCounts], None]


class Members(NamedTuple):
    """The VENs of one process, each with its house and the seed of that, and how they live.

    Attributes:
        batch_s: a row may wait so long in peace, to go with others.
        basic_ingest: whether telemetry goes to the stage's rules; as each VEN's secret says when None.
        claimed: whether their identities are in their folders; else each is fetched from the stack.
        quiet: whether only warnings are logged.
        links: the VTNs of those that have one.
        without_aws: whether these are their only clouds.
    """

    homes: Mapping[VenId, tuple[str, int]]
    lives: HouseTime
    report_interval_s: float | None
    stage: str
    profile: str | None
    region: str | None
    batch_s: float
    basic_ingest: bool | None
    claimed: bool
    quiet: bool
    links: Mapping[VenId, VtnLink] = {}
    without_aws: bool = False

    def settings(self) -> list[TwinSettings]:
        """The settings of each twin; the broker is still open."""
        from ven_twin.ven.settings import TwinSettings

        return [
            TwinSettings(
                ven_id=ven_id,
                endpoint="",
                state_dir=ven_folder(self.stage, ven_id),
                house=house,
                house_seed=seed,
                house_speed=self.lives.speed,
                house_start_ts=self.lives.start_ts,
                house_span_s=self.lives.span_s,
                report_interval_s=self.report_interval_s,
                batch_s=self.batch_s,
                vens=len(self.homes),
            )
            for ven_id, (house, seed) in self.homes.items()
        ]


def run_members(members: Members, tell: Tell) -> list[str]:
    """Open the twins and run them until SIGINT or SIGTERM; the reasons of those that ended by themselves.

    Args:
        members: the VENs.
        tell: is told the counts, while they are opened and every `COUNT_EVERY_S` after.
    """
    from ven_twin.ven.event_loop import run_many
    from ven_twin.ven.mqtt.connect_gate import ConnectGate
    from ven_twin.ven.searches import VENS_IN_TICKS, Searches

    cloud = None if members.without_aws else connect(members.stage, members.profile, members.region)
    _log_by_ven(quiet=members.quiet)
    gate, twins = ConnectGate(), dict[VenId, "Twin"]()
    searches = Searches() if len(members.homes) > VENS_IN_TICKS else None
    with contextlib.ExitStack() as stack:
        for settings in members.settings():
            twins[settings.ven_id] = stack.enter_context(_twin(cloud, settings, gate, searches, members))
            tell(FleetCounts(opened=len(twins)))
        return run_many(_all_until_signalled(members, twins, tell))


def _twin(
    cloud: Cloud | None,
    settings: TwinSettings,
    gate: ConnectGate,
    searches: Searches | None,
    members: Members,
) -> Twin:
    from ven_twin.cli.certs import save_tls
    from ven_twin.ven.identity import identity_files
    from ven_twin.ven.runtime import Twin

    if cloud is None:
        return Twin.open(settings, None, searches=searches)
    tls = settings.state_dir / "tls"
    if members.claimed:
        where, rules = cloud.mqtt(), cloud.optional_output(StackOutput.INGEST_RULES)
    else:
        secret = cloud.tls(tls_secret_name(members.stage, settings.ven_id))
        where, rules = save_tls(cloud, secret, tls), secret.get(SECRET_RULES)
    rules = rules_of(members.stage, members.basic_ingest, rules)
    located = replace(settings.at(*where), rules=rules)
    return Twin.open(located, identity_files.load(tls), gate=gate, searches=searches)


async def _all_until_signalled(members: Members, twins: dict[VenId, Twin], tell: Tell) -> list[str]:
    attach = _attaching(members)

    def stop() -> None:
        for twin in twins.values():
            twin.stop()

    async def run(ven_id: VenId, twin: Twin) -> str | None:
        _SPEAKER.set(ven_id)
        async with attach(ven_id, twin):
            status = await twin.run()
        return f"{ven_id}: {status.reason}" if status.state == "duplicate_client" else None

    async def count() -> None:
        while True:
            tell(FleetCounts.of([*twins.values()]))
            if (parent := multiprocessing.parent_process()) is not None and not parent.is_alive():
                stop()  # nobody would see them, or end them
            await asyncio.sleep(COUNT_EVERY_S)

    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop)
    counting = asyncio.ensure_future(count())
    try:
        ended = await asyncio.gather(*(run(ven_id, twin) for ven_id, twin in twins.items()))
    finally:
        counting.cancel()
    return [why for why in ended if why is not None]


def _attaching(members: Members) -> Callable[[VenId, Twin], AbstractAsyncContextManager[None]]:
    """Attaches a twin to its VTN, where it has one: with the same TLS for all, one after the other."""
    if not members.links:
        return lambda _ven_id, _twin: contextlib.nullcontext()
    from ven_twin.ven.openadr.attaching import being_ven_of

    places = {ven_id: place for place, ven_id in enumerate(members.links)}
    context = next(iter(members.links.values())).tls()

    def attach(ven_id: VenId, twin: Twin) -> AbstractAsyncContextManager[None]:
        link, folder = members.links[ven_id], ven_folder(members.stage, ven_id)
        return being_ven_of(twin, link, folder, after_s=places[ven_id] / VTN_STARTS_PER_S, context=context)

    return attach


def _log_by_ven(*, quiet: bool) -> None:
    """Log to standard error, each line with its VEN."""
    from ven_twin.cli.logs import log_to_stderr

    log_to_stderr(json_output=False)
    for handler in logging.getLogger().handlers:
        if quiet:
            handler.setLevel(logging.WARNING)
            handler.addFilter(_once())
        handler.addFilter(_says_who)


def _once() -> Callable[[logging.LogRecord], bool]:
    """A filter that lets each text through once: a thousand houses have the same to say."""
    seen = set[str]()

    def is_new(record: logging.LogRecord) -> bool:
        text = record.getMessage()
        return text not in seen and not seen.add(text)  # type: ignore[func-returns-value]

    return is_new


def _says_who(record: logging.LogRecord) -> bool:
    record.msg, record.args = f"{_SPEAKER.get():12}  {record.getMessage()}", ()
    return True
