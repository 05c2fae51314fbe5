"""The cost of storing telemetry: a batch of 25 rows from 25 VENs, and a cold import.

The function's own client asks, as it is made on Lambda; only the wire is replaced. Neither TLS nor the
socket is in the figures.
"""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from time import perf_counter, sleep, time
from typing import Any, cast

import msgspec
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from contracts.store.items import to_item
from contracts.wire import codec
from contracts.wire.codec import JsonDict
from contracts.wire.ids import VenId
from contracts.wire.telemetry import Telemetry, read_telemetry
from harness.bench.bench_settlement import REPEATS, best_s
from harness.bench.canned_tables import BATCH_GET, ENVIRONMENT, CannedBody
from harness.bench.figure import Figure
from lambdas.shared import clients, invocation
from lambdas.store_telemetry.handler import handler
from lambdas.store_telemetry.logic import telemetry_row

ROWS = 25
BATCHES = 20
STARTS = 5
LATENCY_S = 0.005
SETTINGS = {
    "TELEMETRY_TABLE": "telemetry",
    "VENS_TABLE": "vens",
    "RETENTION_DAYS": "30",
}
COLD = "import lambdas.store_telemetry.handler"
BARE = """
import logging
import botocore.session
import msgspec
from botocore.config import Config
config = Config(parameter_validation=False)
botocore.session.get_session().create_client("dynamodb", config=config)
"""
TIMED = """
import resource
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime)
"""


@dataclass(frozen=True)
class Invocation:
    """Lambda's context, as far as the function reads it."""

    aws_request_id: str = "8d7a1f3e-0000-4000-8000-000000000001"
    function_name: str = "store_telemetry"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:store_telemetry"


def run() -> Iterator[Figure]:
    """CPU times a row, and of a process that imports the function, each the best of a few."""
    os.environ.update(ENVIRONMENT | SETTINGS)
    invocation.metrics.provider.namespace = invocation.metrics.provider.service = "bench"
    clients.dynamodb.cache_clear()
    client = clients.dynamodb()
    client.meta.events.register("before-send.dynamodb", cast("Callable[..., None]", _answer))
    rows = BATCHES * ROWS
    items = [
        to_item(telemetry_row(_read(message_of(number, 0)), time(), retention_days=30))
        for number in range(ROWS)
    ]
    requests: Any = [{"PutRequest": {"Item": item}} for item in items]
    seqs = iter(range(10_000))

    def store() -> None:
        with redirect_stdout(io.StringIO()):
            for _ in range(BATCHES):
                if handler(_batch(next(seqs)), Invocation())["batchItemFailures"]:
                    raise RuntimeError("a row was not stored")

    def write_bare() -> None:
        for _ in range(BATCHES):
            client.batch_write_item(RequestItems={"telemetry": requests})

    store_ms, bare_ms = 1e3 * best_s(store) / rows, 1e3 * best_s(write_bare) / rows
    yield Figure("storing a row, 25 VENs in a batch", store_ms, "ms", "", bare_ms, "bare BatchWriteItem")
    with _latency():
        store_ms, bare_ms = 1e3 * _wall_s(store) / rows, 1e3 * _wall_s(write_bare) / rows
    yield Figure("the same, 5 ms a call, by the wall", store_ms, "ms", "", bare_ms, "bare BatchWriteItem")
    message = message_of(0, 0)
    struct_s = best_s(lambda: [_struct.decode(message) for _ in range(rows)])
    read_s = best_s(lambda: [_read(message) for _ in range(rows)])
    yield Figure(
        "reading a row", 1e3 * read_s / rows, "ms", "", 1e3 * struct_s / rows, "its Struct by msgspec"
    )
    starts_s = [(_start_s(COLD), _start_s(BARE)) for _ in range(STARTS)]
    cold_s, reference_s = (min(column) for column in zip(*starts_s, strict=True))
    yield Figure("cold import", cold_s, "s", "<= 1.15 x", reference_s, "botocore, its client, msgspec")


_struct = msgspec.json.Decoder(Telemetry)


def message_of(number: int, seq: int) -> bytes:
    """A row with eight circuits, as a twin sends it."""
    circuit = {
        "type": "ev",
        "capacityKw": 7.2,
        "currentPowerKw": 3.5,
        "shedCapabilityKw": 3.5,
        "enabled": True,
        "priority": 40,
    }
    return codec.encode(
        {
            "venId": f"ven-{number}",
            "timestamp": int(time()) + seq,
            "bootId": "b1",
            "seq": seq,
            "usedPowerKw": 2.125,
            "shedPowerKw": 0.1,
            "baselinePowerKw": 2.225,
            "schemaVersion": "1.0",
            "batterySoc": 0.5125,
            "panelAmperageRating": 200.0,
            "panelVoltage": 240.0,
            "panelMaxKw": 48.0,
            "currentAmps": 8.854,
            "panelUtilizationPercent": 4.427,
            "measuredS": 29.997,
            "outdoorC": 31.4,
            "loads": [{"id": f"circuit-{n}", "name": f"Circuit {n}", **circuit} for n in range(8)],
        }
    )


def _read(raw: bytes) -> Telemetry:
    return read_telemetry(raw, ven_id=VenId("ven-0")) if b'"ven-0"' in raw else _struct.decode(raw)


def _batch(seq: int) -> JsonDict:
    """A row of each VEN, as SQS hands them over."""
    return {"Records": [_record(number, seq) for number in range(ROWS)]}


def _record(number: int, seq: int) -> JsonDict:
    envelope = {
        "payload": base64.b64encode(message_of(number, seq)).decode(),
        "topic": f"ven/telemetry/ven-{number}",
        "receivedMs": int(time() * 1000),
        "clientId": f"ven-{number}",
    }
    return {"messageId": f"{number}-{seq}", "body": codec.encode(envelope).decode()}


_latencies_s: list[float] = []


@contextmanager
def _latency() -> Iterator[None]:
    """Have DynamoDB's answers take as long as in a region."""
    _latencies_s.append(LATENCY_S)
    try:
        yield
    finally:
        _latencies_s.pop()


def _wall_s(work: Callable[[], object]) -> float:
    """The least time of a few runs of *work* by the wall, s."""
    times_s = []
    for _ in range(REPEATS):
        began_s = perf_counter()
        work()
        times_s.append(perf_counter() - began_s)
    return min(times_s)


def _answer(request: Any, **_: object) -> AWSResponse:
    """DynamoDB's answer, of a table of VENs that has all of them."""
    sleep(sum(_latencies_s))
    body = b'{"UnprocessedItems":{}}'
    if request.headers["X-Amz-Target"] == BATCH_GET:
        keys = json.loads(request.body)["RequestItems"]["vens"]["Keys"]
        body = codec.encode({"Responses": {"vens": keys}, "UnprocessedKeys": {}})
    return AWSResponse(request.url, 200, HTTPHeaders(), CannedBody(body))


def _start_s(code: str) -> float:
    """CPU time of a process that runs *code*, as Lambda starts one."""
    done = subprocess.run(
        [sys.executable, "-c", code + TIMED],
        env=os.environ | ENVIRONMENT,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)
