"""A house's past as its VEN would have reported it, had it run: rows of five minutes, no events. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.wire.telemetry import Telemetry
from ven_twin.control.event_history import Meter
from ven_twin.control.reporting import Sender, telemetry_row
from ven_twin.house.house import House
from ven_twin.house.house_environment import HouseEnvironment, warmed_up
from ven_twin.simulation.scenario import STEP_S

BOOT_ID = "backfill"
"""The rows' boot id, which no run of a VEN has."""
ROW_S = 300


@dataclass(frozen=True, slots=True)
class SimulatedPast:
    """A house and the time that it lives through.

    Attributes:
        house: as it is when nothing has happened to it yet.
        environment: its weather and its people.
        from_ts: where the first row begins, UTC s, a multiple of `ROW_S`.
        until_ts: no row ends after this, UTC s.
        shift_s: house time less wall time, a multiple of `ROW_S`.
    """

    house: House
    environment: HouseEnvironment
    from_ts: int
    until_ts: float
    shift_s: int = 0


def rows(past: SimulatedPast, voice: Sender) -> Iterator[Telemetry]:
    """The rows, oldest first. A row's number follows from its time, so that the same past is the same rows.

    The house lives a day before the first. Nothing is curtailed, so used power and the clone's are one.
    """
    house = warmed_up(past.house, past.environment, past.from_ts + past.shift_s)
    at_ts = past.from_ts
    while at_ts + ROW_S <= past.until_ts:
        meter = Meter()
        for step_s in range(0, ROW_S, STEP_S):
            env = past.environment.environment(at_ts + step_s + past.shift_s, STEP_S)
            house, power_kw = house.step({}, env, STEP_S)
            meter = meter.count(power_kw, sum(power_kw.values()), STEP_S)
        at_ts += ROW_S
        yield telemetry_row(
            voice,
            meter,
            timestamp=at_ts,
            seq=at_ts // ROW_S,
            event_id=None,
            requested_kw=None,
            battery_soc=house.battery.soc if house.battery else None,
            outdoor_c=past.environment.outdoor_c(at_ts + past.shift_s),
            loads=(),
        )
