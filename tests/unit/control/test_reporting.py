"""What the VEN says: the wire's names, nothing that a shadow does not keep, nothing that is not news."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from typing import Any

import pytest
from msgspec import UNSET

from contracts.wire import codec
from contracts.wire.shadow import LoadSetting, OptOut
from contracts.wire.telemetry import read_loads, read_telemetry
from tests.support.ven_states import NOW, VEN, event, ven
from ven_twin.control import reporting
from ven_twin.control.event_history import Meter
from ven_twin.control.house_pair import HousePair
from ven_twin.control.reporting import Sender
from ven_twin.control.schedule import EventOrigin, ScheduledEvent
from ven_twin.control.shadow_sync import pruned, worth_saying
from ven_twin.house.environment import Environment
from ven_twin.house.library import load_profile
from ven_twin.house.profile import Panel, build_house

VOICE = Sender(VEN, "boot-1", Panel(rating_amps=200.0, voltage_v=240.0))
HELD = ScheduledEvent(event(durations_s=(60,)), EventOrigin.SHADOW, 0.0)
LOAD_KEYS = {
    "id",
    "name",
    "type",
    "capacityKw",
    "currentPowerKw",
    "shedCapabilityKw",
    "enabled",
    "priority",
}


@lru_cache
def premises() -> HousePair:
    """The standard house, planned once."""
    house = build_house(load_profile())
    return HousePair(house, house).planned(Environment(), 60.0, None)


def on_the_wire(message: object) -> dict[str, Any]:
    """*message* as a subscriber reads it."""
    decoded: dict[str, Any] = json.loads(codec.encode(message))
    return decoded


def test_telemetry_has_the_names_of_the_wire() -> None:
    """Every name of the wire document is there, and the cloud can read the row."""
    meter = Meter().count({"hvac1": 1.0, "ev1": 2.0}, 7.0, 30)
    row = reporting.telemetry_row(
        VOICE,
        meter,
        timestamp=NOW,
        seq=3,
        event_id="e1",
        requested_kw=4.5,
        battery_soc=0.87654321,
        outdoor_c=31.4159,
        loads=reporting.circuit_loads(premises(), {}, ven()),
    )
    said = on_the_wire(row)
    loads = said.pop("loads")
    assert said == {
        "schemaVersion": "1.0",
        "venId": VEN,
        "timestamp": NOW,
        "bootId": "boot-1",
        "seq": 3,
        "eventId": "e1",
        "usedPowerKw": 3.0,
        "shedPowerKw": 4.0,
        "requestedReductionKw": 4.5,
        "baselinePowerKw": 7.0,
        "batterySoc": 0.8765,
        "measuredS": 30.0,
        "outdoorC": 31.4,
        "panelAmperageRating": 200.0,
        "panelVoltage": 240.0,
        "panelMaxKw": 48.0,
        "currentAmps": 12.5,
        "panelUtilizationPercent": 6.2,
        "reactivePowerKvar": 0.0,
    }
    unknown = {"ev1", "batt1", "misc1", "pv1"}
    assert {load["id"] for load in loads if set(load) == LOAD_KEYS} == unknown
    assert all(set(load) in (LOAD_KEYS, LOAD_KEYS | {"reactivePowerKvar"}) for load in loads)
    assert read_telemetry(codec.encode(row), ven_id=VEN) == row


@pytest.mark.parametrize(
    ("kw", "power_factor", "kvar"),
    [(4.0, 0.9, 1.937), (4.0, 1.0, 0.0), (0.15, 0.8, 0.112), (0.0, 0.5, 0.0), (2.0, None, UNSET)],
)
def test_reactive_power_goes_with_the_power_factor(
    kw: float, power_factor: float | None, kvar: object
) -> None:
    """Real power times the tangent of the angle, lagging; none where the factor is not known."""
    assert reporting.reactive_kvar(kw, power_factor) == kvar


def test_a_row_sums_the_reactive_power_that_is_known() -> None:
    """Heat pump and fridge at 3 and 0.15 kW; the car, of which nothing is known, counts for nothing."""
    means_kw = {"hvac1": 3.0, "fridge1": 0.15, "ev1": 7.2}
    loads = reporting.circuit_loads(premises(), means_kw, ven())
    row = reporting.telemetry_row(
        VOICE, Meter(), timestamp=NOW, seq=0, event_id=None, requested_kw=None, battery_soc=None, loads=loads
    )  # fmt: skip
    assert row.reactive_power_kvar == pytest.approx(1.453 + 0.112)
    none = tuple(load for load in loads if load.id == "ev1")
    alone = reporting.telemetry_row(
        VOICE, Meter(), timestamp=NOW, seq=0, event_id=None, requested_kw=None, battery_soc=None, loads=none
    )  # fmt: skip
    assert "reactivePowerKvar" not in on_the_wire(alone)


def test_telemetry_outside_events_says_null() -> None:
    """No event, no request: the keys are there and null."""
    row = reporting.telemetry_row(
        VOICE,
        Meter(),
        timestamp=NOW,
        seq=0,
        event_id=None,
        requested_kw=None,
        battery_soc=None,
        loads=(),
    )
    said = on_the_wire(row)
    assert (said["eventId"], said["requestedReductionKw"], said["batterySoc"]) == (None, None, None)


def test_a_row_says_the_time_that_it_measured_to_the_millisecond() -> None:
    """10.0004 s and 20.0012 s are 30.0016 s, so 30.002; a meter that counted nothing has no time."""
    meter = Meter().count({"ev1": 1.0}, 1.0, 10.0004).count({"ev1": 1.0}, 1.0, 20.0012)
    rows = [
        reporting.telemetry_row(
            VOICE, each, timestamp=NOW, seq=0, event_id=None, requested_kw=None, battery_soc=None, loads=()
        )
        for each in (meter, Meter())
    ]  # fmt: skip
    assert [row.measured_s for row in rows] == [30.002, None]
    assert [row.outdoor_c for row in rows] == [None, None]


def test_a_row_tells_how_much_of_the_panel_is_used() -> None:
    """38.4 kW at 240 V are 160 A, of a panel of 200 A 80 %; to the hundredth of an ampere."""
    rows = [
        reporting.telemetry_row(
            VOICE, Meter().count({"ev1": kw}, kw, 30),
            timestamp=NOW, seq=0, event_id=None, requested_kw=None, battery_soc=None, loads=(),
        )
        for kw in (38.4, -38.4, 1.0)
    ]  # fmt: skip
    figures = [(row.current_amps, row.panel_utilization_percent) for row in rows]
    assert figures == [(160.0, 80.0), (-160.0, 80.0), (4.17, 2.1)]


def test_shed_power_is_never_below_nothing() -> None:
    """A house that draws more than its baseline has shed nothing; the rise is in used less baseline."""
    meter = Meter().count({"ev1": 7.0}, 2.0, 30)
    row = reporting.telemetry_row(
        VOICE,
        meter,
        timestamp=NOW,
        seq=0,
        event_id=None,
        requested_kw=None,
        battery_soc=None,
        loads=(),
    )
    assert (row.shed_power_kw, row.used_power_kw, row.baseline_power_kw) == (0.0, 7.0, 2.0)


def test_loads_show_how_each_circuit_is_set() -> None:
    """What was set of a circuit stands in place of what its profile says."""
    setting = LoadSetting(enabled=False, capacity_kw=2.0, priority=44)
    state = replace(ven(), settings=replace(ven().settings, loads={"ev1": setting}))
    loads = {load.id: load for load in reporting.circuit_loads(premises(), {"ev1": 1.23456}, state)}
    ev, hvac = loads["ev1"], loads["hvac1"]
    assert (ev.enabled, ev.capacity_kw, ev.priority, ev.current_power_kw) == (False, 2.0, 44, 1.235)
    assert (hvac.enabled, hvac.capacity_kw, hvac.priority) == (True, 4.4, 2)
    assert [circuit.id for circuit in premises().house.circuits] == list(loads)


def test_loads_of_a_house_that_nothing_was_planned_or_measured_of_are_zero() -> None:
    """Before its first step a VEN reports no power and no flexibility, and every circuit as it was built."""
    house = premises().house
    loads = reporting.circuit_loads(HousePair(house, house), {}, ven())
    assert [load.id for load in loads] == [circuit.id for circuit in house.circuits]
    assert {(load.current_power_kw, load.shed_capability_kw, load.enabled) for load in loads} == {
        (0.0, 0.0, True)
    }
    assert [load.capacity_kw for load in loads] == [circuit.rated_kw for circuit in house.circuits]


def test_a_loads_snapshot_can_be_read_back() -> None:
    """The snapshot is of the wire's form."""
    loads = reporting.circuit_loads(premises(), {}, ven())
    snapshot = reporting.loads_snapshot(VOICE, timestamp=NOW, seq=1, loads=loads)
    assert read_loads(codec.encode(snapshot), ven_id=VEN) == snapshot
    assert set(on_the_wire(snapshot)) == {"schemaVersion", "venId", "timestamp", "bootId", "seq", "loads"}


def test_the_summary_of_an_event_has_the_names_of_the_wire() -> None:
    """Asked, got, over which time, against which baseline."""
    delivered = Meter().count({"ev1": 1.0}, 4.0, 1800)
    assert reporting.event_summary(HELD, delivered, 2.0, end_ts=NOW + 59.6) == {
        "eventId": "e1",
        "requestedReductionKw": 2.0,
        "actualReductionKw": 3.0,
        "deliveredKwh": 1.5,
        "baselineKw": 4.0,
        "startTs": NOW,
        "endTs": NOW + 60,
    }


def test_the_summary_of_an_event_is_to_the_watt_and_a_tenth_of_a_watt_hour() -> None:
    """A shadow is read by people; its figures end where a meter does."""
    delivered = Meter().count({"ev1": 1.23456}, 4.56789, 100)
    summary = reporting.event_summary(HELD, delivered, 2.34567, end_ts=NOW + 100)
    assert (summary["requestedReductionKw"], summary["actualReductionKw"]) == (2.346, 3.333)
    assert (summary["baselineKw"], summary["deliveredKwh"]) == (4.568, 0.0926)


def test_the_status_is_one_word() -> None:
    """Disabled goes before opted out, and both before what the events say."""
    state = ven()
    schedule, _ = state.schedule.offer(event(), EventOrigin.SHADOW, VEN, NOW)
    running = replace(state, schedule=schedule)
    away = replace(running, settings=replace(state.settings, opt_out=OptOut()))
    off = replace(away, settings=replace(away.settings, enabled=False))
    words = [reporting.status_of(one, NOW) for one in (state, running, away, off)]
    assert words == ["normal", "shedding", "optedOut", "disabled"]


def test_pruned_drops_what_a_shadow_does_not_keep() -> None:
    """Nulls and empty objects are no state; false, zero and an empty list are."""
    value = {"a": None, "b": {}, "c": {"d": {"e": None}}, "f": False, "g": 0, "h": [], "i": {"j": 1}}
    assert pruned(value) == {"f": False, "g": 0, "h": [], "i": {"j": 1}}


@pytest.mark.parametrize(
    ("change", "worth"),
    [
        ({"metrics": {"currentPowerKw": 9.0}}, False),
        ({"metrics": {"batterySoc": 0.1}}, False),
        ({"metrics": {"sustainS": 60}}, False),
        ({"metrics": {"offers": [{"kw": 0.5, "sustainS": 900, "meanS": 300}]}}, False),
        ({"ven": {"lastPublishTs": 9, "houseTs": 9}}, False),
        ({"metrics": {"shedAvailabilityKw": 4.4}}, False),
        ({"metrics": {"shedAvailabilityKw": 4.5}}, True),
        ({"metrics": {"activeEventId": "e1"}}, True),
        ({"metrics": {"lastEventSummary": {"eventId": "e1"}}}, True),
        ({"ven": {"status": "shedding"}}, True),
        ({"enabled": False}, True),
        ({"shadow_errors": {"x": "y"}}, True),
    ],
)
def test_drifting_figures_alone_are_not_worth_an_update(change: dict[str, Any], worth: bool) -> None:
    """An update costs four publishes: it is sent for what has changed, not for what always does."""
    before: dict[str, Any] = {
        "enabled": True,
        "ven": {"status": "normal", "lastPublishTs": 1, "houseTs": 1},
        "metrics": {"currentPowerKw": 1.0, "shedAvailabilityKw": 4.0, "batterySoc": 0.9, "sustainS": 7200},
    }
    after = {
        key: {**before[key], **change.get(key, {})}
        if isinstance(before.get(key), dict)
        else change.get(key, before.get(key))
        for key in before.keys() | change.keys()
    }
    assert worth_saying(before, after) is worth


@pytest.mark.parametrize("offer", [None, "much"])
@pytest.mark.parametrize(("offer_kw", "worth"), [(0.49, False), (0.5, True), (0.0, False)])
def test_an_offer_that_was_never_reported_counts_as_none(offer: object, offer_kw: float, worth: bool) -> None:
    """From no offer, or no number, to half a kW is worth an update, either way."""
    before: dict[str, Any] = {"metrics": {} if offer is None else {"shedAvailabilityKw": offer}}
    after = {"metrics": {"shedAvailabilityKw": offer_kw}}
    assert worth_saying(before, after) is worth
    assert worth_saying(after, before) is worth
