"""The VTN's function at 1,000 events and 1,000 VENs: its own time, without DynamoDB's and the network's.

The function's own client asks, as it is made on Lambda, and DynamoDB's answers are ready as bytes. A token is
read without its signature's check.
"""

from __future__ import annotations

import json
import logging
import os
import statistics
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO, cast

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from contracts.store.vtn_keys import VTN
from contracts.wire import codec
from contracts.wire.codec import JsonDict
from harness.bench.canned_tables import ENVIRONMENT, CannedBody
from harness.bench.figure import Figure
from lambdas.shared import clients
from lambdas.vtn.handler import logger
from tests.support.vtn import Vtn, VtnAnswer, VtnClient

EVENTS, VENS, TIMES, LIMIT, GROUPS = 1_000, 1_000, 200, 50, 20
PAGE_BYTES = 1_000_000
INTERVALS = [{"id": number, "payloads": [{"type": "PRICE", "values": [0.17]}]} for number in range(24)]
PERIOD = {"start": "2030-01-01T00:00:00Z", "duration": "PT1H"}


@dataclass
class TableInMemory:
    """DynamoDB's answers from items in memory; every condition is true."""

    items: dict[str, dict[str, JsonDict]] = field(default_factory=dict)
    pages: dict[str, bytes] = field(default_factory=dict)

    def answer(self, request: Any, **_: object) -> AWSResponse:
        """The answer to a signed request."""
        call = json.loads(request.body)
        name = request.headers["X-Amz-Target"].rpartition(b".")[2].decode()
        body = cast("Callable[[JsonDict], bytes]", getattr(self, f"_{name}".lower()))(call)
        return AWSResponse(request.url, 200, HTTPHeaders(), CannedBody(body))

    def _putitem(self, call: JsonDict) -> bytes:
        item = call["Item"]
        self.items.setdefault(item["owner"]["S"], {})[item["objectKey"]["S"]] = item
        self.pages.clear()
        return b"{}"

    def _getitem(self, call: JsonDict) -> bytes:
        item = self.items.get(call["Key"]["owner"]["S"], {}).get(call["Key"]["objectKey"]["S"])
        return b"{}" if item is None else codec.encode({"Item": item})

    def _transactwriteitems(self, call: JsonDict) -> bytes:
        for write in call["TransactItems"]:
            if "Put" in write:
                self._putitem(write["Put"])
        return b"{}"

    def _query(self, call: JsonDict) -> bytes:
        key = json.dumps(call, sort_keys=True)
        if key not in self.pages:
            self.pages[key] = self._page(call)
        return self.pages[key]

    def _page(self, call: JsonDict) -> bytes:
        values = call["ExpressionAttributeValues"]
        partition = self.items.get(values[":p"]["S"], {})
        keys = sorted(partition)
        first, last = bisect_left(keys, values[":a"]["S"]), bisect_right(keys, values[":b"]["S"])
        if "ExclusiveStartKey" in call:
            first = bisect_right(keys, call["ExclusiveStartKey"]["objectKey"]["S"])
        names = [call["ExpressionAttributeNames"][name] for name in call["ProjectionExpression"].split(", ")]
        items: list[JsonDict] = []
        size = 0
        for key in keys[first:last]:
            items.append({name: partition[key][name] for name in names if name in partition[key]})
            size += len(codec.encode(partition[key]))
            if size > PAGE_BYTES:
                end = {"owner": values[":p"], "objectKey": {"S": key}}
                return codec.encode({"Items": items, "LastEvaluatedKey": end})
        return codec.encode({"Items": items})


@contextmanager
def _logging_nowhere() -> Iterator[None]:
    """The function's log lines are made, which is a share of its time, and are not among the figures."""
    handler = cast("logging.StreamHandler[TextIO]", logger.registered_handler)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        stream = handler.setStream(nowhere)
        try:
            yield
        finally:
            if stream is not None:
                handler.setStream(stream)


@contextmanager
def _stand() -> Iterator[Vtn]:
    """A VTN with programs, events and VENs behind the function's own client."""
    before = {name: os.environ.get(name) for name in ENVIRONMENT}
    os.environ.update(ENVIRONMENT)
    clients.dynamodb.cache_clear()
    answer = cast("Callable[..., None]", TableInMemory().answer)
    clients.dynamodb().meta.events.register("before-send.dynamodb", answer)
    try:
        with _logging_nowhere():
            yield Vtn(clients.table("vtn", VTN))
    finally:
        clients.dynamodb.cache_clear()
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({name: value} if value is not None else {})


def _fill(vtn: Vtn) -> tuple[VtnClient, VtnClient, JsonDict]:
    """The business logic, a VEN's client, and the body of an event."""
    bl = vtn.bl()
    program = bl.made("/programs", programName="program")["id"]
    for number in range(VENS):
        body = {"clientID": f"ven-{number}", "venName": f"ven-{number}", "targets": [f"g{number % GROUPS}"]}
        bl.made("/vens", objectType="BL_VEN_REQUEST", **body)
    event = {"programID": program, "intervalPeriod": PERIOD, "intervals": INTERVALS}
    for number in range(EVENTS):
        bl.made("/events", targets=[f"g{number % GROUPS}", f"g{(number + 1) % GROUPS}"], **event)
    return bl, vtn.ven("ven-7"), event | {"targets": ["g7"]}


def _p95_ms(call: Callable[[], VtnAnswer], status: int, before: Callable[[], object] = int) -> float:
    """The time that is not exceeded by 95 of 100 calls."""
    spent_ms = []
    for _ in range(TIMES):
        before()
        begun = time.perf_counter()
        answer = call()
        spent_ms.append(1e3 * (time.perf_counter() - begun))
        if answer.status != status:
            raise AssertionError(answer.text)
    return statistics.quantiles(spent_ms, n=20)[-1]


def run() -> Iterator[Figure]:
    """Every figure."""
    with _stand() as vtn:
        bl, ven, event = _fill(vtn)
        tag = {"if-none-match": ven.get("/events", limit=LIMIT).headers["ETag"]}
        poll = lambda: ven.get("/events", limit=LIMIT)  # noqa: E731 - what is measured, under its name
        yield Figure("GET /events, 50 of 1,000, p95", _p95_ms(poll, 200), "ms", "<= 40")
        active = lambda: ven.get("/events", limit=LIMIT, active="true")  # noqa: E731
        yield Figure("GET /events?active=true, p95", _p95_ms(active, 200), "ms", "<= 40")
        yield Figure(
            "GET /events, 304, p95", _p95_ms(lambda: ven.get("/events", tag, limit=LIMIT), 304), "ms", "<= 15"
        )
        cold = _p95_ms(poll, 200, vtn.restart)
        yield Figure("GET /events, cold memory, p95", cold, "ms")
        vtn.restart()
        yield Figure("POST /events, p95", _p95_ms(lambda: bl.post("/events", **event), 201), "ms", "<= 120")
        one_new = lambda: bl.post("/events", **event)  # noqa: E731
        yield Figure("GET /events after a change, p95", _p95_ms(poll, 200, one_new), "ms", "<= 40")
        tag = {"if-none-match": ven.get("/events", limit=LIMIT).headers["ETag"]}
        again = lambda: ven.get("/events", tag, limit=LIMIT)  # noqa: E731
        others = lambda: bl.post("/events", **event | {"targets": ["others"]})  # noqa: E731
        no_news = _p95_ms(again, 304, others)
        yield Figure("GET /events, 304 after a change for others, p95", no_news, "ms", "<= 40")
        yield Figure("GET /vens, all 1,000, p95", _p95_ms(lambda: bl.get("/vens"), 200), "ms")
