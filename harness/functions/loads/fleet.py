"""Stored things of a large fleet: ten thousand VENs with their latest rows, an event over all of them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache

import msgspec

from contracts.api.requests import DispatchEvent
from contracts.store.definitions import GroupRow, group_item, member_items
from contracts.store.keys import COMMANDS, EVENTS, LATEST_ROW, TELEMETRY, VENS, ven_sort_key
from contracts.store.plans import chunks_of
from contracts.wire.codec import JsonDict
from contracts.wire.events import MAX_INTERVALS, Interval, Signal
from contracts.wire.ids import EventId, GroupName, VenId
from harness.functions.account import ids
from harness.functions.tables import CannedTable, Partition
from lambdas.dispatch_event.logic.plan import Planned, plan_event
from lambdas.shared.rows import VenRow

FLEET = 10_000
"""VENs of an event, as docs/guides/scale.md has them."""
EVENT = EventId("evt-worst")
NOW = 1_800_000_000.0
"""The time that every load is of, UTC s."""
HOUR_S = 3600
DAY_S = 24 * HOUR_S
CERTIFICATE = "a" * 64
GROUP = GroupName("north")
GROUP_ETAG = "1f0a9c2e44d07b31"


def telemetry_row(ven_id: VenId, timestamp: int, power_kw: float, shed_kw: float = 0.0) -> JsonDict:
    """A whole telemetry row; one that sheds does so for the event."""
    row = {
        "venId": ven_id,
        "timestamp": timestamp,
        "receivedTs": timestamp + 0.731,
        "bootId": "b1",
        "seq": 4711,
        "schemaVersion": "1.0",
        "usedPowerKw": power_kw,
        "shedPowerKw": shed_kw,
        "baselinePowerKw": round(power_kw + shed_kw, 3),
        "batterySoc": 0.5125,
        "panelAmperageRating": 200.0,
        "panelVoltage": 240.0,
        "panelMaxKw": 48.0,
        "currentAmps": round(power_kw / 0.24, 3),
        "panelUtilizationPercent": round(power_kw / 0.48, 3),
        "expiresTs": timestamp + 30 * DAY_S,
    }
    return row | ({"eventId": EVENT, "requestedReductionKw": shed_kw} if shed_kw else {})


@cache
def ven_items() -> tuple[JsonDict, ...]:
    """The VENs' rows with all that a row has: provisioned, online, with an offer."""
    rng = random.Random(7)
    return tuple(
        {
            "venId": ven_id,
            "certificateId": CERTIFICATE,
            "resourceId": CERTIFICATE,
            "provisionRequestId": "8d7a1f3e-0000-4000-8000-000000000001",
            "changedOverTo": CERTIFICATE,
            "provisionedTs": NOW - 10 * DAY_S,
            "certifiedTs": NOW - 10 * DAY_S,
            "online": True,
            "presenceTs": NOW - DAY_S,
            "presenceOrder": 18,
            "enabled": True,
            "status": "idle",
            "shedAvailabilityKw": round(rng.uniform(0.5, 8.0), 3),
            "sustainS": rng.choice((HOUR_S, 4 * HOUR_S)),
            "batterySoc": 0.5125,
            "byHand": {"ev1": "off"},
            "reportIntervalS": 30,
            "reportedTs": NOW - 60,
            "shadowVersion": 1811,
            "performance": rng.choice((0.6, 0.8, 0.95)),
            "calledKwh": round(rng.uniform(0.0, 30.0), 3),
            "lastCalledTs": NOW - DAY_S,
        }
        for ven_id in ids(FLEET)
    )


def intervals(duration_s: int = 600) -> tuple[Interval, ...]:
    """As many intervals as an event may have, each a little below half of what the fleet offers."""
    offered_kw = sum(item["shedAvailabilityKw"] for item in ven_items())
    share = [0.40 + 0.01 * (index % 5) for index in range(MAX_INTERVALS)]
    return tuple(
        Interval(duration_s=duration_s, signal=Signal.SHED_KW, value=round(of * offered_kw, 3))
        for of in share
    )


@cache
def planned() -> Planned:
    """An event over the fleet, in the middle of the second of its 24 intervals of ten minutes."""
    request = DispatchEvent(
        event_id=EVENT, start_ts=int(NOW) - 900, intervals=intervals(), allocation="proportional"
    )
    rows = [msgspec.convert(item, VenRow) for item in ven_items()]
    plan = plan_event(request, EVENT, rows, now=NOW - 1200, retention_days=30, token="0a1b")
    return Planned(msgspec.structs.replace(plan.row, done_revision=0), plan.plan)


def event_items(event: Planned) -> Iterator[JsonDict]:
    """An event's header and plan."""
    yield msgspec.to_builtins(event.row)
    yield from chunks_of(event.plan, event.row.event_id, event.row.expires_ts)


def group_items(group: GroupName, vens: Sequence[VenId]) -> Iterator[JsonDict]:
    """A group's header and members."""
    members = member_items(group, GROUP_ETAG, vens)
    row = GroupRow(group=group, version=GROUP_ETAG, changed_ts=NOW, ven_count=len(vens), chunks=len(members))
    yield group_item(row)
    yield from members


def _group_items() -> Iterator[JsonDict]:
    """Two groups, each of the whole fleet."""
    for group in (GROUP, GroupName("feeder-7")):
        yield from group_items(group, ids(FLEET))


def participations(event: Planned) -> Iterator[JsonDict]:
    """The VENs' items in an event: each has accepted it, and told that it began."""
    for assignment in event.plan.assignments:
        answer = {
            "ts": int(NOW) - 600,
            "receivedTs": NOW - 599,
            "correlationId": f"{event.row.event_id}:0:active",
            "actualShedKw": assignment.values[0],
            "circuits": [circuit(number) for number in range(4)],
        }
        yield {
            "eventId": event.row.event_id,
            "part": ven_sort_key(assignment.ven_id),
            "venId": assignment.ven_id,
            "accepted": answer,
            "active": answer,
        }


def circuit(number: int) -> JsonDict:
    """A circuit and what was decided for it, as an ack has it."""
    return {
        "id": f"circuit-{number}",
        "name": f"Circuit {number} on the second floor",
        "breaker_amps": 30.0,
        "original_kw": 3.125,
        "curtailed_kw": 2.5,
        "final_kw": 0.625,
        "critical": False,
        "reason": "lowest priority first",
    }


@cache
def _fleet_tables() -> dict[str, CannedTable]:
    tables = {
        "vens": CannedTable(VENS).add(ven_items()),
        "telemetry": CannedTable(TELEMETRY),
        "events": CannedTable(EVENTS).add([*event_items(planned()), *_group_items()]),
        "commands": CannedTable(COMMANDS),
    }
    called = {assignment.ven_id: assignment.values[1] for assignment in planned().plan.assignments}
    for ven_id in ids(FLEET):
        row = telemetry_row(ven_id, int(NOW) - 10, 3.125, round(0.5 * called.get(ven_id, 0.0), 3))
        tables["telemetry"].add([{**row, "rowId": LATEST_ROW}])
    return tables


def fleet_tables() -> dict[str, CannedTable]:
    """The tables, with the fleet and the event; what is written into one changes no other."""
    return {
        name: replace(table, partitions={key: items.copy() for key, items in table.partitions.items()})
        for name, table in _fleet_tables().items()
    }


def stored_rows(rows: Iterable[tuple[str, JsonDict]], every: list[str]) -> CannedTable:
    """A telemetry table in which VENs have the same rows, their ids being in none of them."""
    items = dict(rows)
    partition = Partition(items, sorted(items))
    return CannedTable(TELEMETRY, page=1_700, partitions={ven_id: partition.copy() for ven_id in every})


def sqs(*bodies: str) -> JsonDict:
    """A batch of SQS."""
    return {
        "Records": [
            {"messageId": f"m{index}", "body": body, "eventSource": "aws:sqs", "attributes": {}}
            for index, body in enumerate(bodies)
        ]
    }


def all_done(answer: JsonDict) -> bool:
    """Tell a batch of which nothing failed."""
    return answer == {"batchItemFailures": []}
