"""Events whose rows are as they come: gaps, repeats, boots, late rows, clocks that are off. Seeded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from contracts.api.reports import EventReport
from contracts.api.requests import Assignment
from contracts.api.topic_message import NO_TOPIC
from contracts.store.items import to_item
from contracts.store.keys import EVENTS, TELEMETRY, VENS, day_row_id, telemetry_row_id
from contracts.store.plans import Plan
from contracts.wire.events import Interval, Signal
from contracts.wire.ids import EventId, VenId
from lambdas.settle_event.adapters import SettleAdapters
from lambdas.settle_event.logic.days import DAY_S, QUARTERS
from lambdas.shared.group_book import GroupBook
from lambdas.shared.notifications import Notifier
from lambdas.shared.program_book import ProgramBook
from lambdas.shared.rows import EventRow
from lambdas.shared.shadows import Shadows
from lambdas.shared.tables import Table
from lambdas.shared.typed_rows import BODY

START = 20_649 * DAY_S + 17 * 3600
"""Wednesday 15 July 2026, 17:00 UTC."""
E1 = EventId("e1")
PAGE = 700
ENOUGH_S = 1e6
VEN_COUNT = 5
SEEDS = range(8)
FROZEN = Path(__file__).parents[1] / "unit" / "lambdas" / "settlement" / "figures_of_seeds.json"
Item = dict[str, Any]


class StoredFleet:
    """The DynamoDB client of a few VENs' tables: bytes of pages, as a Query answers them."""

    exceptions = SimpleNamespace(ProvisionedThroughputExceededException=OSError, RequestLimitExceeded=OSError)

    def __init__(self, items: dict[str, dict[str, Item]], vens: Sequence[Item]) -> None:
        self.items, self.vens = items, vens

    def query(self, **query: Any) -> dict[str, bytes]:
        """One page of a partition, between two sort keys."""
        partition, low, high = (query["ExpressionAttributeValues"][name]["S"] for name in (":p", ":a", ":b"))
        forward = query.get("ScanIndexForward", True)
        after = query.get("ExclusiveStartKey", {}).get("rowId", {}).get("S")
        ids = sorted(self.items.get(partition, {}), reverse=not forward)
        within = [at for at in ids if low <= at <= high and (not after or (at > after) is forward)]
        page = [to_item(self.items[partition][at]) for at in within[:PAGE]]
        end = {"rowId": {"S": within[PAGE - 1]}} if len(within) > PAGE else None
        return {BODY: msgspec.json.encode({"Items": page} | ({"LastEvaluatedKey": end} if end else {}))}

    def batch_get_item(self, **request: Any) -> Item:
        """The VENs' rows."""
        (table,) = request["RequestItems"]
        return {"Responses": {table: [to_item(ven) for ven in self.vens]}, "UnprocessedKeys": {}}

    def batch_write_item(self, **_: Any) -> Item:
        """Days that are kept; nobody reads them again."""
        return {"UnprocessedItems": {}}

    def get_item(self, **_: Any) -> Item:
        """No program."""
        return {}


def irregular_report(seed: int) -> EventReport:
    """The report of an event of a few VENs, each of its own kind of rows."""
    rng = Random(seed)
    start_ts = START + rng.choice((0, 0, 450, 1234, -8 * 3600, 3 * DAY_S))
    lengths_s = rng.choice(((7200,), (3600, 3600), (1800, 900, 2701), (600,), (20_000,)))
    over_ts = start_ts + sum(lengths_s)
    now = over_ts + rng.choice((120, 4000, 90_000))
    signal = rng.choice((Signal.SHED_KW, Signal.SHED_KW, Signal.LEVEL))
    intervals = tuple(
        Interval(duration_s=length_s, signal=signal, value=float(rng.randint(1, 3))) for length_s in lengths_s
    )
    vens = [VenId(f"ven-{number}") for number in range(VEN_COUNT)]
    values = tuple(interval.value for interval in intervals)
    plan = Plan(
        plan_id="0-a",
        revision=0,
        from_ts=start_ts - 600.0,
        start_ts=start_ts,
        intervals=intervals,
        assignments=tuple(Assignment(ven_id=ven_id, values=values) for ven_id in vens),
    )
    event = EventRow(
        event_id=E1,
        requested="",
        revision=0,
        start_ts=start_ts,
        intervals=intervals,
        plan_id=plan.plan_id,
        created_ts=start_ts - 600.0,
        expires_ts=start_ts + 30 * DAY_S,
        baseline=rng.choice(("residential_5_of_10", "weather_regression")),
        holidays="none",
    )
    items = {ven_id: _stored(rng, start_ts, over_ts, now) for ven_id in vens}
    items[E1] = {f"VEN#{ven_id}": {"venId": ven_id, **_acks(rng, start_ts)} for ven_id in vens}
    zone = rng.choice((None, "America/New_York"))
    client = StoredFleet(items, [{"venId": ven_id, "timeZone": zone} for ven_id in vens])
    return _adapters(client).settle(event, [plan], now=float(now), left_s=ENOUGH_S)


def figures(report: EventReport) -> dict[str, tuple[int, float]]:
    """The count of each name in *report* with a figure, and the sum of these, each weighted by its place.

    Sums, since Pythons from 3.12 on add up floats more exactly than those before, in the last digit.
    """
    sums: dict[str, tuple[int, float]] = {}
    for name, value in _named(msgspec.to_builtins(report), ""):
        count, total = sums.get(name, (0, 0.0))
        sums[name] = (count + 1, total + float(value) * (1 + count % 97))
    return sums


def _named(value: object, name: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _named(item, str(key))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _named(item, name)
    elif isinstance(value, int | float):
        yield name, value


def _adapters(client: StoredFleet) -> SettleAdapters:
    names = (("events", EVENTS), ("telemetry", TELEMETRY), ("vens", VENS))
    events, telemetry, vens = (Table(cast("Any", client), name, keys, lambda _: None) for name, keys in names)
    return SettleAdapters(
        events=events,
        telemetry=telemetry,
        vens=vens,
        shadows=Shadows(cast("Any", None)),
        programs=ProgramBook(events),
        groups=GroupBook(events),
        notifier=Notifier(cast("Any", None), NO_TOPIC, events),
        time_zone="UTC",
        holidays="none",
        weather={},
    )


def _acks(rng: Random, start_ts: int) -> Item:
    acks: Item = {"active": {"ts": start_ts + rng.randint(-5, 90)}} if rng.random() < 0.8 else {}
    if rng.random() < 0.3:
        acks["optedOut"] = {"ts": start_ts + rng.randint(0, 900), "data": {"reason": "economic"}}
    return acks


def freeze() -> None:
    """Write the figures of `FROZEN`: when what settlement counts is meant to change."""
    text = json.dumps({seed: figures(irregular_report(seed)) for seed in SEEDS})
    FROZEN.write_text(text.replace("}, ", "},\n") + "\n", encoding="utf-8")


def _stored(rng: Random, start_ts: int, over_ts: int, now: int) -> dict[str, Item]:
    """A VEN's items: rows around the event, and days before it as rows or as kept quarter hours."""
    every_s = rng.choice((10, 30, 60, 61, 300))
    rows = list(_rows(rng, start_ts - 7 * 3600, min(now, over_ts + 5 * 3600), every_s, (start_ts, over_ts)))
    by_rows = rng.random() < 0.4
    today = start_ts // DAY_S
    if by_rows:
        days_from = (today - rng.randint(5, 20)) * DAY_S
        rows += _rows(rng, days_from, start_ts - 7 * 3600, 600, (days_from + 40_000, days_from + 50_000))
    items = {telemetry_row_id(row["timestamp"], str(row["bootId"]), row["seq"] or 0): row for row in rows}
    if not by_rows:
        for ago in range(1, rng.randint(3, 47)):
            items |= {day_row_id(today - ago): _day(rng, today - ago)} if rng.random() < 0.9 else {}
    return items


def _day(rng: Random, day: int) -> Item:
    gaps = rng.random() < 0.3
    kw = [None if gaps and rng.random() < 0.1 else round(rng.uniform(-1.0, 4.0), 3) for _ in range(QUARTERS)]
    outdoor_c = [round(20 + 8 * rng.random(), 3) for _ in range(24)] if rng.random() < 0.9 else []
    in_event = [rng.randrange(QUARTERS)] if rng.random() < 0.1 else []
    return {
        "rowId": day_row_id(day),
        "usedKw": msgspec.json.encode(kw).decode(),
        "inEvent": msgspec.json.encode(in_event).decode(),
        "coverage": rng.choice((1.0, 1.0, 0.97, 0.5)),
    } | ({"outdoorC": msgspec.json.encode(outdoor_c).decode()} if outdoor_c or rng.random() < 0.5 else {})


def _rows(rng: Random, from_ts: int, to_ts: int, every_s: int, event: tuple[int, int]) -> Iterator[Item]:
    """Rows of one VEN, each a reason to be careful the more likely."""
    wrong = rng.choice((0.0, 0.0, 0.002, 0.05))
    skew_s = rng.choice((0, 0, 0, -40, 25))
    measured, marks, weather = (rng.random() < share for share in (0.8, 0.8, 0.7))
    boot, seq, at_ts = rng.randint(1, 9), rng.randint(0, 99), from_ts
    left = islice(iter(int, 1), 200_000)
    for _ in left:
        at_ts += every_s
        seq += 1
        if rng.random() < wrong:
            at_ts, seq, boot = _misfortune(rng, at_ts, seq, boot)
        if at_ts > to_ts:
            return
        in_event = event[0] < at_ts <= event[1]
        row = {
            "timestamp": at_ts + skew_s,
            "usedPowerKw": round(rng.uniform(-2.0, 6.0), 3),
            "baselinePowerKw": round(rng.uniform(0.0, 6.0), 3),
            "eventId": _mark(rng, wrong, in_event=in_event) if marks else None,
            "requestedReductionKw": 2.0 if in_event and rng.random() < 0.9 else None,
            "bootId": f"b{boot}" if rng.random() >= wrong else None,
            "seq": seq if rng.random() >= wrong else None,
            "measuredS": every_s + rng.randint(-9, 9) / 1000 if measured and rng.random() >= wrong else None,
            "receivedTs": at_ts + 0.7 + (rng.random() * 90 if rng.random() < wrong else 0.0),
            "outdoorC": round(25 + 3 * rng.random(), 2) if weather and rng.random() >= wrong else None,
        }
        yield row
        if rng.random() < wrong / 2:
            yield row | {"timestamp": row["timestamp"] + rng.randint(0, 3)}  # sent again, under another time


def _misfortune(rng: Random, at_ts: int, seq: int, boot: int) -> tuple[int, int, int]:
    """A gap, a lost row, a restart, a clock set back, or a second row in the same second."""
    match rng.randrange(5):
        case 0:
            return at_ts + rng.randint(60, 5000), seq, boot
        case 1:
            return at_ts, seq + rng.randint(1, 4), boot
        case 2:
            return at_ts + rng.randint(0, 120), 0, boot + 1
        case 3:
            return at_ts - rng.randint(1, 200), seq, boot
        case _:
            return at_ts - 1, seq, boot


def _mark(rng: Random, wrong: float, *, in_event: bool) -> str | None:
    if rng.random() < wrong:
        return rng.choice(("e0", "e2", None))
    return E1 if in_event else None
