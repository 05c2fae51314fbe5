"""Loads of the function that has the VTN's events dispatched: orders for large events, a sweep over many."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import msgspec

from contracts.api.oadr_events import OadrEventState
from contracts.openadr.ids import ObjectId
from contracts.openadr.objects import OadrEvent, OadrProgram
from contracts.openadr.times import date_time_text
from contracts.store.keys import EVENTS
from contracts.store.oadr_events import DispatchOrder, OadrEventRow, oadr_event_item
from contracts.store.vtn_keys import VTN, shared_key
from contracts.wire import codec
from contracts.wire.codec import JsonDict
from contracts.wire.ids import GroupName, VenId
from harness.functions.account import CannedAccount
from harness.functions.load import Calls, WorstLoad
from harness.functions.loads import fleet
from harness.functions.tables import CannedTable
from lambdas.dispatch_event.logic.answer import answer as dispatched
from lambdas.vtn_dispatch.joining import tag_of

ORDERS, SWEPT, GROUPS = 5, 5_000, 1_000
STAMPS = {"createdDateTime": "2026-01-01T00:00:00Z", "modificationDateTime": "2026-01-01T00:00:00Z"}
PROGRAM = msgspec.convert(
    {**STAMPS, "objectType": "PROGRAM", "id": "program", "programName": "peak"}, OadrProgram
)
SETTINGS = {"DISPATCH_FUNCTION": "dispatch", "RETENTION_DAYS": "30"}


def _group(number: int) -> GroupName:
    return GroupName(f"group-{number:04d}")


def _event(number: int) -> OadrEvent:
    """An event of 24 intervals for a thousand groups."""
    payloads = [{"type": "DISPATCH_SETPOINT_RELATIVE", "values": [-2.0]}]
    body = {
        **STAMPS,
        "objectType": "EVENT",
        "id": f"event-{number:05d}",
        "programID": PROGRAM.id,
        "targets": [_group(place) for place in range(GROUPS)],
        "intervalPeriod": {"start": date_time_text(fleet.NOW + fleet.HOUR_S), "duration": "PT1H"},
        "intervals": [{"id": place, "payloads": payloads} for place in range(24)],
    }
    return msgspec.convert(body, OadrEvent)


def _swept(number: int) -> OadrEvent:
    """The same for a single group."""
    return msgspec.structs.replace(_event(number), targets=(_group(0),))


def object_item(record: OadrEvent | OadrProgram) -> JsonDict:
    """The item of an object, among all of its type."""
    key = shared_key("PROGRAM" if isinstance(record, OadrProgram) else "EVENT", record.id)
    return {VTN.partition: key.partition, str(VTN.sort): key.sort, "body": codec.encode(record).decode()}


def _row_item(event: OadrEvent) -> JsonDict:
    row = OadrEventRow(
        oadr_event_id=event.id,
        state=OadrEventState.DISPATCHED,
        changed_ts=fleet.NOW,
        tag=tag_of(event, PROGRAM),
    )
    return oadr_event_item(row)


def _groups() -> Iterator[JsonDict]:
    for number in range(GROUPS):
        yield from fleet.group_items(_group(number), [VenId("ven-1")])


def _ordered_account() -> CannedAccount:
    objects = CannedTable(VTN).add([object_item(PROGRAM), *map(object_item, map(_event, range(ORDERS)))])
    tables = {**fleet.fleet_tables(), "vtn": objects}
    tables["events"].add(_groups())
    return CannedAccount(tables, invoked=msgspec.to_builtins(dispatched(*fleet.planned())))


@cache
def _stock() -> tuple[tuple[JsonDict, ...], tuple[JsonDict, ...]]:
    events = [_swept(number) for number in range(SWEPT)]
    return tuple(map(object_item, events)), tuple(map(_row_item, events))


def _swept_account() -> CannedAccount:
    objects, rows = _stock()
    return CannedAccount(
        {
            "vtn": CannedTable(VTN).add([object_item(PROGRAM), *objects]),
            "events": CannedTable(EVENTS).add(rows),
        }
    )


def _orders() -> JsonDict:
    orders = (
        DispatchOrder(object_type="EVENT", id=ObjectId(f"event-{number:05d}")) for number in range(ORDERS)
    )
    return fleet.sqs(*(codec.encode(order).decode() for order in orders))


def _all_invoked(answer: JsonDict, calls: Calls) -> bool:
    """Each once, and the program that there was not."""
    invoked = sum(count for name, count in calls.items() if name.startswith("lambda"))
    return fleet.all_done(answer) and invoked >= ORDERS


def _nothing_due(answer: JsonDict, _: Calls) -> bool:
    return answer == {"due": 0, "failed": 0, "left": 0}


LOADS = (
    WorstLoad(
        "vtn_dispatch",
        f"{ORDERS} events of 24 intervals for {GROUPS:,} groups",
        _orders,
        _ordered_account,
        _all_invoked,
        environment=SETTINGS,
    ),
    WorstLoad(
        "vtn_dispatch",
        f"a sweep over {SWEPT:,} events of 24 intervals",
        lambda: {"sweep": "events"},
        _swept_account,
        _nothing_due,
        environment=SETTINGS,
    ),
)
