"""The planner: what it sheds, what it never touches, and what it says about it."""

import msgspec
import pytest

from contracts.wire.acks import CircuitCurtailed
from ven_twin.control.circuit_views import CircuitSetting, with_settings
from ven_twin.control.guards import CircuitReason, CircuitView, Switching, advance, must_stay_off, refusal
from ven_twin.control.shed_cases import discomfort_per_kw
from ven_twin.control.shedding import ShedPlan, needed_kw, plan_shed, shed_available_kw
from ven_twin.house.control import FREE, Control


def view(circuit: str, demand_kw: float, **changes: object) -> CircuitView:
    """A circuit of the standard house that draws *demand_kw*."""
    return msgspec.structs.replace(STANDARD[circuit], demand_kw=demand_kw, **changes)


def circuit(
    name: str, kind: str, priority: int, floor_kw: float = 0.0, **more: object
) -> tuple[str, CircuitView]:
    """A view to vary."""
    defaults = {"breaker_amps": 30.0, "critical": False, "demand_kw": 0.0, "floor_kw": floor_kw}
    return name, msgspec.convert(
        {"id": name, "name": name, "type": kind, "priority": priority, **defaults, **more}, CircuitView
    )


STANDARD = dict(
    [
        circuit("hvac1", "hvac", 2, shed_offset_c=2.2, least_off_s=180.0, least_on_s=180.0),
        circuit("heater1", "water_heater", 6, shed_offset_c=5.56, least_off_s=120.0, least_on_s=120.0),
        circuit("ev1", "ev", 8, continuous=True, step_kw=1.44, note="charging slowed"),
        circuit("batt1", "battery", 9, floor_kw=-5.0, continuous=True, note="charging slowed"),
        circuit("dryer1", "dryer", 7, note="start delayed"),
        circuit("lights1", "lights", 5, continuous=True, note="turned down"),
        circuit("fridge1", "fridge", 1, critical=True),
        circuit("misc1", "outlets", 4, continuous=True, note="turned down"),
        circuit("pv1", "pv", 10, blocked="generation"),
    ]
)


@pytest.fixture
def busy() -> tuple[CircuitView, ...]:
    """A house in which everything is on."""
    return (
        view("hvac1", 4.2, in_use=True),
        view("heater1", 4.5, in_use=True),
        view("ev1", 7.2),
        view("batt1", 0.0),
        view("dryer1", 4.5),
        view("lights1", 0.3, floor_kw=0.15),
        view("fridge1", 0.15, floor_kw=0.15),
        view("misc1", 0.2, floor_kw=0.06),
        view("pv1", -1.0, floor_kw=-1.0),
    )


def decision(plan: ShedPlan, circuit_id: str) -> CircuitCurtailed:
    """What *plan* decided for a circuit."""
    return next(made for made in plan.decisions if made.id == circuit_id)


def test_nothing_asked_leaves_every_circuit_alone(busy: tuple[CircuitView, ...]) -> None:
    """Without an event no circuit is asked anything."""
    plan = plan_shed(busy, 0.0)
    assert set(plan.controls.values()) == {FREE}
    assert (plan.shed_kw, plan.shortfall_kw) == (0.0, 0.0)
    assert decision(plan, "hvac1").reason == "not needed"
    assert not any(plan.curtailed.values())


def test_the_only_circuit_that_is_on_is_not_needed_when_nothing_is_requested() -> None:
    """It is left alone because nothing is requested, and not because it is the last."""
    plan = plan_shed((view("hvac1", 4.2),), 0.0)
    assert decision(plan, "hvac1").reason == "not needed"
    assert decision(plan_shed((view("hvac1", 4.2),), 1.0), "hvac1").reason == "the last circuit that is on"


def test_the_battery_goes_first(busy: tuple[CircuitView, ...]) -> None:
    """What no one feels is used before anything that someone does."""
    plan = plan_shed(busy, 3.0)
    assert plan.controls["batt1"] == Control(limit_kw=-3.0)
    assert [made.id for made in plan.decisions if made.curtailed_kw > 0.0] == ["batt1"]
    assert decision(plan, "batt1").reason == "discharges 3.00 kW"


def test_the_car_goes_before_comfort(busy: tuple[CircuitView, ...]) -> None:
    """After the battery the car slows down, and the house stays as it is."""
    plan = plan_shed(busy, 8.0)
    assert [made.id for made in plan.decisions if made.curtailed_kw > 0.0] == ["ev1", "batt1"]
    assert plan.shed_kw == pytest.approx(8.0)
    assert plan.controls["ev1"].limit_kw == pytest.approx(4.2)
    assert decision(plan, "ev1").reason == "charging slowed to 4.20 kW"


def test_the_car_is_never_asked_to_charge_below_six_amps(busy: tuple[CircuitView, ...]) -> None:
    """Between 1.44 kW and nothing there is no charging to ask for."""
    for tenth in range(200):
        limit_kw = plan_shed(busy, tenth / 10).controls["ev1"].limit_kw
        assert limit_kw is None or limit_kw == 0.0 or limit_kw >= 1.44


def test_comfort_goes_in_the_order_of_priority(busy: tuple[CircuitView, ...]) -> None:
    """When comfort has to give, the circuit that matters least gives first: dryer, heater, HVAC."""
    unaided = tuple(shown for shown in busy if shown.id != "batt1")
    shed_at = {
        name: min(asked for asked in range(22) if plan_shed(unaided, float(asked)).curtailed[name])
        for name in ("dryer1", "heater1", "hvac1")
    }
    assert shed_at["dryer1"] < shed_at["heater1"] < shed_at["hvac1"]


@pytest.mark.parametrize("needed_kw", [1.0, 5.0, 10.0, 15.0, 20.0, 100.0])
def test_a_critical_circuit_is_never_curtailed(busy: tuple[CircuitView, ...], needed_kw: float) -> None:
    """Whatever is asked, the fridge runs."""
    plan = plan_shed(busy, needed_kw)
    assert plan.controls["fridge1"] is FREE
    assert decision(plan, "fridge1").reason == "critical"


def test_a_target_in_reach_is_met_and_barely_passed(busy: tuple[CircuitView, ...]) -> None:
    """The continuous circuits fill what the relays leave, so there is next to no overshoot."""
    for tenth in range(1, 195):
        plan = plan_shed(busy, tenth / 10)
        assert plan.shed_kw == pytest.approx(tenth / 10, abs=0.35)


def test_relays_alone_take_the_least_sufficient_set() -> None:
    """With nothing to fill with, the relay whose size fits best is chosen over the larger ones."""
    views = (view("hvac1", 4.2), view("dryer1", 2.0), view("fridge1", 0.15))
    assert plan_shed(views, 1.8).shed_kw == 2.0


def test_circuits_beyond_the_eight_largest_give_what_is_still_missing() -> None:
    """Twelve small relays reach a target that eight of them do not, and no more go than it takes."""
    small = [view("dryer1", 0.1, id=f"relay{number}") for number in range(12)]
    plan = plan_shed((*small, view("fridge1", 0.15, floor_kw=0.15)), 1.0)
    assert plan.shed_kw == pytest.approx(1.0)
    assert sum(plan.curtailed.values()) == 10


def test_a_kw_too_much_counts_against_a_choice() -> None:
    """The range is dearer than the dryer, but of the right size."""
    views = (view("dryer1", 4.5), view("dryer1", 2.4, id="range1", priority=3), view("fridge1", 0.15))
    assert plan_shed(views, 2.0).shed_kw == 2.4


def test_an_impossible_target_sheds_all_that_may_be_shed_and_says_what_is_missing(
    busy: tuple[CircuitView, ...],
) -> None:
    """More than there is gives what there is, and the shortfall is reported."""
    plan = plan_shed(busy, 50.0)
    assert plan.shed_kw == pytest.approx(shed_available_kw(busy))
    assert plan.shortfall_kw == pytest.approx(50.0 - plan.shed_kw)


def test_no_more_is_shed_than_the_house_draws() -> None:
    """A battery serves the house; it does not push what is asked into the grid."""
    views = (view("batt1", 0.0), view("lights1", 0.3, floor_kw=0.15), view("fridge1", 0.15, floor_kw=0.15))
    assert plan_shed(views, 5.0).shed_kw == pytest.approx(0.45)
    assert shed_available_kw(views) == pytest.approx(0.45)


def test_the_whole_house_is_never_switched_off() -> None:
    """Where every circuit could be shed to nothing, the most important one stays on."""
    views = (view("hvac1", 4.2), view("heater1", 4.5))
    plan = plan_shed(views, 20.0)
    assert plan.controls["hvac1"] is FREE
    assert plan.curtailed["heater1"]
    assert decision(plan, "hvac1").reason == "the last circuit that is on"
    assert shed_available_kw(views) == 4.5


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (view("dryer1", 4.5, blocked="mid-use"), "mid-use"),
        (view("hvac1", 4.2, floor_kw=4.2, blocked="comfort limit"), "comfort limit"),
        (view("hvac1", 4.2, in_use=True, switched_s=60.0), "minimum on time 180 s"),
        (view("dryer1", 0.0), "futile: draws nothing that could be shed"),
        (view("heater1", 4.5, blocked="opted out"), "opted out"),
    ],
    ids=["mid-use", "comfort", "minimum on time", "futile", "opted out"],
)
def test_a_circuit_that_a_guard_protects_is_left_alone_and_says_why(
    busy: tuple[CircuitView, ...], changed: CircuitView, reason: str
) -> None:
    """Each guard holds at any target, and its reason can be read."""
    views = tuple(changed if shown.id == changed.id else shown for shown in busy)
    plan = plan_shed(views, 50.0)
    assert plan.controls[changed.id] is FREE
    assert decision(plan, changed.id).reason == reason
    assert decision(plan, changed.id).final_kw == changed.demand_kw


def test_a_relay_shed_a_minute_ago_stays_off_when_the_event_ends(busy: tuple[CircuitView, ...]) -> None:
    """A compressor is held off for minutes, even when nothing is asked any more."""
    views = tuple(
        view("hvac1", 4.2, curtailed=True, switched_s=60.0) if shown.id == "hvac1" else shown
        for shown in busy
    )
    plan = plan_shed(views, 0.0)
    assert plan.controls["hvac1"] == Control(setpoint_offset_c=2.2)
    assert decision(plan, "hvac1").reason == "minimum off time 180 s"
    assert plan.shed_kw == 4.2


def test_what_is_held_off_counts_towards_the_target(busy: tuple[CircuitView, ...]) -> None:
    """Nothing is curtailed twice for the same kW."""
    views = tuple(
        view("hvac1", 4.2, curtailed=True, switched_s=60.0) if shown.id == "hvac1" else shown
        for shown in busy
    )
    plan = plan_shed(views, 5.0)
    assert plan.shed_kw == pytest.approx(5.0)
    assert plan.controls["batt1"].limit_kw == pytest.approx(-0.8)


def test_what_is_held_off_below_its_floor_gives_nothing_and_takes_nothing() -> None:
    """A heat pump whose standby is above what it would draw adds no kW to the target."""
    waiting = view("hvac1", 0.0, floor_kw=0.5, curtailed=True, switched_s=60.0)
    plan = plan_shed((waiting, view("ev1", 7.2), view("lights1", 1.0)), 2.0)
    assert plan.shed_kw == pytest.approx(2.0)
    assert decision(plan, "hvac1").curtailed_kw == 0.0


def test_what_is_held_off_below_its_floor_takes_nothing_from_what_can_be_shed() -> None:
    """The flexibility is that of the other circuits."""
    waiting = view("hvac1", 0.0, floor_kw=0.5, curtailed=True, switched_s=60.0)
    assert shed_available_kw((waiting, view("ev1", 7.2), view("fridge1", 0.15))) == pytest.approx(7.2)


def test_a_circuit_that_draws_ten_watts_is_not_one_that_is_on() -> None:
    """The compressor beside it is the last that is on; at eleven watts it is not."""
    for standby_kw, sheddable_kw in ((0.01, 0.01), (0.011, 4.2)):
        views = (view("hvac1", 4.2), view("lights1", standby_kw, priority=1))
        assert shed_available_kw(views) == pytest.approx(sheddable_kw)


def test_comfort_near_its_limit_gives_way_to_comfort_with_room() -> None:
    """Of two circuits of one rank, the one further from its limit sheds."""
    near, far = view("heater1", 4.5, headroom=0.1), view("hvac1", 4.5, priority=6, headroom=0.9)
    plan = plan_shed((near, far, view("fridge1", 0.15)), 4.0)
    assert (plan.curtailed["hvac1"], plan.curtailed["heater1"]) == (True, False)


def test_a_circuit_that_has_been_off_for_hours_is_relieved() -> None:
    """Discomfort grows with time off, so that circuits take turns."""
    tired = view("heater1", 4.5, curtailed=True, switched_s=7_200.0)
    fresh = view("dryer1", 4.5, priority=6)
    plan = plan_shed((tired, fresh, view("fridge1", 0.15)), 4.0)
    assert (plan.curtailed["dryer1"], plan.curtailed["heater1"]) == (True, False)


def test_equal_choices_stay_as_they_are() -> None:
    """The plan does not swap one circuit for another of the same cost from tick to tick."""
    shed = view("dryer1", 4.5, priority=6, curtailed=True, switched_s=240.0)
    plan = plan_shed((view("heater1", 4.5), shed, view("fridge1", 0.15)), 4.0)
    assert (plan.curtailed["dryer1"], plan.curtailed["heater1"]) == (True, False)


def test_every_decision_adds_up(busy: tuple[CircuitView, ...]) -> None:
    """Original less curtailed is final, for every circuit, and the sum is what the plan sheds."""
    plan = plan_shed(busy, 14.0)
    assert [made.id for made in plan.decisions] == [shown.id for shown in busy]
    for made in plan.decisions:
        assert made.final_kw == pytest.approx(made.original_kw - made.curtailed_kw)
        assert made.reason
    assert sum(made.curtailed_kw for made in plan.decisions) == pytest.approx(plan.shed_kw)


def test_needed_power_is_measured_from_the_baseline() -> None:
    """A house that already draws less than its clone needs to shed less, and never below nothing."""
    assert needed_kw(demand_kw=6.0, baseline_kw=6.0, requested_kw=2.0) == 2.0
    assert needed_kw(demand_kw=4.5, baseline_kw=6.0, requested_kw=2.0) == 0.5
    assert needed_kw(demand_kw=1.0, baseline_kw=6.0, requested_kw=2.0) == 0.0


def test_switching_counts_how_long_a_circuit_has_been_as_it_is() -> None:
    """Time adds up while nothing changes, and starts anew with a change."""
    first = advance({}, {"hvac1": True}, 60.0)
    assert first["hvac1"] == Switching(curtailed=True, for_s=60.0)
    second = advance(first, {"hvac1": True}, 60.0)
    assert second["hvac1"].for_s == 120.0
    assert advance(second, {"hvac1": False}, 5.0)["hvac1"] == Switching(curtailed=False, for_s=5.0)


def test_a_comfort_limit_ends_the_minimum_off_time() -> None:
    """Comfort is stronger than the wish not to switch."""
    limit = view("hvac1", 4.2, floor_kw=4.2, blocked="comfort limit", curtailed=True, switched_s=30.0)
    assert not must_stay_off(limit)
    assert refusal(limit) is CircuitReason.BLOCKED
    assert CircuitReason.BLOCKED.words(limit) == "comfort limit"


def test_a_plan_does_not_undo_what_the_resident_set(busy: tuple[CircuitView, ...]) -> None:
    """Off stays off, and of two ceilings the lower holds."""
    plan = plan_shed(busy, 8.0)
    settings = {
        "ev1": CircuitSetting(capacity_kw=2.0),
        "batt1": CircuitSetting(capacity_kw=4.0),
        "dryer1": CircuitSetting(enabled=False),
    }
    controls = with_settings(plan, settings)
    assert controls["ev1"].limit_kw == 2.0
    assert controls["batt1"].limit_kw == pytest.approx(-5.0)
    assert not controls["dryer1"].enabled
    assert controls["hvac1"] is FREE


@pytest.mark.parametrize(
    ("priority", "kind", "headroom", "off_h", "cost"),
    [
        (1, "hvac", 1.0, None, 1.0),
        (6, "hvac", 1.0, None, 0.5),
        (10, "hvac", 1.0, None, 0.1),
        (11, "hvac", 1.0, None, 0.1),
        (100, "hvac", 1.0, None, 0.1),
        (1, "hvac", 0.5, None, 1.75),
        (1, "hvac", 0.0, None, 4.0),
        (1, "hvac", 1.0, 0.0, 1.0),
        (1, "hvac", 1.0, 2.0, 2.0),
        (1, "hvac", 1.0, 4.0, 3.0),
        (1, "hvac", 1.0, 9.0, 3.0),
        (1, "ev", 1.0, None, 0.1),
        (1, "battery", 1.0, None, 0.02),
        (6, "battery", 0.0, 4.0, 0.06),
    ],
)
def test_discomfort_is_weighed_by_rank_comfort_and_hours_off(
    priority: int, kind: str, headroom: float, off_h: float | None, cost: float
) -> None:
    """1 at priority 1, less each rank, a tenth at the least; fourfold at the limit, half more an hour off."""
    changes = {"priority": priority, "type": kind, "headroom": headroom}
    if off_h is not None:
        changes |= {"curtailed": True, "switched_s": off_h * 3600.0}
    assert discomfort_per_kw(view("hvac1", 4.0, **changes)) == pytest.approx(cost)


def test_hours_that_a_circuit_has_been_on_are_no_discomfort() -> None:
    """Only the time that it is curtailed counts."""
    assert discomfort_per_kw(view("hvac1", 4.0, priority=1, switched_s=7200.0)) == pytest.approx(1.0)


@pytest.mark.parametrize(("priority", "relay_goes"), [(9, True), (8, False)])
def test_a_relay_goes_before_a_dial_when_it_saves_what_its_switching_costs(
    priority: int, relay_goes: bool
) -> None:
    """To switch a relay costs as much as a quarter of a kW of comfort: 0.2 + 0.25 < 0.5 < 0.3 + 0.25."""
    relay, dial = view("heater1", 1.0, priority=priority), view("misc1", 2.0, priority=6)
    plan = plan_shed((relay, dial, view("fridge1", 0.15)), 1.0)
    assert plan.curtailed["heater1"] is relay_goes


@pytest.mark.parametrize(("priority", "stays_off"), [(8, True), (5, False)])
def test_a_relay_that_is_off_already_costs_no_switching(priority: int, stays_off: bool) -> None:
    """At 0.3 a kW it stays off, though with switching it would cost more than the dial's 0.5; not at 0.6."""
    relay = view("heater1", 1.0, priority=priority, curtailed=True, switched_s=200.0)
    plan = plan_shed((relay, view("misc1", 2.0, priority=6), view("fridge1", 0.15)), 1.0)
    assert plan.curtailed["heater1"] is stays_off


@pytest.mark.parametrize(("priority", "larger_goes"), [(8, True), (7, False)])
def test_half_a_kw_too_much_weighs_half(priority: int, larger_goes: bool) -> None:
    """1.0 kW at 1.0, or 1.5 kW at 0.3 or 0.4 and half a kW too much: 0.95 < 1.0 < 1.1, both switched."""
    fits, larger = view("hvac1", 1.0, priority=1), view("heater1", 1.5, priority=priority)
    plan = plan_shed((fits, larger, view("fridge1", 0.15), view("misc1", 0.1, priority=1)), 1.0)
    assert plan.curtailed == {
        "hvac1": not larger_goes,
        "heater1": larger_goes,
        "fridge1": False,
        "misc1": False,
    }


@pytest.mark.parametrize(("needed_kw", "shed_kw"), [(0.16, 0.0), (0.163, 4.0)])
def test_a_target_is_missed_only_when_reaching_it_would_cost_fifty_times_as_much(
    needed_kw: float, shed_kw: float
) -> None:
    """Short by 0.16 kW is 8.0; the only relay is 4.0, 0.25 for switching and 3.84 for what is too much.

    3 W more are 8.15 against 8.09.
    """
    views = (view("hvac1", 4.0, priority=1), view("fridge1", 0.15))
    assert plan_shed(views, needed_kw).shed_kw == shed_kw


def test_nothing_is_missing_when_more_is_shed_than_needed() -> None:
    """An overshoot is no shortfall below nothing."""
    assert ShedPlan(needed_kw=1.0, shed_kw=2.5, controls={}, decisions=()).shortfall_kw == 0.0


def test_a_plan_says_what_was_needed(busy: tuple[CircuitView, ...]) -> None:
    """Half a kW is half a kW, and less than nothing is nothing, whether or not a circuit must stay off."""
    waiting = (view("hvac1", 4.2, curtailed=True, switched_s=60.0), view("fridge1", 0.15))
    for views in (busy, waiting):
        assert [plan_shed(views, kw).needed_kw for kw in (0.5, 0.0, -2.0)] == [0.5, 0.0, 0.0]


def test_a_car_that_is_off_leaves_the_rest_to_the_dials_after_it() -> None:
    """2 kW of the car and half a kW of the lights cost less than a heater of 4.5 kW."""
    views = (view("ev1", 2.0), view("lights1", 1.0), view("heater1", 4.5), view("fridge1", 0.15))
    plan = plan_shed(views, 2.5)
    assert {made.id: made.curtailed_kw for made in plan.decisions if made.curtailed_kw} == {
        "ev1": 2.0,
        "lights1": 0.5,
    }


def test_a_dial_takes_nothing_when_relays_shed_too_much() -> None:
    """Of 4.2 kW of a relay 2 are needed: the lights stay as they are, and 4.2 kW are shed."""
    plan = plan_shed((view("hvac1", 4.2), view("lights1", 0.1), view("fridge1", 0.15)), 2.0)
    assert (plan.shed_kw, plan.controls["lights1"]) == (4.2, FREE)


def test_dials_take_no_place_among_the_eight_relays() -> None:
    """Beside nine large dials a small relay, which matters least, is shed all the same."""
    dials = [view("misc1", 2.0, id=f"dial{n}", priority=1) for n in range(9)]
    plan = plan_shed((*dials, view("dryer1", 1.0, priority=10), view("fridge1", 0.15)), 1.0)
    assert plan.curtailed["dryer1"]


def test_a_car_of_a_small_least_power_is_slowed_to_it_or_off() -> None:
    """With a least power of 0.8 kW it charges at that or more, or not at all, and both come about."""
    views = (view("ev1", 3.6, step_kw=0.8), view("fridge1", 0.15))
    left_kw = {plan_shed(views, tenth / 10).controls["ev1"].limit_kw for tenth in range(1, 40)}
    assert min(kw for kw in left_kw if kw) == pytest.approx(0.8)
    assert 0.0 in left_kw


@pytest.mark.parametrize(("floor_kw", "last"), [(0.01, True), (0.011, False)])
def test_a_circuit_that_ends_at_ten_watts_counts_as_shed_to_nothing(floor_kw: float, last: bool) -> None:
    """Where it is the only one that draws it is left on; with a watt more something stays on in any case."""
    plan = plan_shed((view("hvac1", 4.2, floor_kw=floor_kw),), 20.0)
    assert (decision(plan, "hvac1").reason == "the last circuit that is on") is last


def test_a_relay_without_an_offset_is_switched_off() -> None:
    """A dryer has no setpoint to move; a heater is not switched but its setpoint is."""
    plan = plan_shed((view("dryer1", 4.5), view("heater1", 4.5), view("fridge1", 0.15)), 9.0)
    assert plan.controls["dryer1"] == Control(limit_kw=0.0)
    assert plan.controls["heater1"] == Control(setpoint_offset_c=5.56)
    slight = plan_shed((view("heater1", 4.5, shed_offset_c=0.5), view("fridge1", 0.15)), 9.0)
    assert slight.controls["heater1"] == Control(setpoint_offset_c=0.5)


@pytest.mark.parametrize(
    ("needed_kw", "words"),
    [
        (0.5, "turned down to 0.50 kW"),
        (1.0, "turned down to 0.00 kW"),
    ],
)
def test_a_dial_says_what_it_is_turned_down_to(needed_kw: float, words: str) -> None:
    """Down to nothing is turned down still; only a battery below it discharges."""
    plan = plan_shed((view("lights1", 1.0), view("fridge1", 1.0)), needed_kw)
    assert decision(plan, "lights1").reason == words
    battery = plan_shed((view("batt1", 0.0), view("fridge1", 1.0)), needed_kw)
    assert decision(battery, "batt1").reason == f"discharges {needed_kw:.2f} kW"


def test_the_flexibility_is_without_the_circuits_that_a_guard_protects() -> None:
    """A dryer in use gives nothing, however much it draws."""
    blocked = view("dryer1", 4.5, blocked="mid-use")
    assert shed_available_kw((blocked, view("ev1", 7.2), view("fridge1", 0.15))) == pytest.approx(7.2)


@pytest.mark.parametrize(
    ("needed_kw", "shed_kw"),
    [
        (1.0, [1.0]),
        (22.2, [0.2, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5]),
        (100.0, [0.2, 0.3, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5]),
    ],
)
def test_of_more_than_eight_relays_the_small_ones_come_last(needed_kw: float, shed_kw: list[float]) -> None:
    """The eight largest are weighed, however little the others matter; these give what is missing then."""
    sizes_kw = [0.5, 4.0, 1.0, 3.0, 2.0, 0.2, 1.5, 2.5, 3.5, 0.3, 4.5]
    views = tuple(
        view("dryer1", kw, id=f"relay{n}", priority=100 if kw < 1.0 else 1) for n, kw in enumerate(sizes_kw)
    )
    plan = plan_shed((*views, view("fridge1", 0.15)), needed_kw)
    assert sorted(kw for made in plan.decisions if (kw := made.curtailed_kw) > 0.0) == shed_kw


def test_a_circuit_at_its_relaxed_setpoint_stays_relaxed_while_something_is_needed() -> None:
    """It gives nothing and is not let go; once nothing is needed, it is free."""
    views = (
        view(
            "hvac1",
            4.0,
            floor_kw=4.0,
            shed_offset_c=2.2,
            curtailed=True,
            at_limit=True,
            blocked="comfort limit",
        ),
        view("fridge1", 0.15, critical=True),
    )
    plan = plan_shed(views, 5.0)
    assert plan.controls["hvac1"] == Control(setpoint_offset_c=2.2)
    assert (plan.shed_kw, plan.decisions[0].curtailed_kw, plan.decisions[0].reason) == (
        0.0,
        0.0,
        "comfort limit",
    )
    assert plan_shed(views, 0.0).controls["hvac1"] is FREE
