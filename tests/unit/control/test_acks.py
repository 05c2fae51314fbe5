"""Acks of commands, refusals and events: the wire's names, and what each phase says."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from contracts.errors import CommandRefusedError, FieldError
from contracts.wire import codec
from contracts.wire.acks import CircuitCurtailed, read_ack
from contracts.wire.commands import Ping
from contracts.wire.events import Phase
from contracts.wire.shadow import OptOut
from tests.support.ven_states import NOW, VEN, event, ven
from ven_twin.control import acks
from ven_twin.control.event_history import Meter
from ven_twin.control.reporting import Sender
from ven_twin.control.schedule import EventOrigin, EventTransition, ScheduledEvent
from ven_twin.control.shedding import ShedPlan
from ven_twin.control.ven_state import Settings
from ven_twin.house.profile import Panel

VOICE = Sender(VEN, "boot-1", Panel(rating_amps=200.0, voltage_v=240.0))
SCHEDULED = ScheduledEvent(event(durations_s=(60,)), EventOrigin.SHADOW, 0.0)
LEAVING = replace(
    ven(),
    settings=Settings(opt_out=OptOut(reason="guests", until_ts=NOW + 60)),
    by_hand={"ev1": "e1", "hvac1": "e9"},
)


def on_the_wire(message: object) -> dict[str, Any]:
    """*message* as a subscriber reads it."""
    decoded: dict[str, Any] = json.loads(codec.encode(message))
    return decoded


def test_a_command_s_ack_says_what_was_done() -> None:
    """A pong goes back with the sender's id, and nothing that does not apply."""
    ack = acks.command_ack(VOICE, Ping(correlation_id="c1"), {"pong": True}, ts=NOW)
    assert on_the_wire(ack) == {
        "op": "ping",
        "ok": True,
        "status": "success",
        "ts": NOW,
        "venId": VEN,
        "correlationId": "c1",
        "pong": True,
    }


def test_a_refusal_names_the_field() -> None:
    """An ack of what cannot be done has the field and the reason."""
    error = CommandRefusedError(FieldError("data.loadId", "unknown circuit"), "setLoad", None)
    sent = on_the_wire(acks.refusal_ack(VOICE, error, ts=NOW))
    assert (sent["ok"], sent["status"], sent["correlationId"]) == (False, "rejected", "")
    assert (sent["field"], sent["error"]) == ("data.loadId", "data.loadId: unknown circuit")


@pytest.mark.parametrize(
    ("phase", "status", "ok"),
    [
        (Phase.FAR, "accepted", True),
        (Phase.NEAR, "accepted", True),
        (Phase.ACTIVE, "success", True),
        (Phase.COMPLETED, "success", True),
        (Phase.CANCELLED, "success", True),
        (Phase.OPTED_OUT, "rejected", False),
    ],
)
def test_each_transition_is_acked(phase: Phase, status: str, ok: bool) -> None:
    """One ack a transition, told from another by event, revision and phase; who opts out has its reason."""
    delivered = Meter().count({"ev1": 1.0}, 4.0, 1800)
    plan = ShedPlan(needed_kw=3.0, shed_kw=2.5, controls={}, decisions=(_decision(),))
    ack = acks.transition_ack(
        VOICE, EventTransition(SCHEDULED, phase), plan, delivered, LEAVING, requested_kw=3.0, ts=NOW
    )
    sent = on_the_wire(ack)
    assert (sent["op"], sent["status"], sent["ok"], sent["phase"]) == ("event", status, ok, phase)
    assert sent["correlationId"] == f"e1:0:{phase}"
    assert sent["event_id"] == "e1"
    assert sent["requested_shed_kw"] == 3.0
    assert sent["actual_shed_kw"] == (2.5 if phase is Phase.ACTIVE else 3.0)
    assert ("circuits_curtailed" in sent) is (phase is Phase.ACTIVE)
    assert sent.get("data") == {
        Phase.ACTIVE: {"byHand": ["ev1"]},
        Phase.OPTED_OUT: {
            "deliveredKwh": 1.5,
            "optOut": {"reason": "guests", "untilTs": NOW + 60},
            "byHand": ["ev1"],
        },
    }.get(phase, {"deliveredKwh": 1.5, "byHand": ["ev1"]})
    assert read_ack(codec.encode(ack), ven_id=VEN) == ack


def test_the_circuits_of_an_ack_have_the_names_of_the_wire() -> None:
    """Each circuit has its power before, the power curtailed, the power after, and the reason."""
    plan = ShedPlan(needed_kw=3.0, shed_kw=2.5, controls={}, decisions=(_decision(),))
    ack = acks.transition_ack(
        VOICE, EventTransition(SCHEDULED, Phase.ACTIVE), plan, None, LEAVING, requested_kw=None, ts=NOW
    )
    assert on_the_wire(ack)["circuits_curtailed"] == [
        {
            "id": "ev1",
            "name": "Car charger",
            "breaker_amps": 50.0,
            "original_kw": 7.2,
            "curtailed_kw": 2.5,
            "final_kw": 4.7,
            "critical": False,
            "reason": "charging slowed",
        }
    ]


def _decision() -> CircuitCurtailed:
    return CircuitCurtailed(
        id="ev1",
        name="Car charger",
        breaker_amps=50.0,
        original_kw=7.2,
        curtailed_kw=2.5,
        final_kw=4.7,
        critical=False,
        reason="charging slowed",
    )


def test_the_ack_at_the_end_says_which_circuit_gave_what() -> None:
    """Against the same circuit without the event; one that drew the same is left out, more is told."""
    delivered = Meter().count(
        {"ev1": 1.0, "batt1": 0.5, "fridge1": 0.1}, 5.0, 1800, {"ev1": 4.0, "batt1": 0.0, "fridge1": 0.1}
    )
    plan = ShedPlan(needed_kw=0.0, shed_kw=0.0, controls={}, decisions=())
    ack = acks.transition_ack(
        VOICE, EventTransition(SCHEDULED, Phase.COMPLETED), plan, delivered, ven(), requested_kw=1.0, ts=NOW
    )
    assert on_the_wire(ack)["data"]["circuitsKwh"] == {"ev1": 1.5, "batt1": -0.25}
    assert read_ack(codec.encode(ack), ven_id=VEN) == ack


def test_delivered_energy_is_reported_to_a_tenth_of_a_watt_hour() -> None:
    """1 kW for 100 s is 0.0278 kWh."""
    delivered = Meter().count({"ev1": 1.0}, 2.0, 100)
    plan = ShedPlan(needed_kw=0.0, shed_kw=0.0, controls={}, decisions=())
    ack = acks.transition_ack(
        VOICE, EventTransition(SCHEDULED, Phase.COMPLETED), plan, delivered, ven(), requested_kw=1.0, ts=NOW
    )
    assert on_the_wire(ack)["data"]["deliveredKwh"] == 0.0278


def test_what_a_limit_takes_anyway_is_not_the_event_s() -> None:
    """Of 2.5 kW planned a limit takes 1.5 kW without the event: the ack says 1 kW."""
    plan = ShedPlan(needed_kw=3.0, shed_kw=2.5, controls={}, decisions=())
    start = EventTransition(SCHEDULED, Phase.ACTIVE)
    ack = acks.transition_ack(VOICE, start, plan, None, ven(), requested_kw=1.0, ts=NOW, anyway_kw=1.5)
    assert on_the_wire(ack)["actual_shed_kw"] == 1.0
