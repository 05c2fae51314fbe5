"""The house as the twin runs it: stepped with time, planned for events, metered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from contracts.wire.events import Phase
from contracts.wire.telemetry import Load
from ven_twin.control import reporting
from ven_twin.control.circuit_views import CircuitSetting
from ven_twin.control.house_pair import Flow, HousePair, interval_requested_kw
from ven_twin.control.meter import Meter
from ven_twin.control.offers import Hold, Trial, can_hold, sustain_s
from ven_twin.control.release import CAP_KW, Release, begin
from ven_twin.control.schedule import ScheduledEvent
from ven_twin.control.shedding import ShedPlan
from ven_twin.control.ven_state import VenState
from ven_twin.house.library import load_profile, load_site
from ven_twin.house.profile import Panel, build_house
from ven_twin.house.warm_up import warmed_up
from ven_twin.ven.clock import HouseClock

STEP_MAX_S = 900.0
"""Longest step of house time; what is longer (a suspended machine) is made in several."""
LOOK_AHEAD_S = 1.0
OFFER_PERIOD_S = 60.0
"""Between two looks at how long what is on offer could be held, unless the offer changes."""


class _Sustained(NamedTuple):
    """For how long an offer could be held, and when that was found out."""

    held_s: float
    offer_kw: float
    at_s: float


class HouseRuntime:
    """A house, its clone beside it, and the meters on them. Times are monotonic seconds.

    Attributes:
        panel: the service panel.
        load_ids: the circuits' ids.
        critical: ids of the circuits that are never shed.
    """

    def __init__(self, house: str, house_clock: HouseClock, seed: int | None = None) -> None:
        profile = load_profile(house)
        built = build_house(profile)
        self._site = load_site(profile, seed)
        self._clock = house_clock
        self._stepped_s = house_clock.started_s
        lived_in = warmed_up(built, self._site, house_clock.origin_ts)
        self._premises = HousePair(lived_in, lived_in)
        self._flow = Flow({}, 0.0)
        self._row = Meter()
        self._acting: str | None = None
        self._delivered: dict[str, Meter] = {}
        self._requested_kw: dict[str, float] = {}
        self._release: Release | None = None
        self._released: Release | None = None
        self._restores = 0
        self._sustained = _Sustained(0.0, 0.0, float("-inf"))
        self.panel: Panel = profile.panel
        self.load_ids = frozenset(circuit.id for circuit in built.circuits)
        self.critical = frozenset(circuit.id for circuit in built.circuits if circuit.critical)

    @property
    def plan(self) -> ShedPlan:
        """What was decided last, by circuit."""
        return self._premises.plan

    @property
    def premises(self) -> HousePair:
        """House, clone and plan as they stand."""
        return self._premises

    @property
    def flow(self) -> Flow:
        """The power of the last step."""
        return self._flow

    @property
    def utc_offset_h(self) -> float:
        """Of the house's local standard time."""
        return self._site.weather.utc_offset_h

    @property
    def available_kw(self) -> float:
        """What could be shed now, kW."""
        return self._premises.available_kw

    @property
    def used_kw(self) -> float:
        """What the site drew in the last step, kW."""
        return self._flow.used_kw

    @property
    def battery_soc(self) -> float | None:
        """State of charge of the battery, 0 to 1, or None."""
        return reporting.battery_soc(self._premises)

    @property
    def acting(self) -> str | None:
        """Id of the event that the plan in force serves, or None."""
        return self._acting

    def sustain_s(self, state: VenState, now_s: float) -> float:
        """For how long what is on offer now could be held, wall s: house time by the house's speed.

        Tried out anew once a minute, or when the offer has changed by what is worth saying.
        """
        offer_kw, last = self.available_kw, self._sustained
        moved = abs(offer_kw - last.offer_kw) >= reporting.OFFER_STEP_KW
        if moved or now_s >= last.at_s + OFFER_PERIOD_S:
            held_s = sustain_s(self._trial(state, now_s), offer_kw) / self._clock.speed
            self._sustained = _Sustained(held_s, offer_kw, now_s)
        return self._sustained.held_s

    def can_hold(self, kw: float, minutes: float) -> Hold:
        """Whether the house as it stands could hold *kw* for so many minutes of house time."""
        trial = Trial(self._premises, self._site.environment, self._clock.at(self._stepped_s))
        return can_hold(trial, kw, minutes)

    def _trial(self, state: VenState, now_s: float) -> Trial:
        return Trial(self._premises, self._site.environment, self._clock.at(now_s), _load_settings(state))

    def house_ts(self, now_s: float) -> float:
        """The time in the house, UTC s."""
        return self._clock.at(now_s)

    def advance(self, state: VenState, now_s: float) -> None:
        """Let the house live until *now_s* as it was last planned."""
        while (wall_s := min(now_s - self._stepped_s, STEP_MAX_S / self._clock.speed)) > 0:
            dt_s = wall_s * self._clock.speed
            env = self._site.environment(self._clock.at(self._stepped_s), dt_s)
            self._premises, flow = self._premises.step(env, dt_s, _load_settings(state))
            self._flow = flow
            self._row = self._row.count(flow.circuits_kw, flow.baseline_kw, wall_s)
            if self._acting is not None:
                meter = self._delivered.get(self._acting, Meter())
                self._delivered[self._acting] = meter.count(flow.circuits_kw, flow.baseline_kw, wall_s)
            if self._release is not None:
                self._release = self._release.count(flow.used_kw - flow.baseline_kw, wall_s)
            self._stepped_s += wall_s

    def replan(self, state: VenState, held: ScheduledEvent | None, now_s: float, now_ts: float) -> None:
        """Decide what each circuit does from now on, for the event in force or for none.

        The time after an event is `ven_twin.control.release`'s: it begins here when an event is acted on no
        more, and ends with its time or with the next event.
        """
        house_ts = self._clock.at(now_s)
        self._keep_release(state, held, house_ts, now_ts)
        release = self._release
        interval = held.interval(now_ts) if held else None
        ahead_s = LOOK_AHEAD_S * self._clock.speed
        env = self._site.environment(house_ts, ahead_s)
        self._premises = self._premises.planned(
            env,
            ahead_s,
            interval,
            limit_kw=state.settings.target_power_kw,
            settings=_load_settings(state),
            load_sheds=state.load_sheds,
            waiting=release.waiting(house_ts) if release else None,
            above_clone_kw=CAP_KW if release else None,
        )
        self._acting = held.event.event_id if held else None
        if held is not None:
            requested_kw = interval_requested_kw(interval, self._flow, self.available_kw)
            self._requested_kw[held.event.event_id] = requested_kw or 0.0

    def _keep_release(
        self, state: VenState, held: ScheduledEvent | None, house_ts: float, now_ts: float
    ) -> None:
        """Begin the release of an event that is acted on no more, or end the one that runs."""
        if self._release is not None and (held is not None or self._release.over(house_ts)):
            self._released, self._release = self._release, None
        if state.restores != self._restores:
            self._restores = state.restores
            self.give_back()
        if held is None and self._acting is not None:
            ended = state.schedule.events.get(self._acting)
            staged = ended is not None and ended.phase(now_ts) is Phase.COMPLETED
            plan, views = self._premises.plan, self._premises.views
            self._release = begin(self._acting, state.ven_id, house_ts, plan, views, staged=staged)

    def give_back(self) -> None:
        """Have what waits for its turn come back at the next plan; only the cap stands."""
        if self._release is not None:
            self._release = replace(self._release, turns={})

    def with_rebound(self, summary: dict[str, Any] | None) -> dict[str, Any] | None:
        """The summary of an event, with its rebound when its release is over."""
        done = self._released
        if summary is None or done is None or summary["eventId"] != done.event_id:
            return summary
        return {**summary, **done.summary()}

    def read_row(self) -> Meter:
        """Read the meter of the row and set it back."""
        row, self._row = self._row, Meter()
        return row

    def flowing(self) -> Meter:
        """The last step as a reading: what flows now."""
        return Meter().count(self._flow.circuits_kw, self._flow.baseline_kw, 1.0)

    def loads(self, state: VenState, row: Meter) -> tuple[Load, ...]:
        """Every circuit, with its mean power over *row*."""
        means_kw = {circuit: row.mean_kw(energy) for circuit, energy in row.circuits_kwh.items()}
        return reporting.circuit_loads(self._premises, means_kw, state)

    def delivered(self, event_id: str) -> Meter | None:
        """What was metered while *event_id* was acted on, or None when it never was."""
        return self._delivered.get(event_id)

    def requested_kw(self, event_id: str) -> float | None:
        """What *event_id* last asked for, kW, or None when it was never acted on."""
        return self._requested_kw.get(event_id)

    @property
    def metered(self) -> tuple[dict[str, Meter], dict[str, float]]:
        """The meters of the events that are acted on, and what each last asked for in kW, by event id."""
        return dict(self._delivered), dict(self._requested_kw)

    def resume(self, delivered: dict[str, Meter], requested_kw: dict[str, float]) -> None:
        """Go on from the meters of an earlier run; what was not metered in between is in none of them."""
        self._delivered |= delivered
        self._requested_kw |= requested_kw

    def forget(self, event_id: str) -> None:
        """Drop the meter of an event that is over and was reported."""
        self._delivered.pop(event_id, None)
        self._requested_kw.pop(event_id, None)


def _load_settings(state: VenState) -> dict[str, CircuitSetting]:
    return {
        load_id: CircuitSetting(
            enabled=load.enabled is not False,
            capacity_kw=load.capacity_kw,
            priority=load.priority,
            opted_out=load_id in state.by_hand,
        )
        for load_id, load in state.settings.loads.items()
    }
