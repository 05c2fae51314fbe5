"""The house beside its counterfactual, the house without events, and the plan that is in force. Pure.

Both are stepped through the same weather, draws and chance; the counterfactual draws the baseline that no
statistics can give. What is not an event's holds for both, each planned on its own house: switches that the
resident or the shadow sets, the lasting import limit, circuits shed by command. They are how the house is
used, and no event takes that off. Why: docs/decisions/0012-the-counterfactual-under-limits-and-commands.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from types import MappingProxyType

import msgspec

from contracts.wire.events import Interval, Signal
from contracts.wire.ids import EventId, VenId
from ven_twin.control.circuit_views import (
    NO_SETTINGS,
    CircuitSetting,
    Follower,
    circuit_views,
    follower,
    setting_controls,
    with_settings,
)
from ven_twin.control.free_course import FreeCourse
from ven_twin.control.guards import CircuitReason, CircuitView, Switching, advance, refusal
from ven_twin.control.load_up import plan_load_up
from ven_twin.control.manual_sheds import manually_shed_kw, remaining_views, with_manual_sheds
from ven_twin.control.planning import NOTHING_PLANNED, UNCURTAILED, AtRest, PlanMade, Planning
from ven_twin.control.release import Release, begin, eased
from ven_twin.control.shedding import ShedPlan, needed_kw, plan_shed, shed_available_kw
from ven_twin.control.ven_state import LoadShed
from ven_twin.house.control import FREE, Control
from ven_twin.house.environment import Environment
from ven_twin.house.house import House

LEVEL_SHARE = {0: 0.0, 1: 0.3, 2: 0.6, 3: 1.0}
"""The share of the sheddable kW that a level requests. Interpretation: OpenADR's SIMPLE levels name no kW.
They are of what the house draws: nothing is exported for one."""
NOTHING_EASED: Mapping[str, float] = MappingProxyType({})
NOTHING_CURTAILED: Mapping[str, bool] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Flow:
    """Power during a step: by circuit as drawn, and of the house without events whole and by circuit, kW."""

    circuits_kw: Mapping[str, float]
    baseline_kw: float
    free_circuits_kw: Mapping[str, float] = field(default_factory=dict)

    @property
    def used_kw(self) -> float:
        """Power drawn from the grid, kW; below zero the house exported."""
        return sum(self.circuits_kw.values())


@dataclass(frozen=True, slots=True)
class HousePair:
    """The house, its counterfactual, and the plan for the circuits of each.

    Attributes:
        house: as it is run.
        counterfactual: as it would be, had there never been an event.
        planning: the control of each circuit, in force until the next plan, and the circuits as it saw them.
        switching: since when each circuit has been curtailed or not, s of house time.
        lasting: the counterfactual's plan: what a limit and commands take off without any event.
        lasting_switching: as *switching*, of the counterfactual; empty until something is taken off it.
        course: the counterfactual's next step, lived once for plan and step.
    """

    house: House
    counterfactual: House
    planning: Planning = NOTHING_PLANNED
    switching: Mapping[str, Switching] = field(default_factory=dict)
    lasting: ShedPlan = UNCURTAILED
    lasting_switching: Mapping[str, Switching] = field(default_factory=dict)
    course: FreeCourse = field(default_factory=FreeCourse, repr=False, compare=False)

    @property
    def plan(self) -> ShedPlan:
        """The control of each circuit, in force until the next plan."""
        return self.planning.plan

    @property
    def views(self) -> tuple[CircuitView, ...]:
        """The circuits as the plan saw them."""
        return self.planning.views

    @property
    def curtailed(self) -> Mapping[str, bool]:
        """True for each circuit that is curtailed; none is named where all are left alone for sure."""
        return NOTHING_CURTAILED if self.planning.leaves_alone else self.plan.curtailed

    @property
    def battery_soc(self) -> float | None:
        """State of charge of the house's battery, 0 to 1, or None."""
        return None if self.house.battery is None else self.house.battery.soc

    @property
    def available_kw(self) -> float:
        """The kW of what it draws that the house can shed now, beyond what limit and commands take anyway."""
        return _beyond_kw(self.views, self.lasting)

    def requested_kw(self, interval: Interval | None, flow: Flow) -> float | None:
        """The kW that an interval requests off the baseline; None when there is none."""
        is_level = interval is not None and interval.signal is Signal.LEVEL
        return interval_requested_kw(interval, flow, self.available_kw if is_level else 0.0)

    @property
    def shed_kw(self) -> float:
        """The kW that the plan takes off beyond what a limit and commands take off anyway.

        Below 0 it is what a load up draws more.
        """
        beyond_kw = self.plan.shed_kw - self.lasting.shed_kw
        return beyond_kw if self.plan.raised else max(beyond_kw, 0.0)

    def sheddable_kw(self) -> dict[str, float]:
        """The sheddable kW of each circuit now beyond limit and commands; 0 where a guard forbids it."""
        anyway_kw = self.lasting.curtailed_kw
        return {
            view.id: 0.0
            if refusal(view) is not None
            else max(view.sheddable_kw - anyway_kw.get(view.id, 0.0), 0.0)
            for view in self.views
        }

    def step(
        self, env: Environment, dt_s: float, settings: Mapping[str, CircuitSetting] = NO_SETTINGS
    ) -> tuple[HousePair, Flow]:
        """Advance *dt_s* of house time under the plan in force; *settings* hold for both houses.

        Raises:
            PhysicsError: *dt_s* or the environment is no finite number.
        """
        controls = _lasting_controls(self.lasting, settings)
        uncurtailed, course = self.course.step(self.counterfactual, controls, env, dt_s)
        alone, lasting = self.planning.leaves_alone, self.lasting
        if alone and not lasting.controls and self.house is self.counterfactual:
            stepped = uncurtailed
        else:
            applied = setting_controls(settings) if alone else with_settings(self.plan, settings)
            stepped = self.house.step(applied, env, dt_s)
        after = HousePair(
            house=stepped.house,
            counterfactual=uncurtailed.house,
            planning=self.planning,
            switching=self._switched(self.switching, self.curtailed, dt_s),
            lasting=lasting,
            lasting_switching=self._switched(self.lasting_switching, lasting.curtailed, dt_s),
            course=course,
        )
        return after, Flow(stepped.power_kw, uncurtailed.grid_kw, uncurtailed.power_kw)

    def _switched(
        self, switching: Mapping[str, Switching], curtailed: Mapping[str, bool], dt_s: float
    ) -> Mapping[str, Switching]:
        """The *switching* after a step; empty until the first circuit is curtailed."""
        if not switching and not any(curtailed.values()):
            return switching
        return advance(switching, {**dict.fromkeys(self.house.circuit_ids, False), **curtailed}, dt_s)

    def planned(
        self,
        env: Environment,
        dt_s: float,
        interval: Interval | None,
        *,
        limit_kw: float | None = None,
        settings: Mapping[str, CircuitSetting] = NO_SETTINGS,
        load_sheds: Mapping[str, LoadShed] | None = None,
        waiting: Mapping[str, LoadShed] | None = None,
        above_baseline_kw: float | None = None,
        easing_c: Mapping[str, float] = NOTHING_EASED,
    ) -> HousePair:
        """Plan each circuit anew, on the power that house and counterfactual would draw now.

        Args:
            env: the world in the step to come.
            dt_s: how long that step is, s of house time.
            interval: the request of an event now, or None.
            limit_kw: a lasting import limit, of both houses; an event takes its kW off what that leaves.
            settings: the settings of circuits.
            load_sheds: circuits shed by command, of both houses; an event's kW come on top.
            waiting: circuits that an event which is over has not given back yet.
            above_baseline_kw: how far above the counterfactual the house may go, what eases left out; any
                way when None.
            easing_c: setpoints on their way back after an event: how far each is still relaxed, °C.
        """
        anything = interval is not None or limit_kw is not None or above_baseline_kw is not None
        if not (anything or load_sheds or waiting or easing_c) and self._is_settled:
            at_rest = AtRest(self.house, env, dt_s, self.switching, settings)
            return self._with(at_rest, UNCURTAILED)
        is_level = interval is not None and interval.signal is Signal.LEVEL
        level = int(interval.value) if interval is not None and is_level else 0
        views = circuit_views(
            self.house, env, dt_s, self.switching, settings, easing=eased(easing_c), level=level
        )
        commanded = load_sheds or {}
        manual_kw = manually_shed_kw(views, {**(waiting or {}), **commanded})
        remaining = _remaining(views, manual_kw, follower(self.house, env, dt_s, settings))
        demand_kw = sum(view.demand_kw for view in remaining)
        lasting = self._lasting(env, dt_s, limit_kw, settings, commanded)
        controls = _lasting_controls(lasting, settings)
        uncurtailed, _ = self.course.step(self.counterfactual, controls, env, dt_s)
        baseline_kw = uncurtailed.grid_kw
        requested_kw = _requested_kw(interval, baseline_kw, _beyond_kw(views, lasting) if is_level else 0.0)
        needed = [needed_kw(demand_kw, baseline_kw, requested_kw) if requested_kw > 0.0 else 0.0]
        needed += [demand_kw - limit for limit in _limits_kw(interval, limit_kw)]
        if above_baseline_kw is not None:
            easing_kw = sum(view.demand_kw for view in remaining if view.id in easing_c)
            easing_kw -= sum(uncurtailed.power_kw[name] for name in easing_c)
            easing_kw += _covered_less_kw(remaining, uncurtailed.power_kw)
            needed.append(demand_kw - easing_kw - baseline_kw - above_baseline_kw)
        export_kw = 0.0 if is_level else self.house.export_kw
        reasons = dict.fromkeys((waiting or {}).keys() - commanded.keys(), CircuitReason.IN_ITS_TURN)
        plan = plan_shed(remaining, max(needed), export_kw)
        if requested_kw < 0.0:
            more_kw, most_kw = (
                baseline_kw - requested_kw - demand_kw,
                inf if limit_kw is None else limit_kw - demand_kw,
            )
            if min(more_kw, most_kw) > 0.0:
                plan = plan_load_up(remaining, more_kw, plan, self.plan.raised, most_kw=most_kw)
        plan = with_manual_sheds(plan, views, manual_kw, reasons)
        return self._with(PlanMade(_with_easing(plan, views, easing_c), views), lasting)

    @property
    def _is_settled(self) -> bool:
        """True where neither house has a circuit that was curtailed until now."""
        return not (
            any(switched.curtailed for switched in self.switching.values())
            or any(switched.curtailed for switched in self.lasting_switching.values())
            or any(self.lasting.curtailed.values())
        )

    def _with(self, planning: Planning, lasting: ShedPlan) -> HousePair:
        return HousePair(
            self.house,
            self.counterfactual,
            planning,
            self.switching,
            lasting,
            self.lasting_switching,
            self.course,
        )

    def begin_release(self, event_id: EventId, ven_id: VenId, house_ts: float, *, staged: bool) -> Release:
        """Begin to give back what the plan curtails beyond what a limit and commands take off anyway."""
        anyway_kw = self.lasting.curtailed_kw
        return begin(event_id, ven_id, house_ts, self.plan, self.views, staged=staged, anyway_kw=anyway_kw)

    def _lasting(
        self,
        env: Environment,
        dt_s: float,
        limit_kw: float | None,
        settings: Mapping[str, CircuitSetting],
        commanded: Mapping[str, LoadShed],
    ) -> ShedPlan:
        """Plan the counterfactual under limit and commands; none is needed where nothing is taken off it."""
        if limit_kw is None and not commanded and not any(self.lasting.curtailed.values()):
            return UNCURTAILED
        views = circuit_views(self.counterfactual, env, dt_s, self.lasting_switching, settings)
        manual_kw = manually_shed_kw(views, commanded)
        remaining = _remaining(views, manual_kw, follower(self.counterfactual, env, dt_s, settings))
        above_kw = 0.0 if limit_kw is None else sum(view.demand_kw for view in remaining) - limit_kw
        return with_manual_sheds(plan_shed(remaining, max(above_kw, 0.0)), views, manual_kw, {})


def _with_easing(plan: ShedPlan, views: Iterable[CircuitView], easing_c: Mapping[str, float]) -> ShedPlan:
    """*plan* with the setpoints that are on their way back, where a circuit is neither shed nor guarded."""
    if not easing_c:
        return plan
    eases = {view.id for view in views if view.at_limit or not view.blocked}
    free = {name for name in easing_c if name in eases and plan.controls.get(name) is FREE}
    controls = {name: control for name, control in eased(easing_c).items() if name in free}
    reason = CircuitReason.EASING.value
    decisions = tuple(
        msgspec.structs.replace(decision, reason=reason) if decision.id in free else decision
        for decision in plan.decisions
    )
    return msgspec.structs.replace(plan, controls={**plan.controls, **controls}, decisions=decisions)


def _lasting_controls(lasting: ShedPlan, settings: Mapping[str, CircuitSetting]) -> dict[str, Control]:
    return with_settings(lasting, settings) if lasting.controls else setting_controls(settings)


def _beyond_kw(views: Iterable[CircuitView], lasting: ShedPlan) -> float:
    """The kW that *views* can shed of what they draw, beyond what the counterfactual is curtailed by."""
    return max(shed_available_kw(views) - lasting.shed_kw, 0.0)


def _remaining(
    views: tuple[CircuitView, ...], manual_kw: Mapping[str, float], follower: Follower | None
) -> tuple[CircuitView, ...]:
    """*views* with what commands took off them gone; a battery that follows the house covers what is left."""
    if not manual_kw:
        return views
    remaining = remaining_views(views, manual_kw)
    if follower is None or follower.circuit_id in manual_kw:
        return remaining
    return follower.following(remaining)


def _covered_less_kw(views: Iterable[CircuitView], uncurtailed_kw: Mapping[str, float]) -> float:
    """The kW that a battery covers less than the counterfactual's, emptied by an event; no load came back.

    Interpretation: no comfort is given up to make good for it.
    """
    return sum(
        max(min(view.demand_kw, 0.0) - uncurtailed_kw[view.id], 0.0) for view in views if view.follows_house
    )


def _limits_kw(interval: Interval | None, limit_kw: float | None) -> list[float]:
    """The import limits, kW: of the event, and the lasting one."""
    limits = [] if limit_kw is None else [limit_kw]
    if interval is not None and interval.signal is Signal.IMPORT_LIMIT_KW:
        limits.append(interval.value)
    return limits


def _requested_kw(interval: Interval | None, baseline_kw: float, available_kw: float) -> float:
    """The kW that an event requests off the baseline; below 0 it requests so much more."""
    if interval is None:
        return 0.0
    if interval.signal is Signal.SHED_KW:
        return interval.value
    if interval.signal is Signal.LOAD_UP_KW:
        return -interval.value
    if interval.signal is Signal.IMPORT_LIMIT_KW:
        return max(0.0, baseline_kw - interval.value)
    return LEVEL_SHARE[int(interval.value)] * available_kw


def interval_requested_kw(interval: Interval | None, flow: Flow, available_kw: float) -> float | None:
    """The kW that an interval requests off the baseline, for reports; None when there is none."""
    return None if interval is None else _requested_kw(interval, flow.baseline_kw, available_kw)
