"""An event of the VTN at the stage's own twin, which speaks AWS IoT: shed and settled, or not acted on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.openadr.ids import STAGE_CLIENT
from contracts.openadr.scopes import Role
from contracts.store.keys import REPORT_SORT_KEY
from tests.e2e.conftest import System, until
from tests.support.outside_vtn import OutsideVtn, route_at

SECONDS = 8


def outcome(system: System, object_id: str) -> dict[str, Any] | None:
    """The event as ``ven-twin oadr events`` has it; None before it was looked at."""
    done = system.cli("oadr", "events", "--json")
    assert done.returncode == 0, done.stderr
    listed: list[dict[str, Any]] = json.loads(done.stdout)
    return next((event for event in listed if event["oadrEventId"] == object_id), None)


def event(program_id: str, kind: str, value: float, **more: Any) -> dict[str, Any]:
    """An event for ven-1 that begins in two seconds."""
    start = (datetime.now(UTC) + timedelta(seconds=2)).isoformat(timespec="seconds")
    return {
        "programID": program_id,
        "targets": ["ven-1"],
        "intervalPeriod": {"start": start, "duration": f"PT{SECONDS}S"},
        "intervals": [{"id": 0, "payloads": [{"type": kind, "values": [value]}]}],
        **more,
    }


def test_an_event_of_the_vtn_is_shed_by_the_stages_own_twin_and_settled(
    system: System, vtn: OutsideVtn
) -> None:
    """2 kW less for whoever reads it are 2 kW less of ven-1, by the baseline that the program names."""
    logic = vtn.client("dispatcher", Role.BL)
    rules = [{"type": "VEN_TWIN_BASELINE", "values": ["clone"]}]
    program = logic.made("/programs", programName="joined", attributes=rules)
    made = logic.made("/events", **event(program["id"], "DISPATCH_SETPOINT_RELATIVE", -2, eventName="heat"))
    brought = until(lambda: outcome(system, made["id"]), "the event at the stage's VENs")
    assert (brought["state"], brought["eventId"], brought["program"]) == ("dispatched", made["id"], "joined")
    part = until(lambda: system.event_item(made["id"], REPORT_SORT_KEY), "its settlement")
    report = part["report"]
    assert (report["program"], report["settledBy"]) == ("joined", "clone")
    (ven,) = report["vens"]
    assert (ven["venId"], ven["acknowledged"]) == ("ven-1", True)


def test_an_event_that_no_ven_can_act_on_is_shown_with_its_reason(system: System, vtn: OutsideVtn) -> None:
    """The VTN answers it all the same; and what is deleted is withdrawn."""
    logic = vtn.client("dispatcher", Role.BL)
    program = logic.made("/programs", programName="not joined")
    green = logic.made("/events", **event(program["id"], "GHG", 300))
    shown = until(lambda: outcome(system, green["id"]), "the reason")
    assert (shown["state"], "eventId" in shown) == ("notActedOn", False)
    assert "DISPATCH_SETPOINT_RELATIVE" in shown["reason"]
    route = route_at("DELETE", f"/events/{green['id']}")
    assert logic.call(route, f"/events/{green['id']}").status_code == 200
    until(
        lambda: (outcome(system, green["id"]) or {}).get("state") == "withdrawn",
        "the withdrawal",
    )


def test_the_stages_own_twin_is_reported_on(system: System, vtn: OutsideVtn) -> None:
    """Once its telemetry is in, the sweep files what the event asks for; the business logic finds it."""
    logic = vtn.client("dispatcher", Role.BL)
    program = logic.made("/programs", programName="reported")
    wanted = [{"payloadType": kind} for kind in ("USAGE", "OPERATING_STATE")]
    terms = event(program["id"], "DISPATCH_SETPOINT_RELATIVE", -2, reportDescriptors=wanted)
    made = logic.made("/events", **terms)
    until(lambda: outcome(system, made["id"]), "the event at the stage's VENs")

    def swept() -> Any:
        system.cloud.client("lambda").invoke(FunctionName=sweeper(system), Payload=b'{"sweep": "events"}')
        return logic.get("/reports", eventID=made["id"])

    (report,) = until(swept, "the report")
    assert (report["clientName"], report["clientID"]) == ("ven-1", STAGE_CLIENT)
    ((interval,),) = [resource["intervals"] for resource in report["resources"]]
    values = {payload["type"]: payload["values"][0] for payload in interval["payloads"]}
    assert values["OPERATING_STATE"] == "RUNNING_CURTAILED"
    assert isinstance(values["USAGE"], float)


def sweeper(system: System) -> str:
    """The name of the function that sweeps."""
    functions = system.cloud.client("lambda").get_paginator("list_functions").paginate()
    names = [each["FunctionName"] for page in functions for each in page["Functions"]]
    (name,) = [name for name in names if "VtnDispatch" in name]
    return str(name)
