"""Time for functions by the machine that they run on.

On AWS a function has its share of a core to itself. Here all functions, the emulator and whatever else the
machine does share its cores. A function that waits for its turn is not to be ended for it, nor its messages
handed to another meanwhile: they would come to nothing, and be dead letters in the end.

=====================================  ================================================
a function runs for longer than        what happens
=====================================  ================================================
its timeout                            it goes on
`PATIENCE` times its timeout           it is ended, as on AWS after its timeout
the visibility timeout of its queue    its messages stay with it until it has ended
=====================================  ================================================

How much of its time on AWS a function takes is measured where nothing disturbs it: ``make functions``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from contracts.wire.codec import JsonObject
from local_cloud.overrides import Original, replace

PATIENCE = 8
"""A function has so many times its timeout. Measured: with eight busy processes beside it on two cores a
function takes five times as long as alone."""
DEFAULT_TIMEOUT_S = 3


def wait_for_functions(lambda_svc: ModuleType) -> None:
    """Give every function `PATIENCE` times its timeout; *lambda_svc* is the emulator's module."""
    from ministack.core import lambda_runtime  # noqa: PLC0415 - it reads its environment when imported

    replace(lambda_runtime.Worker, "__init__", _patient_worker)
    replace(lambda_svc, "_run_sqs_batch", _patient_batch)


def _patient_worker(begin: Original) -> Original:
    """A worker's start, with a longer timeout in its configuration."""

    def start(worker: Any, name: str, config: Mapping[str, Any], code: bytes) -> None:
        timeout_s = PATIENCE * int(config.get("Timeout") or DEFAULT_TIMEOUT_S)
        begin(worker, name, {**config, "Timeout": timeout_s}, code)

    return start


def _patient_batch(run: Callable[..., None]) -> Callable[..., None]:
    """A batch of messages that nobody else is given while the function runs.

    Afterwards those that failed come again when they would have, or when the function said.
    """

    def run_batch(esm: JsonObject, function: JsonObject, event: object, batch: Any, *queue: str) -> None:
        visible_at = [message["visible_at"] for message in batch]
        while_it_runs = [at + PATIENCE * _timeout_s(function) for at in visible_at]
        for message, at in zip(batch, while_it_runs, strict=True):
            message["visible_at"] = at
        try:
            run(esm, function, event, batch, *queue)
        finally:
            now = time.time()
            for message, at, set_at in zip(batch, visible_at, while_it_runs, strict=True):
                if message["visible_at"] == set_at:
                    message["visible_at"] = max(at, now)

    return run_batch


def _timeout_s(function: JsonObject) -> int:
    config = function.get("config") or function
    return int(config.get("Timeout") or DEFAULT_TIMEOUT_S)
