"""The plan of a house for the priced hours ahead: what each of its stores does in each slot. Pure.

    the car in cheap hours ──▶ thermostat, tank: each as it is, or ahead and at rest ──▶ the battery last
                                                        │
        the plan ◀── the cheapest of these that costs less than the house without prices

Each way is lived through in one outlook of the house, battery and car included, so that no plan costs more
there than doing nothing. What a store lacks at the end is counted as a cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from ven_twin.control.circuit_views import NO_SETTINGS, CircuitSetting
from ven_twin.control.futures import futures
from ven_twin.control.pricing import battery as batteries
from ven_twin.control.pricing import car as cars
from ven_twin.control.pricing.outlook import Outlook, cost_of, outlook, slot_means_kw
from ven_twin.control.pricing.setpoints import SetpointCourse, best_air, best_tank, is_hot, tank_of
from ven_twin.control.pricing.slots import PriceSlot
from ven_twin.house.control import FREE, Control
from ven_twin.house.devices.ev import EvUse
from ven_twin.house.house import House
from ven_twin.house.house_environment import HouseEnvironment

LEAST_SAVING = 1e-6
NO_CONTROLS: Mapping[str, Control] = {}
WAITS, RESTS = Control(limit_kw=0.0), Control(limit_kw=0.0)


@dataclass(frozen=True, slots=True)
class PricePlan:
    """The controls of a house by slot, and what they are good for.

    Attributes:
        slots: the slots.
        controls: the circuits that are moved in each, with their control.
        tank_rests: the numbers of the slots in which the tank heats nothing while it is hot.
        cost: of the hours ahead under the plan, in the prices' unit, with what is missing at the end.
        free_cost: the same without prices.
    """

    slots: tuple[PriceSlot, ...] = ()
    controls: tuple[Mapping[str, Control], ...] = ()
    tank_rests: frozenset[int] = field(default_factory=frozenset)
    cost: float = 0.0
    free_cost: float = 0.0

    def controls_at(self, house: House, house_ts: float) -> Mapping[str, Control]:
        """The circuits of *house* that are moved at *house_ts* (UTC s of the house), with their control."""
        number = next(
            (n for n, slot in enumerate(self.slots) if slot.start_ts <= house_ts < slot.end_ts), None
        )
        if number is None:
            return NO_CONTROLS
        heater = tank_of(house) if number in self.tank_rests else None
        if heater is None or not is_hot(heater):
            return self.controls[number]
        return {**self.controls[number], heater.spec.id: RESTS}


def price_plan(
    house: House,
    environment: HouseEnvironment,
    slots: Sequence[PriceSlot],
    usual: float,
    settings: Mapping[str, CircuitSetting] = NO_SETTINGS,
    *,
    limit_kw: float | None = None,
) -> PricePlan:
    """The plan of *house* for *slots*, the first of which begins now.

    Args:
        house: the house as it is now.
        environment: its weather, and its occupants' chance.
        slots: the hours ahead.
        usual: the price by which what is left at their end is valued.
        settings: of the resident; a circuit that is switched off or out of events is left alone.
        limit_kw: a lasting import limit, under which nothing is charged.
    """
    if not slots:
        return PricePlan()
    at_ts = slots[0].start_ts
    (future,) = futures(environment, at_ts, 1)
    ahead = outlook(house, future, slots, settings)
    use = environment.environment(at_ts, 1.0).use(EvUse)
    return _Planner(ahead, use, usual, limit_kw).plan()


@dataclass(frozen=True, slots=True)
class _Way:
    """A way through the hours ahead: car, thermostat, tank, the battery's control in each slot; its cost."""

    car: cars.CarPlan | None
    air: SetpointCourse | None
    tank: SetpointCourse | None
    battery: tuple[Control, ...] | None
    cost: float


@dataclass(frozen=True, slots=True)
class _Planner:
    ahead: Outlook
    use: EvUse
    usual: float
    limit_kw: float | None

    def plan(self) -> PricePlan:
        """The cheapest way, or none where it does not cost less than the house without prices."""
        ahead = self.ahead
        base_kw = [step.net_kw for step in ahead.steps]
        car = cars.car_of(ahead)
        at_once = None if car is None else cars.at_once(ahead, car, self.use)
        in_time = None
        if car is not None:
            in_time = cars.in_cheap_hours(ahead, car, self.use, slot_means_kw(ahead, base_kw))
        free, end_soc = self._free(base_kw, at_once)
        with_car_kw = self._with_car(base_kw, in_time)
        air = best_air(ahead, with_car_kw, self.usual)
        tank = best_tank(ahead, with_car_kw, self.usual)
        ways = [
            self._way(base_kw, in_time, air=moved_air, tank=moved_tank, free_soc=end_soc)
            for moved_air, moved_tank in product(dict.fromkeys((None, air)), dict.fromkeys((None, tank)))
        ]
        best = min(ways, key=lambda way: way.cost)
        if best.cost >= free - LEAST_SAVING:
            return PricePlan(ahead.slots, (NO_CONTROLS,) * len(ahead.slots), cost=free, free_cost=free)
        return self._made(best, free)

    def _free(self, base_kw: Sequence[float], at_once: cars.CarPlan | None) -> tuple[float, float]:
        """The cost of the house without prices, and the charge of its battery at the end."""
        net_kw = self._with_car(base_kw, at_once)
        battery = self.ahead.house.battery
        if battery is None:
            return cost_of(self.ahead, net_kw), 0.0
        course = batteries.alone(self.ahead, battery, net_kw)
        return cost_of(self.ahead, _sum(net_kw, course.kw)), course.end.soc

    def _with_car(self, net_kw: Sequence[float], car: cars.CarPlan | None) -> list[float]:
        if car is None:
            return list(net_kw)
        return [kw + car.kw[step.slot] for kw, step in zip(net_kw, self.ahead.steps, strict=True)]

    def _way(
        self,
        base_kw: Sequence[float],
        car: cars.CarPlan | None,
        *,
        air: SetpointCourse | None,
        tank: SetpointCourse | None,
        free_soc: float,
    ) -> _Way:
        ahead, house, usual = self.ahead, self.ahead.house, self.usual
        net_kw, heater = self._with_car(base_kw, car), tank_of(house)
        missing_kwh = 0.0
        for course, device in ((air, house.hvac), (tank, heater)):
            if course is not None and device is not None:
                net_kw = [
                    kw + moved - step.power_kw[device.spec.id]
                    for kw, moved, step in zip(net_kw, course.kw, ahead.steps, strict=True)
                ]
                missing_kwh += max(course.missing_kwh, 0.0)
        cost, battery = missing_kwh * max(usual, 0.0), house.battery
        if battery is None:
            return _Way(car, air, tank, None, cost + cost_of(ahead, net_kw))
        alone = batteries.alone(ahead, battery, net_kw)
        best = _Way(car, air, tank, None, cost + self._battery_cost(net_kw, alone, free_soc))
        if not ahead.may_move(battery.spec.id):
            return best
        charges_kw = batteries.charge_kw(ahead, battery, net_kw, self.limit_kw)
        acts = batteries.cheapest_acts(ahead, battery, net_kw, charges_kw, usual=usual, end_soc=free_soc)
        controls = tuple(batteries.control_of(act, kw) for act, kw in zip(acts, charges_kw, strict=True))
        ordered = batteries.lived(ahead, battery, controls, net_kw)
        moved = _Way(car, air, tank, controls, cost + self._battery_cost(net_kw, ordered, free_soc))
        return min(best, moved, key=lambda way: way.cost)

    def _battery_cost(
        self, net_kw: Sequence[float], course: batteries.BatteryCourse, free_soc: float
    ) -> float:
        cost = cost_of(self.ahead, _sum(net_kw, course.kw))
        return cost + batteries.left_cost(course.end, free_soc, self.usual)

    def _made(self, way: _Way, free: float) -> PricePlan:
        ahead, house = self.ahead, self.ahead.house
        controls: list[dict[str, Control]] = [{} for _ in ahead.slots]
        car, heater = cars.car_of(ahead), tank_of(house)
        for number, moved in enumerate(controls):
            if car is not None and way.car is not None and number in way.car.waits:
                moved[car.spec.id] = WAITS
            if house.hvac is not None and way.air is not None:
                moved[house.hvac.spec.id] = way.air.controls[number]
            if heater is not None and way.tank is not None:
                moved[heater.spec.id] = way.tank.controls[number]
            if house.battery is not None and way.battery is not None:
                moved[house.battery.spec.id] = way.battery[number]
        rests = frozenset() if way.tank is None else way.tank.rests
        moved_only = tuple(
            {name: one for name, one in controlled.items() if one is not FREE} for controlled in controls
        )
        return PricePlan(ahead.slots, moved_only, rests, way.cost, free)


def _sum(one_kw: Sequence[float], other_kw: Sequence[float]) -> list[float]:
    return [one + other for one, other in zip(one_kw, other_kw, strict=True)]
