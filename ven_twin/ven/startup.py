"""The start of a VEN: its house warmed up, and its engine as an earlier run left it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace

from contracts.wire.ids import VenId
from ven_twin.control import reporting
from ven_twin.control.forecasting import Forecasting, works_every_s
from ven_twin.control.house_pair import HousePair
from ven_twin.control.offering import slice_steps
from ven_twin.control.ven_state import VenState
from ven_twin.house.house_environment import LIVED_HOURS, warmed_up
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.profile import build_house
from ven_twin.house.sizing import undersized
from ven_twin.house.weather import standard_zone
from ven_twin.ven.clock import VenClock, new_boot_id
from ven_twin.ven.command_receiver import CommandReceiver
from ven_twin.ven.engine import TICK_S, VenEngine, busy_tick_s, rest_tick_s
from ven_twin.ven.house_clock import HouseClock
from ven_twin.ven.house_runtime import HouseRuntime
from ven_twin.ven.settings import TwinSettings
from ven_twin.ven.storage.command_journal import StateStore
from ven_twin.ven.storage.persisted_state import PersistedState
from ven_twin.ven.storage.rows import JournalledAck

logger = logging.getLogger(__name__)
REPORT_INTERVAL, BATCH = "report_interval_seconds", "batch_seconds"


def house_of(settings: TwinSettings, ven_clock: VenClock) -> HouseRuntime:
    """Warm up the house that *settings* name, and log each circuit that is undersized without any event.

    Raises:
        ProfileError: there is no such house.
    """
    start_ts = ven_clock.now_ts() if settings.house_start_ts is None else settings.house_start_ts
    house_clock = HouseClock(start_ts, ven_clock.monotonic_s(), settings.house_speed, settings.house_span_s)
    house = warm_house(settings.house, house_clock, settings.house_seed)
    for words in undersized(load_profile(settings.house), house.environment.weather):
        logger.warning("%s.", words)
    return replace(
        house,
        slice_steps=slice_steps(settings.house_speed, settings.vens),
        forecasting=Forecasting(every_s=works_every_s(settings.vens)),
    )


def warm_house(house: str, house_clock: HouseClock, seed: int | None = None) -> HouseRuntime:
    """Build *house*, a packaged one or a profile's path, and let it live a day before its clock starts.

    Raises:
        ProfileError: there is no such house.
    """
    profile = load_profile(house)
    environment = load_environment(profile, seed)
    warmed = warmed_up(build_house(profile), environment, house_clock.origin_ts)
    return HouseRuntime(
        environment=replace(environment, hours_drawn=LIVED_HOURS),
        clock=house_clock,
        panel=profile.panel,
        first=warmed,
        pair=HousePair(warmed, warmed),
        stepped_s=house_clock.started_s,
        time_zone=profile.time_zone or standard_zone(environment.weather.utc_offset_h),
    )


def resume(
    store: StateStore, house: HouseRuntime, settings: TwinSettings, ven_clock: VenClock
) -> tuple[VenEngine, Mapping[str, object]]:
    """Go on where an earlier run left off: the engine, and the pending patch of the desired state."""
    persisted = store.read(settings.ven_id, house.load_ids)
    if persisted is not None:
        ven_clock.begin(persisted.saved_ts)
    boot_id = new_boot_id(ven_clock.now_ts(), None if persisted is None else persisted.boot_id)
    engine = start_engine(
        settings.ven_id,
        house,
        boot_id,
        house.clock.started_s,
        persisted=persisted,
        answers=store.journal.answers(),
        report_interval_s=settings.report_interval_s,
        batch_s=settings.batch_s,
        rest_tick_s=rest_tick_s(settings.vens),
        busy_tick_s=busy_tick_s(settings.vens),
    )
    return engine, {} if persisted is None else persisted.pending


def start_engine(
    ven_id: VenId,
    house: HouseRuntime,
    boot_id: str,
    now_s: float,
    *,
    persisted: PersistedState | None = None,
    answers: Iterable[JournalledAck] = (),
    report_interval_s: float | None = None,
    batch_s: float = 0.0,
    rest_tick_s: float = TICK_S,
    busy_tick_s: float = TICK_S,
) -> VenEngine:
    """The engine of a VEN that starts, from what an earlier run persisted and answered.

    *report_interval_s* and *batch_s* hold until the shadow sets others. The first row goes out after one
    tick, whatever the interval, so that the cloud sees at once that the VEN works.
    """
    state = VenState(ven_id, house.load_ids) if persisted is None else persisted.state
    if persisted is not None:
        house = replace(house, delivered=persisted.delivered, requested_kw=persisted.requested_kw)
    if report_interval_s is not None and REPORT_INTERVAL not in state.shadow.desired:
        state = replace(state, settings=replace(state.settings, report_interval_s=report_interval_s))
    if BATCH not in state.shadow.desired:
        state = replace(state, settings=replace(state.settings, batch_s=batch_s))
    sender = reporting.Sender(ven_id, boot_id, house.panel)
    return VenEngine(
        sender=sender,
        house=house,
        state=state,
        commands=CommandReceiver(sender, dict(answers)),
        last_event=None if persisted is None else persisted.last_event,
        past=() if persisted is None else persisted.past,
        rest_tick_s=rest_tick_s,
        busy_tick_s=busy_tick_s,
        ticked_s=now_s,
        row_s=now_s + TICK_S - state.settings.report_interval_s,
        loads_s=now_s,
    )
