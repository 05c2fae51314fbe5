"""Loads of the functions that plan, write and settle events, and of the one that watches the fleet."""

from __future__ import annotations

import msgspec

from contracts.api.groups import CALL_VENS_MAX, GROUP_VENS_MAX
from contracts.api.requests import DispatchEvent
from contracts.store.definitions import CHUNK_VENS as GROUP_CHUNK_VENS
from contracts.store.keys import EVENTS, VENS
from contracts.wire import codec
from contracts.wire.codec import JsonDict
from contracts.wire.ids import EventId, VenId
from harness.bench.bench_first_settlement import DAYS, VEN_IDS, rows
from harness.bench.bench_settlement import event_of
from harness.functions.account import CannedAccount, ids
from harness.functions.load import Calls, WorstLoad
from harness.functions.loads import fleet
from harness.functions.server import CONNECTIONS
from harness.functions.tables import CannedTable
from lambdas.dispatch_event.logic.plan import Planned
from lambdas.shared import parallel
from lambdas.shared.fan_out import CHUNK_VENS, ShadowChunk

CHUNKS = fleet.FLEET // CHUNK_VENS
SETTLED = "settling 16 VENs, 20 days of rows each"


def _account() -> CannedAccount:
    return CannedAccount(fleet.fleet_tables())


def _create() -> JsonDict:
    request = DispatchEvent(
        event_id=EventId("evt-new"),
        start_ts=int(fleet.NOW) + fleet.HOUR_S,
        intervals=fleet.intervals(),
        randomize_start_s=30,
        allocation="proportional",
    )
    value: JsonDict = msgspec.to_builtins(request)
    return {name: item for name, item in value.items() if item is not None}


def _created(answer: JsonDict, calls: Calls) -> bool:
    return len(answer["assignments"]) == fleet.FLEET and calls["sqs SendMessage"] == CHUNKS


def _redispatch() -> JsonDict:
    return {"action": "redispatch", "eventId": fleet.EVENT}


def _redispatched(answer: JsonDict, calls: Calls) -> bool:
    read = calls["dynamodb BatchGetItem"] == fleet.FLEET // 100
    return answer["revision"] == 1 and read and calls["sqs SendMessage"] == CHUNKS


def _group_change() -> JsonDict:
    return {"group": fleet.GROUP, "groupAction": "change", "add": ids(CALL_VENS_MAX)}


def _large_group() -> CannedAccount:
    """A group that the change fills to the last VEN, of ids of 64 characters."""
    tables = fleet.fleet_tables()
    others = [VenId(f"{number:064d}") for number in range(GROUP_VENS_MAX - CALL_VENS_MAX)]
    tables["events"].add(fleet.group_items(fleet.GROUP, others))
    return CannedAccount(tables)


def _group_changed(answer: JsonDict, calls: Calls) -> bool:
    chunks = GROUP_VENS_MAX // GROUP_CHUNK_VENS
    checked = calls["dynamodb BatchGetItem"] == CALL_VENS_MAX // 100
    return answer["venCount"] == GROUP_VENS_MAX and checked and calls["dynamodb PutItem"] == chunks + 1


def _chunk() -> JsonDict:
    """The chunk of a revision before the one that is in force."""
    assignments = fleet.planned().plan.assignments[:CHUNK_VENS]
    chunk = ShadowChunk(event_id=fleet.EVENT, revision=-1, assignments=assignments)
    return fleet.sqs(codec.encode(chunk).decode())


def _shadows_written(answer: JsonDict, calls: Calls) -> bool:
    reused = calls[CONNECTIONS] <= parallel.CONNECTIONS + 1
    return fleet.all_done(answer) and calls["iotdata POST /things"] == CHUNK_VENS and reused


def _watched(answer: JsonDict, calls: Calls) -> bool:
    return (
        answer["known"] == answer["online"] == fleet.FLEET
        and calls["dynamodb BatchGetItem"] == fleet.FLEET // 100
    )


def _past() -> CannedAccount:
    """An event that is over, of 16 VENs that report every 30 s since 20 days."""
    event, plan = event_of(VEN_IDS)
    past = Planned(event, plan)
    vens = [{**item, "venId": ven_id} for item, ven_id in zip(fleet.ven_items(), VEN_IDS, strict=False)]
    return CannedAccount(
        {
            "telemetry": fleet.stored_rows(rows().items(), list(VEN_IDS)),
            "events": CannedTable(EVENTS).add([*fleet.event_items(past), *fleet.participations(past)]),
            "vens": CannedTable(VENS).add(vens),
        }
    )


def _settled(answer: JsonDict, calls: Calls) -> bool:
    days = calls["dynamodb BatchWriteItem"]
    followed = calls["iotdata POST /things"] == len(VEN_IDS) <= calls["dynamodb UpdateItem"]
    return len(answer["vens"]) == len(VEN_IDS) and days >= (DAYS - 3) * len(VEN_IDS) and followed


LOADS = (
    WorstLoad(
        "dispatch_event", "an event of 24 intervals over 10,000 VENs is created", _create, _account, _created
    ),
    WorstLoad(
        "dispatch_event",
        "an event of 24 intervals over 10,000 VENs is shared out again, with every VEN's latest row",
        _redispatch,
        _account,
        _redispatched,
    ),
    WorstLoad(
        "dispatch_event",
        "10,000 VENs come into a group, which has 100,000 then",
        _group_change,
        _large_group,
        _group_changed,
    ),
    WorstLoad(
        "write_shadows",
        "200 shadows of 24 intervals, of an event that has moved on: the plan of 10,000 VENs is read",
        _chunk,
        _account,
        _shadows_written,
    ),
    WorstLoad(
        "settle_event",
        f"{SETTLED}, kept day by day, counted for the VENs and taken out of their shadows",
        lambda: {"eventId": "e1"},
        _past,
        _settled,
    ),
    WorstLoad("watch_fleet", "10,000 VENs that are online, and their latest rows", dict, _account, _watched),
)

__all__ = ["LOADS", "SETTLED"]
