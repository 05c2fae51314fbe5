"""The house as the VEN runs it: stepped with time, planned for events, metered. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

from contracts.openadr.price_curves import PriceCurve
from contracts.wire.events import Phase
from contracts.wire.ids import EventId, LoadId
from contracts.wire.telemetry import Load
from ven_twin.control import reporting
from ven_twin.control.circuit_views import CircuitSetting, circuit_settings
from ven_twin.control.comfort import ComfortMeter
from ven_twin.control.event_history import Meter
from ven_twin.control.forecasting import LEAST_PERIOD_IN_TURNS_S, Forecasting
from ven_twin.control.futures import futures
from ven_twin.control.holding import Hold, can_hold
from ven_twin.control.house_pair import Flow, HousePair
from ven_twin.control.offering import SLICE_STEPS, Offering
from ven_twin.control.offers import NO_PROMISE, WINDOWS_S, Promise, Trial
from ven_twin.control.pricing.response import NO_PRICES, PlanTime, PriceResponse
from ven_twin.control.release import NO_RELEASE, LimitEasing, Payback, Release
from ven_twin.control.schedule import ScheduledEvent
from ven_twin.control.shedding import ShedPlan
from ven_twin.control.ven_state import VenState
from ven_twin.house.house import House
from ven_twin.house.house_environment import HouseEnvironment
from ven_twin.house.profile import Panel
from ven_twin.ven.house_clock import HouseClock, hours_ahead

STEP_MAX_S = 900.0
"""Longest step of house time; a longer stretch, as of a suspended machine, is made in several."""
LOOK_AHEAD_S = 1.0
FORECASTS_AFTER_S = 30.0
"""A VEN that has just started looks for its offer first, s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseRuntime:
    """A house, its counterfactual beside it, and the meters on them. Times are monotonic seconds.

    Attributes:
        environment: weather, draws and occupants.
        clock: the time in the house.
        panel: the service panel.
        first: the house as it was when its clock started.
        time_zone: of the site, by its IANA name, or None.
        pair: house, counterfactual and plan.
        stepped_s: the house has lived until then.
        flow: the power of the last step.
        row: the meter of the next telemetry row.
        acting: id of the event that the plan in force serves, or None.
        delivered: meters of the events that are acted on, by event id.
        requested_kw: kW that these events last requested, by event id.
        release: the release of the event that was acted on last, while it runs.
        released: the release whose rebound was counted last.
        payback: the payback of the event that was acted on last.
        comfort: the comfort that events have taken.
        limit: the lasting import limit, as it gives way when it is lifted.
        restores: the restores that were carried out, as `VenState.restores` counts them.
        offering: the offer, and the search for the next one.
        forecasting: the forecast of the hours to come, and the work on the next one.
        lived: the meter that is never set back; None where nobody reads it.
        slice_steps: the steps of a slice of that search.
        prices: the response to prices.
    """

    environment: HouseEnvironment
    clock: HouseClock
    panel: Panel
    first: House
    pair: HousePair
    stepped_s: float
    time_zone: str | None = None
    flow: Flow = field(default_factory=lambda: Flow({}, 0.0))
    row: Meter = field(default_factory=Meter)
    acting: EventId | None = None
    delivered: Mapping[EventId, Meter] = field(default_factory=dict)
    requested_kw: Mapping[EventId, float] = field(default_factory=dict)
    release: Release | None = None
    released: Release | None = None
    payback: Payback | None = None
    comfort: ComfortMeter = field(default_factory=ComfortMeter)
    limit: LimitEasing = field(default_factory=LimitEasing)
    restores: int = 0
    offering: Offering = field(default_factory=Offering)
    forecasting: Forecasting = field(default_factory=Forecasting)
    lived: Meter | None = None
    slice_steps: int = SLICE_STEPS
    prices: PriceResponse = NO_PRICES

    @property
    def plan(self) -> ShedPlan:
        """The plan in force."""
        return self.pair.plan

    @property
    def load_ids(self) -> frozenset[LoadId]:
        """Ids of the circuits."""
        return frozenset(LoadId(circuit.id) for circuit in self.pair.house.circuits)

    @property
    def critical(self) -> frozenset[str]:
        """Ids of the circuits that are never shed."""
        return frozenset(circuit.id for circuit in self.pair.house.circuits if circuit.critical)

    @property
    def utc_offset_h(self) -> float:
        """Offset of the house's local standard time."""
        return self.environment.weather.utc_offset_h

    @property
    def is_at_rest(self) -> bool:
        """True while no event is acted on or given back, and no limit is in force."""
        return self.acting is None and self.release is None and self.limit == LimitEasing()

    def house_ts(self, now_s: float) -> float:
        """The time in the house, UTC s."""
        return self.clock.at(now_s)

    def outdoor_c(self, now_s: float) -> float:
        """The temperature outside, °C."""
        return self.environment.outdoor_c(self.clock.at(now_s))

    @property
    def measured(self) -> bool:
        """Tell whether the row has measured a time that it can report."""
        return round(self.row.seconds, reporting.MEASURED_DIGITS) > 0

    def can_hold(
        self,
        state: VenState,
        kw: float,
        minutes: float,
        now_ts: float,
        window_s: float = WINDOWS_S[0],
        *,
        loads_up: bool = False,
    ) -> Hold:
        """Try whether the house can shed *kw* for so many minutes of house time, in means of *window_s*.

        When it *loads_up*, whether it can draw so much more.
        """
        trial = self._trial(state, self.stepped_s, now_ts)
        return can_hold(
            trial.loading_up if loads_up else trial,
            futures(self.environment, trial.from_ts),
            kw,
            minutes,
            window_s,
        )

    def with_offer(self, state: VenState, now_s: float, now_ts: float) -> HouseRuntime:
        """Go on with the search for the offer and with the forecast, or begin one, when it is time."""
        trial = self._trial(state, now_s, now_ts)
        offering = self.offering.advanced(trial, self.environment, self.acting, now_s, self.slice_steps)
        forecasting = self.forecasting
        if now_s >= self.clock.started_s + FORECASTS_AFTER_S and not offering.is_under_way:
            hours = hours_ahead(self.clock, now_s, now_ts)
            if self.prices.controls:  # what they are now they are not in the hours to come
                trial = replace(trial, settings=circuit_settings(state.settings.loads, state.by_hand))
            forecasting = forecasting.advanced(trial, self.environment, hours, now_s)
        if offering is self.offering and forecasting is self.forecasting:
            return self
        return replace(self, offering=offering, forecasting=forecasting)

    def following(self, curve: PriceCurve | None) -> HouseRuntime:
        """The house that follows the prices of *curve*."""
        prices = self.prices.following(curve)
        return self if prices is self.prices else replace(self, prices=prices)

    def with_prices(self, state: VenState, now_s: float, now_ts: float) -> HouseRuntime:
        """Plan the hours ahead by their prices, when it is time."""
        at = PlanTime(self.clock.at(now_s), now_ts, now_s, self.clock.speed)
        settings = circuit_settings(state.settings.loads, state.by_hand)
        prices = self.prices.planned(
            self.pair.house, self.environment, at, settings, state.settings.target_power_kw
        )
        return self if prices is self.prices else replace(self, prices=prices)

    def settings(self, state: VenState) -> Mapping[str, CircuitSetting]:
        """The settings of circuits, with what prices move."""
        return self.prices.moved(circuit_settings(state.settings.loads, state.by_hand))

    @property
    def searches(self) -> bool:
        """True while a search for the offer, or the work on a forecast, is under way."""
        return self.offering.search is not None or bool(self.forecasting.trials)

    def in_turns(self) -> HouseRuntime:
        """The house of a VEN that searches in its turn, as fast as it is let."""
        offering = replace(self.offering, slice_s=0.0)
        forecasting = replace(self.forecasting, every_s=0.0, least_s=LEAST_PERIOD_IN_TURNS_S)
        return replace(self, offering=offering, forecasting=forecasting)

    def without_search(self) -> HouseRuntime:
        """The house whose searches are done, without what they had at hand."""
        return self if not self.offering.futures else replace(self, offering=self.offering.put_away())

    def set_search_aside(self) -> HouseRuntime:
        """The house with no search under way; the next one begins anew."""
        forecasting = self.forecasting
        if forecasting.trials:
            forecasting = replace(forecasting, trials=(), pair=None, levels=(), hours=(), began_s=-inf)
        return replace(self, offering=self.offering.set_aside(), forecasting=forecasting)

    @property
    def offer(self) -> Promise:
        """The most that the house promises in means of five minutes, in s of the wall; 0 kW is none."""
        promises = self.offering.offer.promises
        return (promises[0] if promises else NO_PROMISE).on_wall(self.clock.speed)

    @property
    def offers(self) -> tuple[Promise, ...]:
        """All promises of the house, in s of the wall: in means of five minutes, then of quarter hours."""
        offers = (self.offering.offer, self.offering.quarters)
        return tuple(promise.on_wall(self.clock.speed) for offer in offers for promise in offer.promises)

    @property
    def load_up(self) -> Promise:
        """The most that the house promises to draw more, in s of the wall; 0 kW is none."""
        promises = self.offering.load_up.promises
        return (promises[0] if promises else NO_PROMISE).on_wall(self.clock.speed)

    def _trial(self, state: VenState, now_s: float, now_ts: float) -> Trial:
        """A trial of this house from *now_s* on, under what is set and commanded."""
        house_ts, speed = self.clock.at(now_s), self.clock.speed
        sheds = {
            load_id: replace(shed, until_ts=house_ts + (shed.until_ts - now_ts) * speed)
            for load_id, shed in state.load_sheds.items()
        }
        return Trial(
            self.pair,
            self.environment.environment,
            house_ts,
            self.settings(state),
            state.settings.target_power_kw,
            sheds,
        )

    def advance(
        self, state: VenState, now_s: float, acting_until_s: float = inf, *, measures: bool = True
    ) -> HouseRuntime:
        """Let the house live until *now_s* under the plan in force.

        Args:
            state: the settings of circuits.
            now_s: monotonic s.
            acting_until_s: the end of the event that is acted on; its meter stops there.
            measures: whether the meters count; they do not while the VEN stands still.
        """
        house, step_max_s = self, STEP_MAX_S / self.clock.speed
        while (wall_s := min(now_s - house.stepped_s, step_max_s)) > 0:
            if 0 < acting_until_s - house.stepped_s < wall_s:
                wall_s = acting_until_s - house.stepped_s
            acting = house.acting if house.stepped_s < acting_until_s else None
            dt_s = wall_s * house.clock.speed
            env = house.environment.environment(house.clock.at(house.stepped_s), dt_s)
            pair, flow = house.pair.step(env, dt_s, house.settings(state))
            stepped_s = house.stepped_s + wall_s
            meters = house._metered(pair, flow, stepped_s, wall_s, acting) if measures else {}
            house = replace(house, pair=pair, flow=flow, stepped_s=stepped_s, **meters)
        return house

    def _metered(
        self, pair: HousePair, flow: Flow, stepped_s: float, wall_s: float, acting: EventId | None
    ) -> dict[str, Any]:
        """The meters after a step that ended at *stepped_s*: of the row, the event, the release."""
        delivered, release, payback = self.delivered, self.release, self.payback
        house_ts, above_kw = self.clock.at(stepped_s), flow.used_kw - flow.baseline_kw
        if acting is not None:
            meter = delivered.get(acting, Meter())
            meter = meter.count(flow.circuits_kw, flow.baseline_kw, wall_s, flow.free_circuits_kw)
            delivered = {**delivered, acting: meter}
        if release is not None and release.counts(house_ts):
            release = release.count(above_kw, wall_s)
        if payback is not None:
            payback = payback.count(above_kw, wall_s, house_ts)
        comfort = self.comfort
        if acting is not None or (payback is not None and not payback.whole):
            comfort = comfort.count(pair.house, pair.counterfactual, wall_s * self.clock.speed)
        row = self.row.count(flow.circuits_kw, flow.baseline_kw, wall_s)
        lived = None if self.lived is None else self.lived.count(flow.circuits_kw, flow.baseline_kw, wall_s)
        counted = {"row": row, "lived": lived, "delivered": delivered, "release": release, "payback": payback}
        return {**counted, "comfort": comfort}

    def again(self, now_s: float) -> HouseRuntime:
        """Set the house back to its start, when its hours are over: after an event, and the rebound of one.

        What was metered stays. The payback of an event ends without a figure: its day is not lived.
        """
        release = self.release
        counts = release is not None and not release.rebound_is_whole(self.clock.at(now_s))
        if not self.clock.is_over(now_s) or self.acting is not None or counts:
            return self
        return replace(
            self,
            clock=self.clock.again(now_s),
            pair=HousePair(self.first, self.first),
            release=None,
            released=self.released if release is None else release,
            payback=None,
            limit=LimitEasing(),
            prices=self.prices.anew(),
            offering=self.offering.anew(),
            forecasting=Forecasting(every_s=self.forecasting.every_s, least_s=self.forecasting.least_s),
        )

    def replan(
        self, state: VenState, scheduled: ScheduledEvent | None, now_s: float, now_ts: float
    ) -> HouseRuntime:
        """Plan each circuit from now on, for the event in force or for none.

        The time after an event is `ven_twin.control.release`'s: it begins here when an event is acted on no
        more, and ends with its time or with the next event.
        """
        house_ts = self.clock.at(now_s)
        house = self._with_release(state, scheduled, house_ts, now_ts)
        participates = state.settings.participates(now_ts)
        prices = house.prices.moving(house.pair.house, house_ts, participates=participates)
        house = house if prices is house.prices else replace(house, prices=prices)
        interval = scheduled.interval(now_ts) if scheduled else None
        ahead_s = LOOK_AHEAD_S * self.clock.speed
        release = house.release or NO_RELEASE
        pair = house.pair.planned(
            self.environment.environment(house_ts, ahead_s),
            ahead_s,
            interval,
            limit_kw=house.limit.kw(house_ts),
            settings=house.settings(state),
            load_sheds=state.load_sheds,
            waiting=release.waiting(house_ts),
            above_baseline_kw=release.cap_kw(house_ts),
            easing_c=release.easing_c(house_ts),
        )
        if scheduled is None:
            return replace(house, pair=pair, acting=None)
        event_id = scheduled.event.event_id
        last_kw = pair.requested_kw(interval, house.flow) or 0.0
        requested_kw = {**self.requested_kw, event_id: last_kw}
        comfort = house.comfort.begun(event_id)
        return replace(house, pair=pair, acting=event_id, requested_kw=requested_kw, comfort=comfort)

    def _with_release(
        self, state: VenState, scheduled: ScheduledEvent | None, house_ts: float, now_ts: float
    ) -> HouseRuntime:
        """Begin the release of an event that is acted on no more, or end the one that runs."""
        limit = self.limit.set(state.settings.target_power_kw, state.ven_id, house_ts)
        house = self if limit is self.limit else replace(self, limit=limit)
        release, payback = house.release, house.payback
        if release is not None and (scheduled is not None or release.rebound_is_whole(house_ts)):
            over = scheduled is not None or release.over(house_ts)
            house = replace(house, released=release, release=None if over else release)
        if scheduled is not None and payback is not None:
            house = replace(house, payback=replace(payback, whole=True))
        if state.restores != house.restores:
            house = replace(house.give_back(), restores=state.restores)
        if scheduled is None and house.acting is not None:
            ended = state.schedule.events.get(house.acting)
            staged = ended is not None and ended.phase(now_ts) is Phase.COMPLETED
            release = house.pair.begin_release(house.acting, state.ven_id, house_ts, staged=staged)
            house = replace(house, release=release, payback=Payback.after(house.acting, house_ts))
        return house

    def give_back(self) -> HouseRuntime:
        """Give back at the next plan the circuits that wait for their turn; only the cap stays."""
        return self if self.release is None else replace(self, release=self.release.returned())

    def with_rebound(self, summary: Mapping[str, object] | None) -> Mapping[str, object] | None:
        """Add rebound and payback, as soon as each is whole, and lost comfort to an event's summary."""
        if summary is None:
            return None
        counts = (self.released, self.payback, self.comfort.before, self.comfort.latest)
        after = [over for over in counts if over is not None and over.event_id == summary["eventId"]]
        return {**summary, **{key: value for over in after for key, value in over.summary().items()}}

    def counting_all(self) -> HouseRuntime:
        """The house with a meter that is never set back."""
        return replace(self, lived=self.lived or Meter())

    def read_row(self) -> tuple[HouseRuntime, Meter]:
        """Read the meter of the row and set it back."""
        return replace(self, row=Meter()), self.row

    def flowing(self) -> Meter:
        """The power of the last step as a meter reading."""
        return Meter().count(self.flow.circuits_kw, self.flow.baseline_kw, 1.0)

    def loads(self, state: VenState, row: Meter) -> tuple[Load, ...]:
        """Every circuit, with its mean power over *row*."""
        means_kw = {circuit: row.mean_kw(energy) for circuit, energy in row.circuits_kwh.items()}
        return reporting.circuit_loads(self.pair, means_kw, state)

    def forget(self, event_id: EventId) -> HouseRuntime:
        """Drop the meter of an event that is over and was reported."""
        return replace(
            self,
            delivered={key: meter for key, meter in self.delivered.items() if key != event_id},
            requested_kw={key: kw for key, kw in self.requested_kw.items() if key != event_id},
        )
