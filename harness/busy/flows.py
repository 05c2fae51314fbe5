"""The first run, a fleet and interrupts, as a new user types them, beside busy processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.errors import VenTwinError

CLI = (sys.executable, "-m", "ven_twin.cli")
LOOP = (sys.executable, "-c", "while True: pass")
TIMEOUT_S = 900.0
"""For what hangs."""
STOP_S = 120.0
HOMES = 20
EVENT_S = 60


@dataclass(frozen=True, slots=True)
class FlowOutcome:
    """One flow: how long it took, s, its figures, and what was wrong with it."""

    took_s: float
    figures: dict[str, float]
    objections: tuple[str, ...] = ()


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """So many processes that do nothing but compute, for as long as the block lasts."""
    loops = [subprocess.Popen(LOOP) for _ in range(processes)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def first_run(home: Path) -> FlowOutcome:
    """``ven-twin up --once`` from an empty folder."""
    result = home / "result.json"
    began_s = time.monotonic()
    done = _run(home, "up", "--once", "--no-web", "--result", str(result))
    took_s = time.monotonic() - began_s
    job = json.loads(result.read_text()) if result.exists() else {}
    figures = {"first telemetry s": float(job.get("firstTelemetryS") or 0.0)}
    figures |= {"delivered": (job.get("deliveredKw") or 0.0) / (job.get("askedKw") or 1.0)}
    return FlowOutcome(took_s, figures, (*_refusal(done), *_left(home)))


def fleet(home: Path) -> FlowOutcome:
    """The fleet of the README: twenty homes with a past, an event over all of them, its report."""
    began_s, figures, objections = time.monotonic(), {}, []
    vens = ",".join(f"home-{number}" for number in range(1, HOMES + 1))
    figures["start s"], refusals = _timed(home, "cloud", "start", "--vens", vens)
    objections += refusals
    with (home / "fleet.log").open("wb") as log:
        command = [*CLI, "fleet", "run", "--afternoon", "--past-days", "14"]
        twins = subprocess.Popen(command, env=_env(home), stdout=log, stderr=log)
    try:
        figures["past and online s"] = _until(lambda: _online(home) == HOMES, "the fleet")
        created = _json(home, "event", "create", "--shed-kw", "5", "--duration", f"{EVENT_S}s")
        time.sleep(max(0.0, created["endTs"] - time.time()) + 1.0)
        figures["report s"], refusals = _timed(
            home, "event", "report", created["eventId"], "--html", str(home / "report.html")
        )
        objections += refusals
        figures["dead letters"] = float(len(_json(home, "dlq", "list")))
    except VenTwinError as error:
        objections.append(str(error))
    finally:
        twins.send_signal(signal.SIGINT)
        twins.wait(STOP_S)
        objections += _refusal(_run(home, "cloud", "stop"))
    if figures.get("dead letters"):
        objections.append(f"{figures['dead letters']:.0f} valid messages are dead letters")
    return FlowOutcome(time.monotonic() - began_s, figures, (*objections, *_left(home)))


def interrupted(home: Path, after_s: float) -> FlowOutcome:
    """``ven-twin up --once`` that is interrupted after so long: no success, nothing left."""
    process = subprocess.Popen(
        [*CLI, "up", "--once", "--no-web"],
        env=_env(home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(after_s)
    began_s = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=STOP_S)
    took_s = time.monotonic() - began_s
    objections = ["it ended as a success"] if process.returncode == 0 else []
    objections += ["a traceback"] if "Traceback" in errors else []
    return FlowOutcome(took_s, {"exit": float(process.returncode)}, (*objections, *_left(home)))


def _env(home: Path) -> dict[str, str]:
    return {**os.environ, "VEN_TWIN_HOME": str(home)}


def _run(home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CLI, *command], env=_env(home), capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )


def _timed(home: Path, *command: str) -> tuple[float, list[str]]:
    """The seconds that a command took, and what was wrong with it."""
    began_s = time.monotonic()
    done = _run(home, *command)
    return time.monotonic() - began_s, _refusal(done)


def _refusal(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The last line of a command that did not end as a success."""
    if done.returncode == 0:
        return []
    lines: Sequence[str] = done.stderr.strip().splitlines() or ["nothing was said"]
    return [f"exit {done.returncode}: {lines[-1]}"]


def _json(home: Path, *command: str) -> Any:
    """The answer of a command, as JSON. Raises VenTwinError when it did not end as a success."""
    done = _run(home, *command, "--json")
    if done.returncode:
        raise VenTwinError(_refusal(done)[0])
    return json.loads(done.stdout)


def _online(home: Path) -> int:
    """The VENs that are online; 0 while the cloud does not answer."""
    online: int = json.loads(_run(home, "fleet", "status", "--json").stdout or "{}").get("online", 0)
    return online


def _until(condition: Callable[[], bool], what: str) -> float:
    """The seconds until *condition* holds. Raises VenTwinError when it does not come."""
    began_s = time.monotonic()
    while not condition():
        if time.monotonic() - began_s > TIMEOUT_S:
            raise VenTwinError(f"{what} did not come within {TIMEOUT_S:.0f} s")
        time.sleep(1.0)
    return time.monotonic() - began_s


def _left(home: Path) -> list[str]:
    """The processes of this folder that are still there."""
    mark = f"VEN_TWIN_HOME={home}".encode()
    left = []
    for folder in Path("/proc").iterdir():
        try:
            environment = (folder / "environ").read_bytes() if folder.name.isdigit() else b""
        except OSError:
            continue
        if mark in environment.split(b"\0"):
            left.append(f"process {folder.name} is left")
    return left
