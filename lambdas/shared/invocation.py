"""The frame of an invocation: the function's log and metrics, and its answer counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.wire.codec import JsonDict
from lambdas.shared import answers

R = TypeVar("R")
Event = JsonDict
"""What Lambda hands a handler: decoded JSON, not checked yet."""

logger = Logger()
metrics = Metrics()


def entry(handler: Callable[[Event, LambdaContext], R]) -> Callable[..., R]:
    """Frame *handler*: its log lines carry the invocation's context, its metrics go out when it ends."""
    framed: Callable[..., R] = logger.inject_lambda_context(metrics.log_metrics(handler))
    return framed


def count(**counts: int) -> None:
    """Add *counts* to the metrics, each under its name."""
    for name, value in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def measure(**figures: float) -> None:
    """Add *figures*, which count nothing, to the metrics, each under its name."""
    for name, value in figures.items():
        metrics.add_metric(name=name, unit=MetricUnit.NoUnit, value=value)


def answer(
    carry_out: Callable[[], msgspec.Struct], *, requested: str, done: str, refused: str
) -> answers.Answer:
    """Answer with what *carry_out* returns, and count the request and its end under these names."""
    count(**{requested: 1})
    outcome = answers.answer(carry_out)
    count(**{refused if outcome.get("ok") is False else done: 1})
    return outcome
