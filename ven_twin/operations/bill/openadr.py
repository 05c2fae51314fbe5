"""The quantities of VENs that poll the VTN, for thirty days: most polls find nothing new. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.wire.units import S_PER_H, S_PER_MIN
from ven_twin.operations.bill.fleet import DAYS, MONTH_S
from ven_twin.operations.bill.measured import CALL_S
from ven_twin.operations.bill.telemetry import PLATFORM_LOG_BYTES
from ven_twin.operations.prices import BillItem

READS_A_POLL = 2
"""Consistent reads of a poll without news: the client with its VENs, the version of the events. Counted."""
UNITS_A_READ = 1
"""Of 4 KB each. Interpretation: a client has one VEN and a few resources."""
POLL_CPU_S = 0.002
"""Of a poll with no news at the function's share of a processor. Source: `make bench ARGS=vtn`."""
TOKEN_CPU_S = 0.004
TOKEN_KMS_S = 0.02
"""Interpretation: a signature by KMS takes so long, waiting."""
POLL_MEMORY_GB, TOKEN_MEMORY_GB = 1.0, 0.5
ANSWER_BYTES = 600
"""Of a 304 with its headers, TLS aside. Interpretation."""
NEWS_BYTES = 20_000
"""Of an answer with news: a dozen events. Interpretation."""
LOG_BYTES = 450
"""The function's one line."""
CHANGES_A_DAY = 4
"""Programs and events made, changed or deleted. Interpretation: a price each day, and a few events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollingFleet:
    """VENs of the VTN, each a client of its own.

    Attributes:
        vens: how many.
        poll_s: between two polls of a VEN.
        pushed: True where each has a webhook that is called for each change.
    """

    vens: int
    poll_s: float
    pushed: bool = False


def items(fleet: PollingFleet) -> Iterator[BillItem]:
    """The items of the month; a poll is one call, for events."""
    calls = fleet.vens * MONTH_S / fleet.poll_s
    tokens = fleet.vens * MONTH_S / S_PER_H
    changes = CHANGES_A_DAY * DAYS
    news = fleet.vens * changes
    yield BillItem("polls", f"each {fleet.poll_s / S_PER_MIN:g} min", calls, "http_api_call")
    yield BillItem("tokens", "one an hour", tokens, "http_api_call")
    yield BillItem("signatures", "one a token", tokens, "kms_request")
    yield BillItem("Lambda invocations", "polls, tokens", calls + tokens, "lambda_request")
    poll_gb_s = POLL_MEMORY_GB * (POLL_CPU_S + READS_A_POLL * CALL_S)
    token_gb_s = TOKEN_MEMORY_GB * (TOKEN_CPU_S + CALL_S + TOKEN_KMS_S)
    gb_s = calls * poll_gb_s + tokens * token_gb_s
    yield BillItem("Lambda time", f"{1000 * poll_gb_s:.0f} mGB-s a poll", gb_s, "lambda_gb_second")
    reads = calls * READS_A_POLL * UNITS_A_READ + tokens
    yield BillItem("DynamoDB reads", f"{READS_A_POLL} a poll, one a token", reads, "dynamodb_read")
    log_bytes = (calls + tokens) * (LOG_BYTES + PLATFORM_LOG_BYTES)
    yield BillItem("logs", f"{LOG_BYTES + PLATFORM_LOG_BYTES} bytes a call", log_bytes / 1e9, "log_ingested")
    sent = calls * ANSWER_BYTES + news * NEWS_BYTES
    how = f"{ANSWER_BYTES} bytes a poll, {CHANGES_A_DAY} with news a day"
    yield BillItem("data out", how, sent / 1e9, "data_out")
    if fleet.pushed:
        yield from _pushed(news)


def _pushed(news: float) -> Iterator[BillItem]:
    """The items of a webhook a VEN for each change: a message in a queue, and a call outwards."""
    yield BillItem("notifications", "sent, received, deleted", 3 * news, "sqs_request")
    yield BillItem("deliveries", "one a notification", news, "lambda_request")
    yield BillItem("deliveries' time", "0.5 GB for a second", 0.5 * news, "lambda_gb_second")
    yield BillItem("deliveries' reads", "the subscription", news, "dynamodb_read")
