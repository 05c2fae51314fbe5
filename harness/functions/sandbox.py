"""A function's sandbox: a fresh process that imports the handler as Lambda does, and runs an event a line.

It reads requests from standard input and writes its measurements to standard output, one JSON line for each;
whatever the function logs goes nowhere. A request is carried out in a fork of the process as it was after
its init, so that every event meets a cold sandbox: clients that are made, no connection, nothing remembered.
One that is carried out again and again meets a warm one after the first time, which does not count then. The
wall clock begins at the time that the load is of. Pauses are not lived through, since they cost no processor
time; they are added up.

Run as a file with the code of `lambdas` on the path. It imports nothing but the standard library by itself.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from importlib import import_module
from types import SimpleNamespace
from typing import Any, TextIO

LAMBDA_ROOT = "arn:aws:lambda:us-east-1:123456789012:function:"


def main(name: str, memory_mb: str, timeout_s: str) -> None:
    """Import the function's handler, tell what that cost, then carry out what comes in."""
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    began_s = time.process_time()
    handler = import_module(f"lambdas.{name}.handler").handler
    _tell(results, import_s=time.process_time() - began_s)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            request = json.loads(line)
            os.environ.update(request["environment"])
            context = _context(name, int(memory_mb), float(timeout_s))
            _run(results, handler, request, context)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status != 0:
            _tell(results, error="the handler raised, see the standard error")


def _run(results: TextIO, handler: Any, request: Any, context: Any) -> None:
    """One invocation; the processor time of all threads, the pauses, the most memory, the answer."""
    clock = import_module("lambdas.shared.clock")
    pauses: list[float] = []
    clock.sleep = pauses.append  # type: ignore[attr-defined]
    lag_s = request["now"] - time.time()
    clock.utc_now = lambda: time.time() + lag_s  # type: ignore[attr-defined]
    began_s = time.process_time()
    answer = handler(request["event"], context)
    handler_s = time.process_time() - began_s
    if again := request["again"]:
        began_s = time.process_time()
        for _ in range(again):
            answer = handler(request["event"], context)
        handler_s = (time.process_time() - began_s) / again
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _tell(results, handler_s=handler_s, paused_s=sum(pauses), peak_mb=peak_mb, answer=answer)


def _context(name: str, memory_mb: int, timeout_s: float) -> Any:
    ends_s = time.monotonic() + timeout_s
    return SimpleNamespace(
        aws_request_id="8d7a1f3e-0000-4000-8000-000000000001",
        function_name=name,
        function_version="$LATEST",
        memory_limit_in_mb=memory_mb,
        invoked_function_arn=LAMBDA_ROOT + name,
        log_stream_name="2027/01/15/[$LATEST]stream",
        get_remaining_time_in_millis=lambda: int(1000 * (ends_s - time.monotonic())),
    )


def _tell(results: TextIO, **measured: object) -> None:
    results.write(json.dumps(measured) + "\n")
    results.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
