"""The processor time of the functions' loads, apart for import and handler, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from contracts.errors import VenTwinError
from contracts.wire.codec import JsonDict
from harness.functions.load import WorstLoad
from harness.functions.loads.fleet import NOW
from harness.functions.server import CONNECTIONS, PORT, AwsSide
from harness.functions.stack import HOOK_S, ROOT, StackFunction

SANDBOX = Path(__file__).with_name("sandbox.py")
HALF = 0.5
"""The share of its time that a function may need at the most."""
TRIES = 3
"""Measurements of a load that is near its limit; the least counts, since a busy machine adds."""
NEAR = 0.6
"""Of what is allowed: from here on a load is measured again."""


class Measured(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A load as it was measured: processor time on a whole core, s; pauses, s; the most memory, MB; calls."""

    function: str
    load: str
    import_s: float
    handler_s: float
    paused_s: float
    peak_mb: float
    calls: int
    limit_s: float | None = None


class LoadFailedError(VenTwinError):
    """A load was not carried out as its words have it: it, or its canned account, has to be mended."""


@dataclass(frozen=True, slots=True)
class Share:
    """A load on the share of a processor that the function's memory buys.

    Attributes:
        seconds: how long it takes there.
        limit_s: how long it may take altogether: the function's timeout, the hook's limit, or the load's own.
    """

    seconds: float
    limit_s: float

    @property
    def headroom(self) -> float:
        """The limit, as a multiple of what it takes."""
        return self.limit_s / self.seconds

    @property
    def fits(self) -> bool:
        """True when less than half of the limit is needed."""
        return self.seconds < HALF * self.limit_s


def share_of(measured: Measured, function: StackFunction) -> Share:
    """*measured* at the function's share. A hook's import counts, which runs at a whole processor."""
    seconds = measured.handler_s / function.share
    if function.hook:
        return Share(measured.import_s + seconds, min(HOOK_S, function.timeout_s))
    return Share(seconds, measured.limit_s or function.timeout_s)


def breaches(function: StackFunction, measurements: Iterable[Measured]) -> list[str]:
    """The loads of *function* that its memory or its time is too small for, a line for one."""
    measured = [entry for entry in measurements if entry.function == function.name]
    lines = [] if measured else [f"{function.name}: no load was measured: write one, and make functions"]
    for entry in measured:
        share = share_of(entry, function)
        if not share.fits:
            lines.append(
                f"{function.name}: {share.seconds:.1f} s of {share.limit_s:g} with {function.memory_mb} MB: "
                f"{entry.load}"
            )
        if entry.peak_mb > function.memory_mb:
            lines.append(f"{function.name}: {entry.peak_mb:.0f} MB of {function.memory_mb}: {entry.load}")
    return lines


def measure(
    function: StackFunction,
    loads: Iterable[WorstLoad],
    aws: AwsSide,
    *,
    tries: int = 1,
    code: Path = ROOT,
) -> list[Measured]:
    """Measure *loads* of *function*, *tries* times or more when near the limit; the least of each counts.

    Args:
        function: as the template has it.
        loads: its loads.
        aws: what answers as AWS.
        tries: how often each is measured at the least.
        code: where `lambdas` and `contracts` are.

    Raises:
        LoadFailedError: a load was not carried out.
    """
    measurements = []
    with _sandbox(function, aws, code) as sandbox:
        for load in loads:
            runs = [sandbox.run(load) for _ in range(tries)]
            while len(runs) < TRIES and _near(min(runs, key=_handler_s), function):
                runs.append(sandbox.run(load))
            measurements.append(min(runs, key=_handler_s))
    return measurements


def _handler_s(measured: Measured) -> float:
    return measured.handler_s


def _near(measured: Measured, function: StackFunction) -> bool:
    share = share_of(measured, function)
    return share.seconds > NEAR * HALF * share.limit_s


@dataclass(frozen=True, slots=True)
class _Sandbox:
    process: subprocess.Popen[str]
    aws: AwsSide
    import_s: float

    def run(self, load: WorstLoad) -> Measured:
        """One run of *load*."""
        self.aws.account = account = load.account()
        request = {"event": load.event(), "environment": dict(load.environment), "now": NOW}
        request["again"] = load.again
        requests = cast("IO[str]", self.process.stdin)
        requests.write(json.dumps(request).replace(PORT, self.aws.url) + "\n")
        requests.flush()
        outcome = _line(self.process)
        if "error" in outcome or not load.done(outcome["answer"], account.calls):
            raise LoadFailedError(f"{load.function}: {load.words}: {account.calls}: {_shown(outcome)}")
        return Measured(
            function=load.function,
            load=load.words,
            import_s=round(self.import_s, 3),
            handler_s=round(outcome["handler_s"], 5 if load.again else 3),
            paused_s=round(outcome["paused_s"], 1),
            peak_mb=round(outcome["peak_mb"]),
            calls=(sum(account.calls.values()) - account.calls.get(CONNECTIONS, 0)) // (1 + load.again),
            limit_s=load.limit_s,
        )


@contextmanager
def _sandbox(function: StackFunction, aws: AwsSide, code: Path) -> Iterator[_Sandbox]:
    # -P: the folder of the script is none to import from.
    command = [sys.executable, "-P", str(SANDBOX), function.name, f"{function.memory_mb}"]
    with subprocess.Popen(
        [*command, f"{function.timeout_s}"],
        env=_environment(function, aws, code),
        cwd=code,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield _Sandbox(process, aws, _line(process)["import_s"])
        cast("IO[str]", process.stdin).close()


def _environment(function: StackFunction, aws: AwsSide, code: Path) -> dict[str, str]:
    """Variables as Lambda sets them, with the template's, and AWS at *aws*."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **inherited,
        **function.environment,
        "PYTHONPATH": str(code),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIDMEASURE",
        "AWS_SECRET_ACCESS_KEY": "measure",
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_CA_BUNDLE": str(aws.trust),
        "SSL_CERT_FILE": str(aws.trust),
    }


def _line(process: subprocess.Popen[str]) -> JsonDict:
    text = cast("IO[str]", process.stdout).readline()
    if not text:
        raise LoadFailedError("the sandbox ended, see the standard error")
    value: JsonDict = json.loads(text)
    return value


def _shown(outcome: JsonDict) -> str:
    value: Any = outcome.get("answer", outcome)
    return json.dumps(value)[:1_500]
