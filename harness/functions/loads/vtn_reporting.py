"""A load of the function that reports for the stage's own VENs: an event over a thousand of them is over."""

from __future__ import annotations

from functools import cache

import msgspec

from contracts.api.oadr_events import OadrEventState
from contracts.api.requests import DispatchEvent
from contracts.openadr.objects import OadrEvent
from contracts.openadr.report_values import REPORTED
from contracts.openadr.times import date_time_text
from contracts.store.items import to_item
from contracts.store.keys import EVENTS, VENS, telemetry_row_id
from contracts.store.oadr_events import OadrEventRow, oadr_event_item
from contracts.store.vtn_keys import VTN
from contracts.wire.codec import JsonDict
from harness.functions.account import CannedAccount, ids
from harness.functions.load import Calls, WorstLoad
from harness.functions.loads import fleet
from harness.functions.loads.vtn_dispatching import PROGRAM, SETTINGS, STAMPS, object_item
from harness.functions.tables import CannedTable
from lambdas.dispatch_event.logic.plan import Planned, plan_event
from lambdas.shared.rows import VenRow
from lambdas.vtn_dispatch.joining import tag_of

VEN_COUNT = 1_000
EVERY_S, AROUND_S = 30, 900
LENGTH_S = 24 * 600
END = int(fleet.NOW) - 600
START = END - LENGTH_S


@cache
def _planned() -> Planned:
    """An event over the VENs, four hours long, which was over ten minutes ago."""
    request = DispatchEvent(
        event_id=fleet.EVENT, start_ts=START, intervals=fleet.intervals(), allocation="proportional"
    )
    rows = [msgspec.convert(item, VenRow) for item in fleet.ven_items()[:VEN_COUNT]]
    plan = plan_event(request, fleet.EVENT, rows, now=START - 600, retention_days=30, token="0a1b")
    return Planned(plan.row, plan.plan)


def _event() -> OadrEvent:
    """The same at the VTN, with a report of everything that there is."""
    payloads = [{"type": "DISPATCH_SETPOINT_RELATIVE", "values": [-2.0]}]
    body = {
        **STAMPS,
        "objectType": "EVENT",
        "id": fleet.EVENT,
        "programID": PROGRAM.id,
        "intervalPeriod": {"start": date_time_text(START), "duration": "PT10M"},
        "intervals": [{"id": place, "payloads": payloads} for place in range(24)],
        "reportDescriptors": [{"payloadType": kind} for kind in sorted(REPORTED)],
    }
    return msgspec.convert(body, OadrEvent)


def _rows() -> dict[str, JsonDict]:
    """The stored rows of a VEN, which acts on the event, by their sort keys."""
    rows: dict[str, JsonDict] = {}
    for seq, timestamp in enumerate(range(START - AROUND_S, END + AROUND_S, EVERY_S)):
        shed_kw = 0.5 if START < timestamp <= END else 0.0
        row = fleet.telemetry_row(ids(1)[0], timestamp, 1.0 + timestamp * 7919 % 5000 / 1000, shed_kw)
        row_id = telemetry_row_id(timestamp, "b1", seq)
        rows[row_id] = to_item({**row, "rowId": row_id, "seq": seq, "measuredS": float(EVERY_S)})
    return rows


def _account() -> CannedAccount:
    event, vens = _event(), ids(VEN_COUNT)
    row = OadrEventRow(
        oadr_event_id=event.id,
        state=OadrEventState.DISPATCHED,
        event_id=fleet.EVENT,
        changed_ts=START - 600.0,
        tag=tag_of(event, PROGRAM),
    )
    stored = [*fleet.event_items(_planned()), *fleet.participations(_planned()), oadr_event_item(row)]
    return CannedAccount(
        {
            "vtn": CannedTable(VTN).add([object_item(PROGRAM), object_item(event)]),
            "events": CannedTable(EVENTS).add(stored),
            "vens": CannedTable(VENS).add(fleet.ven_items()[:VEN_COUNT]),
            "telemetry": fleet.stored_rows(_rows().items(), list(vens)),
        }
    )


def _all_filed(answer: JsonDict, calls: Calls) -> bool:
    """Each VEN's telemetry read once, and its report written."""
    read, written = calls["dynamodb Query"], calls["dynamodb TransactWriteItems"]
    return answer == {"due": 0, "failed": 0, "left": 0} and read >= VEN_COUNT and written >= VEN_COUNT // 8


LOADS = (
    WorstLoad(
        "vtn_dispatch",
        f"reports of {VEN_COUNT:,} VENs on an event of four hours and 24 intervals, with all payloads",
        lambda: {"sweep": "events"},
        _account,
        _all_filed,
        environment=SETTINGS,
    ),
)
