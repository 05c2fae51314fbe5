"""Loads of VENs of OpenADR in the fleet: the shares of a thousand of them, and a day that some report."""

from __future__ import annotations

from functools import cache

import msgspec

from contracts.api.requests import DispatchEvent
from contracts.openadr.ids import ClientId, ObjectId
from contracts.openadr.oadr_vens import oadr_ven_id
from contracts.openadr.objects import OadrEvent, OadrReport, OadrVen
from contracts.openadr.times import date_time_text
from contracts.store.keys import EVENTS, TELEMETRY, VENS
from contracts.store.oadr_events import DispatchOrder
from contracts.store.vtn_keys import VTN, name_key, owned_key, shared_key
from contracts.wire import codec
from contracts.wire.codec import JsonDict
from contracts.wire.ids import EventId
from harness.functions.account import CannedAccount
from harness.functions.load import Calls, WorstLoad
from harness.functions.loads import fleet
from harness.functions.loads.vtn_dispatching import PROGRAM, SETTINGS, STAMPS
from harness.functions.tables import CannedTable
from lambdas.dispatch_event.logic.plan import Planned, plan_event
from lambdas.shared.rows import VenRow
from lambdas.vtn_dispatch.sharing import TOGETHER

VEN_COUNT, REPORTS, QUARTERS = 1_000, 5, 96
CLIENT = ClientId("heat-pumps")
QUARTER_S = 900


def _object_id(number: int) -> ObjectId:
    return ObjectId(f"{number:026x}")


@cache
def _planned() -> Planned:
    """An event of 24 intervals that VENs of OpenADR alone share."""
    request = DispatchEvent(
        event_id=EventId("by-hand"),
        start_ts=int(fleet.NOW) + fleet.HOUR_S,
        intervals=fleet.intervals(),
        allocation="proportional",
    )
    rows = [
        msgspec.structs.replace(msgspec.convert(item, VenRow), ven_id=oadr_ven_id(_object_id(number)))
        for number, item in enumerate(fleet.ven_items()[:VEN_COUNT])
    ]
    plan = plan_event(request, EventId("by-hand"), rows, now=fleet.NOW, retention_days=30, token="0a1b")
    return Planned(plan.row, plan.plan)


def _shared_account() -> CannedAccount:
    key = name_key("PROGRAM", _planned().row.program)
    name = {VTN.partition: key.partition, str(VTN.sort): key.sort, "of": PROGRAM.id}
    return CannedAccount(
        {
            "vtn": CannedTable(VTN).add([name]),
            "events": CannedTable(EVENTS).add(fleet.event_items(_planned())),
        }
    )


def _all_shared(answer: JsonDict, calls: Calls) -> bool:
    """Each looked for, and written some at a time."""
    called = len(_planned().plan.assignments)
    return fleet.all_done(answer) and calls["dynamodb TransactWriteItems"] >= called // TOGETHER


def _report(number: int) -> OadrReport:
    """A day of quarter hours, with all that a VEN may say of each."""
    start_ts = fleet.NOW - QUARTERS * QUARTER_S
    payloads = [
        {"type": kind, "values": [value]}
        for kind, value in (
            ("USAGE", 0.5),
            ("BASELINE", 2.5),
            ("LOAD_SHED_DELTA_AVAILABLE", 1.5),
            ("OPERATING_STATE", "RUNNING_NORMAL"),
        )
    ]
    intervals = [
        {
            "id": place,
            "intervalPeriod": {"start": date_time_text(start_ts + place * QUARTER_S), "duration": "PT15M"},
            "payloads": payloads,
        }
        for place in range(QUARTERS)
    ]
    body = {
        **STAMPS,
        "objectType": "REPORT",
        "id": _object_id(number),
        "clientID": CLIENT,
        "clientName": "heat-pump",
        "eventID": "telemetry",
        "resources": [{"resourceName": "meter", "intervals": intervals}],
    }
    return msgspec.convert(body, OadrReport)


def _reported_account() -> CannedAccount:
    ven = msgspec.convert(
        {**STAMPS, "objectType": "VEN", "id": _object_id(0), "clientID": CLIENT, "venName": "heat-pump"},
        OadrVen,
    )
    event = msgspec.convert(
        {**STAMPS, "objectType": "EVENT", "id": "telemetry", "programID": PROGRAM.id}, OadrEvent
    )
    keys = [
        (shared_key("EVENT", event.id), event),
        (owned_key(CLIENT, "VEN", ven.id), ven),
        *((owned_key(CLIENT, "REPORT", _object_id(n)), _report(n)) for n in range(REPORTS)),
    ]
    items = [
        {VTN.partition: key.partition, str(VTN.sort): key.sort, "body": codec.encode(value).decode()}
        for key, value in keys
    ]
    return CannedAccount(
        {
            "vtn": CannedTable(VTN).add(items),
            "events": CannedTable(EVENTS),
            "vens": CannedTable(VENS),
            "telemetry": CannedTable(TELEMETRY),
        }
    )


def _reports() -> JsonDict:
    orders = (
        DispatchOrder(object_type="REPORT", id=_object_id(number), client_id=CLIENT)
        for number in range(REPORTS)
    )
    return fleet.sqs(*(codec.encode(order).decode() for order in orders))


def _all_heard(answer: JsonDict, calls: Calls) -> bool:
    """Each quarter of an hour collected, and written as a row."""
    return fleet.all_done(answer) and calls["dynamodb UpdateItem"] >= 2 * REPORTS * QUARTERS


LOADS = (
    WorstLoad(
        "vtn_dispatch",
        f"shares of an event of 24 intervals for {VEN_COUNT:,} VENs of OpenADR",
        lambda: fleet.sqs(
            codec.encode(DispatchOrder(object_type="DR_EVENT", id=EventId("by-hand"))).decode()
        ),
        _shared_account,
        _all_shared,
        environment=SETTINGS,
    ),
    WorstLoad(
        "vtn_dispatch",
        f"{REPORTS} reports of a day in quarter hours, with all payloads",
        _reports,
        _reported_account,
        _all_heard,
        environment=SETTINGS,
    ),
)
