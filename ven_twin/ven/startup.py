"""The start of a VEN: its house warmed up, and its engine as an earlier run left it."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.wire.ids import VenId
from ven_twin.ven.clock import VenClock, new_boot_id
from ven_twin.ven.engine import VenEngine, start_engine
from ven_twin.ven.house_runtime import HouseClock, HouseRuntime, warm_house
from ven_twin.ven.settings import TwinSettings
from ven_twin.ven.storage.command_journal import StateStore


def house_of(settings: TwinSettings, ven_clock: VenClock) -> HouseRuntime:
    """Warm up the house that *settings* name. Raises ProfileError when there is no such house."""
    start_ts = ven_clock.now_ts() if settings.house_start_ts is None else settings.house_start_ts
    house_clock = HouseClock(start_ts, ven_clock.monotonic_s(), settings.house_speed)
    return warm_house(settings.house, house_clock, settings.house_seed)


def resume(
    store: StateStore, house: HouseRuntime, settings: TwinSettings, ven_clock: VenClock
) -> tuple[VenEngine, Mapping[str, object]]:
    """Go on where an earlier run left off: the engine, and the pending patch of the desired state."""
    persisted = store.read(settings.ven_id, house.load_ids)
    if persisted is not None:
        ven_clock.begin(persisted.saved_ts)
    boot_id = new_boot_id(ven_clock.now_ts(), None if persisted is None else persisted.boot_id)
    engine = start_engine(
        VenId(settings.ven_id),
        house,
        boot_id,
        house.clock.started_s,
        persisted=persisted,
        answers=store.journal.answers(),
        report_interval_s=settings.report_interval_s,
    )
    return engine, {} if persisted is None else persisted.pending
