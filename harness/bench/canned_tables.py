"""DynamoDB's answers to a settlement, as their bytes.

The function's own client asks, as it is made on Lambda; only the wire is replaced. Neither TLS nor the
socket is in a figure that is made with them.
"""

from __future__ import annotations

import gc
import json
import os
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from contracts.api.reports import EventReport
from contracts.api.topic_message import NO_TOPIC
from contracts.store.keys import DAY_ROW_PREFIX, EVENTS, TELEMETRY, VENS
from contracts.store.plans import Plan
from contracts.wire import codec
from contracts.wire.codec import JsonDict
from lambdas.settle_event.adapters import SettleAdapters
from lambdas.shared import clients
from lambdas.shared.group_book import GroupBook
from lambdas.shared.notifications import Notifier
from lambdas.shared.program_book import ProgramBook
from lambdas.shared.rows import EventRow
from lambdas.shared.shadows import Shadows

PAGE = 1_700
"""Rows in a page: 1 MB of whole rows of about 600 bytes."""
ENOUGH_S = 1e6
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "us-east-1",
    # A client checks its parameters elsewhere, see `clients`.
    clients.ON_LAMBDA: "bench",
}
BATCH_GET = b"DynamoDB_20120810.BatchGetItem"


@dataclass
class CannedTables:
    """DynamoDB's answers: every VEN has the same rows and days, and the days that are written can be read.

    Attributes:
        row_ids: sort keys of the rows.
        items: the rows.
        keeps: whether days that are written can be read.
        days: the days' items, by their sort keys.
        in_event: the VENs' items of the event.
    """

    row_ids: list[str]
    items: list[JsonDict]
    keeps: bool = False
    days: dict[str, JsonDict] = field(default_factory=dict)
    in_event: list[JsonDict] = field(default_factory=list)
    pages: dict[tuple[object, ...], bytes] = field(default_factory=dict)
    answers: list[bytes] = field(default_factory=list)

    @classmethod
    def of(cls, rows: Mapping[str, JsonDict], **more: Any) -> CannedTables:
        """The tables with *rows* by their sort keys."""
        return cls(list(rows), list(rows.values()), **more)

    @contextmanager
    def behind_the_client(self) -> Iterator[None]:
        """Have the functions' DynamoDB client answered by these, as it is made on Lambda."""
        before = {name: os.environ.get(name) for name in ENVIRONMENT}
        os.environ.update(ENVIRONMENT)
        clients.dynamodb.cache_clear()
        answer = cast("Callable[..., None]", self.answer)
        clients.dynamodb().meta.events.register("before-send.dynamodb", answer)
        gc.freeze()  # as `clients.at_init` does
        try:
            yield
        finally:
            gc.unfreeze()
            clients.dynamodb.cache_clear()
            for name, value in before.items():
                os.environ.pop(name)
                os.environ.update({name: value} if value is not None else {})

    def answer(self, request: Any, **_: object) -> AWSResponse:
        """The answer to a signed request."""
        query = json.loads(request.body)
        if request.headers["X-Amz-Target"] == BATCH_GET:
            body = b'{"Responses":{},"UnprocessedKeys":{}}'
        elif "RequestItems" in query:
            self._write(query["RequestItems"]["telemetry"])
            body = b'{"UnprocessedItems":{}}'
        elif query["TableName"] == "telemetry":
            body = self._query(query)
        else:
            first = query.get("ExpressionAttributeValues", {}).get(":a", {}).get("S", "")
            body = self._page("in event", self.in_event) if first.startswith("VEN#") else page([])
        self.answers.append(body)
        return AWSResponse(request.url, 200, HTTPHeaders(), CannedBody(body))

    def _write(self, requests: list[JsonDict]) -> None:
        if self.keeps:
            written = (request["PutRequest"]["Item"] for request in requests)
            self.days |= {item["rowId"]["S"]: item for item in written}
            self.pages.clear()

    def _query(self, query: JsonDict) -> bytes:
        first, last = (query["ExpressionAttributeValues"][name]["S"] for name in (":a", ":b"))
        if first.startswith(DAY_ROW_PREFIX):
            days = [self.days[day] for day in sorted(self.days) if first <= day <= last]
            return self._page((first, last), days)
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
        end = self.row_ids[cut[1] - 1 if forward else cut[0]] if more else None
        return self._page((*cut, forward), self.items[slice(*cut)][:: 1 if forward else -1], end)

    def _page(self, key: object, items: list[JsonDict], end: str | None = None) -> bytes:
        if (key, end) not in self.pages:
            self.pages[key, end] = page(items, end)
        return self.pages[key, end]


@dataclass(frozen=True, slots=True)
class CannedBody:
    """The body of an answer, as botocore reads one."""

    body: bytes

    def stream(self, **_: object) -> Iterator[bytes]:
        """All of it."""
        yield self.body


def page(items: list[JsonDict], end: str | None = None) -> bytes:
    """An answer of Query; *end* is the sort key that it ends at when there is more."""
    answer: JsonDict = {"Count": len(items), "Items": items, "ScannedCount": len(items)}
    if end is not None:
        answer["LastEvaluatedKey"] = {"venId": {"S": "ven-0"}, "rowId": {"S": end}}
    return codec.encode(answer)


def settle(event: EventRow, plan: Plan, now: float) -> EventReport:
    """All that `settle_event` does for a report but to write it."""
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
    return adapters.settle(event, [plan], now=now, left_s=ENOUGH_S)
