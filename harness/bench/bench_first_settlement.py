"""The cost of an event's first settlement, reading included: 16 VENs with 20 days of rows every 30 s.

The function's own code runs with its own botocore client; only the wire is replaced, by answers as DynamoDB
writes them. Neither TLS nor the socket is in the figures.
"""

from __future__ import annotations

import json
import os
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from contracts.api.reports import EventReport
from contracts.api.topic_message import NO_TOPIC
from contracts.store.items import to_item
from contracts.store.keys import DAY_ROW_PREFIX, EVENTS, TELEMETRY, VENS, telemetry_row_id
from contracts.wire.codec import JsonDict
from contracts.wire.ids import VenId
from harness.bench.bench_settlement import EVERY_S, IN_EVENT, START, TWO_H, best_s, event_of
from harness.bench.figure import Figure
from lambdas.settle_event.adapters import SettleAdapters
from lambdas.settle_event.logic.days import DAY_S
from lambdas.shared import clients
from lambdas.shared.group_book import GroupBook
from lambdas.shared.notifications import Notifier
from lambdas.shared.program_book import ProgramBook
from lambdas.shared.shadows import Shadows

VEN_IDS = tuple(VenId(f"ven-{number}") for number in range(16))
DAYS = 20
PAGE = 1_700
"""Rows in a page: 1 MB of whole rows of about 600 bytes."""
ENOUGH_S = 1e6
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@dataclass
class CannedTables:
    """DynamoDB's answers: every VEN has the same rows, and the days that are written can be read."""

    row_ids: list[str]
    items: list[JsonDict]
    keeps: bool = False
    days: dict[str, JsonDict] = field(default_factory=dict)
    pages: dict[tuple[int, int, bool, bool], bytes] = field(default_factory=dict)
    answers: list[bytes] = field(default_factory=list)

    def answer(self, request: Any, **_: object) -> AWSResponse:
        """The answer to a signed request."""
        query = json.loads(request.body)
        if "RequestItems" in query:
            self._write(query["RequestItems"]["telemetry"])
            body = b'{"UnprocessedItems":{}}'
        elif query["TableName"] == "telemetry":
            body = self._query(query)
        else:
            body = _page([])
        self.answers.append(body)
        return AWSResponse(request.url, 200, HTTPHeaders(), _Body(body))

    def _write(self, requests: list[JsonDict]) -> None:
        if self.keeps:
            written = (request["PutRequest"]["Item"] for request in requests)
            self.days |= {item["rowId"]["S"]: item for item in written}

    def _query(self, query: JsonDict) -> bytes:
        first, last = (query["ExpressionAttributeValues"][name]["S"] for name in (":a", ":b"))
        if first.startswith(DAY_ROW_PREFIX):
            return _page([self.days[day] for day in sorted(self.days) if first <= day <= last])
        forward = query.get("ScanIndexForward", True)
        low, high = bisect_left(self.row_ids, first), bisect_right(self.row_ids, last)
        if "ExclusiveStartKey" in query:
            after = query["ExclusiveStartKey"]["rowId"]["S"]
            if forward:
                low = bisect_right(self.row_ids, after)
            else:
                high = bisect_left(self.row_ids, after)
        cut = (low, min(high, low + PAGE)) if forward else (max(low, high - PAGE), high)
        more = cut != (low, high)
        if (*cut, more, forward) not in self.pages:
            items = self.items[slice(*cut)][:: 1 if forward else -1]
            end = self.row_ids[cut[1] - 1 if forward else cut[0]]
            self.pages[*cut, more, forward] = _page(items, end if more else None)
        return self.pages[*cut, more, forward]


@dataclass(frozen=True, slots=True)
class _Body:
    body: bytes

    def stream(self, **_: object) -> Iterator[bytes]:
        """All of it."""
        yield self.body


def run() -> Iterator[Figure]:
    """CPU time of the settlement beside that of `json` for the same bytes, each the best of a few."""
    os.environ.update({name: value for name, value in CREDENTIALS.items() if name not in os.environ})
    stored = dict(rows())
    tables = CannedTables(list(stored), list(stored.values()))
    events, answer = clients.dynamodb().meta.events, cast("Callable[..., None]", tables.answer)
    events.register("before-send.dynamodb", answer)
    try:
        _settle()
        bodies, tables.answers = tables.answers, []
        json_s = best_s(lambda: [json.loads(body) for body in bodies])
        name = "reading the answers as JSON"
        first_s = best_s(_settle)
        yield Figure("first settlement, 16 VENs x 20 days", first_s, "s", "<= 6 s", json_s, name)
        tables.keeps = True
        _settle()
        yield Figure("the next, the days being kept", best_s(_settle), "s", "", json_s, name)
    finally:
        events.unregister("before-send.dynamodb", answer)


def rows() -> Iterator[tuple[str, JsonDict]]:
    """The stored rows of a VEN up to the end of the event, by their sort keys."""
    for seq, timestamp in enumerate(range((START // DAY_S - DAYS) * DAY_S + EVERY_S, START + TWO_H, EVERY_S)):
        row = {
            "timestamp": timestamp,
            "usedPowerKw": round(1.0 + timestamp * 7919 % 5000 / 1000, 3),
            "baselinePowerKw": round(3.0 + timestamp * 31 % 997 / 500, 3),
            "eventId": IN_EVENT if timestamp > START else None,
        }
        yield telemetry_row_id(timestamp, "b1", seq), to_item(row)


def _page(items: list[JsonDict], end: str | None = None) -> bytes:
    answer: JsonDict = {"Count": len(items), "Items": items, "ScannedCount": len(items)}
    if end is not None:
        answer["LastEvaluatedKey"] = {"venId": {"S": VEN_IDS[0]}, "rowId": {"S": end}}
    return json.dumps(answer, separators=(",", ":")).encode()


def _settle() -> EventReport:
    event, plan = event_of(VEN_IDS)
    events = clients.table("events", EVENTS)
    adapters = SettleAdapters(
        events=events,
        telemetry=clients.table("telemetry", TELEMETRY),
        vens=clients.table("vens", VENS),
        shadows=Shadows(clients.iot_data()),
        programs=ProgramBook(events),
        groups=GroupBook(events),
        notifier=Notifier(clients.sns(), NO_TOPIC, events),
        time_zone="UTC",
        holidays="none",
        weather={},
    )
    return adapters.settle(event, [plan], now=START + TWO_H + 120.0, left_s=ENOUGH_S)
