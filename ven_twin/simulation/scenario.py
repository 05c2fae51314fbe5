"""The run loop: a house, its clone and its events through days of weather. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, inf

from contracts.wire.events import DrEvent, Interval
from contracts.wire.ids import VenId
from contracts.wire.units import S_PER_DAY
from ven_twin.control.comfort import WITHIN, Beyond, beyond
from ven_twin.control.house_pair import Flow, HousePair, interval_requested_kw
from ven_twin.control.release import NO_RELEASE, PAYBACK_S, Release
from ven_twin.house.devices.ev import Ev
from ven_twin.house.devices.water_heater import WaterHeater
from ven_twin.house.environment import Environment
from ven_twin.house.errors import PhysicsError
from ven_twin.house.house import House
from ven_twin.house.house_environment import HouseEnvironment, warmed_up

STEP_S = 60
REBOUND_HORIZON_S = 4 * 3600
"""The time after an event in which its rebound is counted, at most until the next.

Interpretation: by then air and tank are where the clone's are. A car and a battery are not: see
`PAYBACK_HORIZON_S`."""
PAYBACK_HORIZON_S = int(PAYBACK_S)
"""The time after an event of its payback, at most until the next event: batteries refill by night."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A simulation: *days* from *start_s* (UTC s) in steps of a minute, *events* in order of time.

    It lives on past the days until the last event and its payback are over: no event is cut.

    Raises:
        PhysicsError: less than a day.
    """

    house: House
    environment: HouseEnvironment
    start_s: float
    days: int
    events: Sequence[DrEvent] = ()

    def __post_init__(self) -> None:
        if self.days < 1:
            raise PhysicsError(f"a simulation lasts at least a day, not {self.days}")

    @property
    def days_end_s(self) -> float:
        """The end of the days, UTC s."""
        return self.start_s + self.days * S_PER_DAY

    @property
    def steps(self) -> int:
        """The number of steps."""
        return (self.days * S_PER_DAY + self.lives_on_s) // STEP_S

    @property
    def lives_on_s(self) -> int:
        """The time past the days, s, in whole steps."""
        last_s = max((event.end_ts + PAYBACK_HORIZON_S for event in self.events), default=self.days_end_s)
        return max(0, ceil((last_s - self.days_end_s) / STEP_S)) * STEP_S


@dataclass(frozen=True, slots=True)
class Minute:
    """One step of a run. Powers are means over it, temperatures and charges are those at its end.

    ``requested_kw`` and ``event_id`` are None outside events; what a house does not have is None as well.
    ``free_air_c`` is the air in the counterfactual, ``free_circuits_kw`` are its circuits. ``beyond`` and
    ``free_beyond`` say what of house and counterfactual is beyond setpoints and limits.
    """

    at_s: float
    circuits_kw: Mapping[str, float]
    used_kw: float
    baseline_kw: float
    outdoor_c: float
    requested_kw: float | None = None
    event_id: str | None = None
    curtailed: tuple[str, ...] = ()
    air_c: float | None = None
    free_air_c: float | None = None
    tank_c: float | None = None
    ev_soc: float | None = None
    battery_soc: float | None = None
    free_circuits_kw: Mapping[str, float] = field(default_factory=dict)
    beyond: Beyond = WITHIN
    free_beyond: Beyond = WITHIN

    @property
    def delivered_kw(self) -> float:
        """Baseline less use, kW; below zero it is a rise."""
        return self.baseline_kw - self.used_kw

    def quantities(self) -> Iterator[tuple[str, float]]:
        """Every quantity that it has, by the circuit's id or by its name."""
        yield from self.circuits_kw.items()
        yield "used", self.used_kw
        yield "baseline", self.baseline_kw
        yield "delivered", self.delivered_kw
        yield "outdoor", self.outdoor_c
        optional = (
            ("requested", self.requested_kw),
            ("air", self.air_c),
            ("free_air", self.free_air_c),
            ("tank", self.tank_c),
        )
        for name, value in optional:
            if value is not None:
                yield name, value


@dataclass(frozen=True, slots=True)
class LivedMinute:
    """One step of a run: house and counterfactual after it, their power, and the event in force, if any."""

    at_s: float
    env: Environment
    pair: HousePair
    flow: Flow
    event: DrEvent | None
    requested_kw: float | None


def live(scenario: Scenario) -> Iterator[LivedMinute]:
    """Live through *scenario*, minute by minute, with each event's release as in a VEN."""
    house = warmed_up(scenario.house, scenario.environment, scenario.start_s)
    pair, release = HousePair(house, house), NO_RELEASE
    ven_id = VenId(f"{scenario.environment.seed}")
    events = iter(scenario.events)
    event, acting = next(events, None), None
    for step in range(scenario.steps):
        at_s = scenario.start_s + step * STEP_S
        env = scenario.environment.environment(at_s, STEP_S)
        while event is not None and at_s >= event.end_ts:
            event = next(events, None)
        interval = event.interval_at(at_s) if event else None
        if interval is not None:
            release = NO_RELEASE
        elif acting is not None:
            release = pair.begin_release(acting.event_id, ven_id, at_s, staged=True)
        acting = event if interval else None
        # Between events there is nothing to decide once every circuit is released.
        if interval is not None or not release.over(at_s) or any(pair.curtailed.values()):
            pair = _planned(pair, env, interval, release, at_s)
        available_kw = pair.available_kw if interval else 0.0
        pair, flow = pair.step(env, STEP_S)
        requested_kw = interval_requested_kw(interval, flow, available_kw)
        yield LivedMinute(at_s, env, pair, flow, acting, requested_kw)


def _planned(
    pair: HousePair, env: Environment, interval: Interval | None, release: Release, at_s: float
) -> HousePair:
    """The plan for a step, in an event or in the release after one."""
    return pair.planned(
        env,
        STEP_S,
        interval,
        waiting=release.waiting(at_s),
        above_baseline_kw=release.cap_kw(at_s),
        easing_c=release.easing_c(at_s),
    )


def run(scenario: Scenario) -> Iterator[Minute]:
    """Live through *scenario*, minute by minute; the same scenario gives the same minutes."""
    # Until an event begins house and counterfactual are one.
    from_s = min((event.start_ts for event in scenario.events), default=inf)
    for lived in live(scenario):
        yield _minute(
            lived.pair,
            lived.flow,
            at_s=lived.at_s,
            outdoor_c=lived.env.outdoor_c,
            requested_kw=lived.requested_kw,
            event_id=lived.event.event_id if lived.event else None,
            compares=lived.at_s >= from_s,
        )


def _minute(
    pair: HousePair,
    flow: Flow,
    *,
    at_s: float,
    outdoor_c: float,
    requested_kw: float | None,
    event_id: str | None,
    compares: bool,
) -> Minute:
    house, clone = pair.house, pair.counterfactual
    heater = next((load for load in house.loads if isinstance(load, WaterHeater)), None)
    car = next((load for load in house.devices() if isinstance(load, Ev)), None)
    return Minute(
        at_s=at_s,
        circuits_kw=flow.circuits_kw,
        used_kw=flow.used_kw,
        baseline_kw=flow.baseline_kw,
        outdoor_c=outdoor_c,
        requested_kw=requested_kw,
        event_id=event_id,
        curtailed=tuple(circuit for circuit, off in pair.curtailed.items() if off),
        air_c=house.hvac.air_c if house.hvac else None,
        free_air_c=clone.hvac.air_c if clone.hvac else None,
        tank_c=heater.outlet_c if heater else None,
        ev_soc=car.soc if car else None,
        battery_soc=house.battery.soc if house.battery else None,
        free_circuits_kw=flow.free_circuits_kw,
        beyond=beyond(house) if compares else WITHIN,
        free_beyond=beyond(clone) if compares else WITHIN,
    )
