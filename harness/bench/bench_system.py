"""The system as a user meets it: starting, dispatching, a twin at rest."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contracts.store.stack import StackOutput
from harness.bench.figure import Figure
from local_cloud import deploy, process
from tests.e2e.conftest import System, start_cloud, until
from ven_twin.testing.running_cloud import cloud_of
from ven_twin.ven.mqtt.shadow_client import UPDATE_PERIOD_S

EVENTS = 15
REST_S = 60.0
BARE = "import asyncio, ssl, sqlite3, gmqtt, msgspec, time; print('up', flush=True); time.sleep(600)"


def run() -> Iterator[Figure]:
    """Every figure, as it is measured."""
    yield from _starts()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        runtime = start_cloud(home)
        system = System(home, runtime, cloud_of(runtime))
        try:
            deploy.deploy(runtime, ["ven-1"])
            yield from _with_a_twin(system)
        finally:
            for twin in system.twins:
                twin.terminate()
                twin.wait(20)
            process.stop(home / "cloud")


def _starts() -> Iterator[Figure]:
    """From the call of ``ven-twin up`` to the first stored row: fresh, then with kept state."""
    bare_s = _timed([sys.executable, "-c", "import boto3, msgspec, typer, rich"])
    with tempfile.TemporaryDirectory() as folder:
        for name, aim in (("first row, fresh state", "<= 20 s"), ("first row, kept state", "<= 8 s")):
            report = Path(folder) / "up.json"
            subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "ven_twin.cli",
                    "up",
                    "--once",
                    "--keep",
                    "--duration",
                    "5s",
                    "--result",
                    str(report),
                ],
                env={**os.environ, "VEN_TWIN_HOME": folder},
                stdout=subprocess.DEVNULL,
                check=True,
            )
            value = json.loads(report.read_text())["firstTelemetryS"]
            yield Figure(name, value, "s", aim, bare_s, "importing the CLI's libraries")


def _with_a_twin(system: System) -> Iterator[Figure]:
    twin = system.start_twin("ven-1", "--report-interval", "5")
    until(lambda: system.offer_kw("ven-1"), "the offer")
    row = until(lambda: system.rows("ven-1"), "a row")[-1]
    on_the_wire = {
        key: value for key, value in row.items() if key not in {"rowId", "receivedTs", "expiresTs"}
    }
    yield Figure(
        "telemetry row without loads", len(json.dumps(on_the_wire, separators=(",", ":"))), "B", "<= 1024"
    )
    yield from _dispatches(system)
    yield from _at_rest(twin.pid)


def _dispatches(system: System) -> Iterator[Figure]:
    """From the dispatch call to ``reported`` active, warm functions; the first, cold one apart."""
    cloud = system.cloud
    waits_s, refusals_s = [], []
    for number in range(EVENTS):
        interval = {"durationS": 30, "signal": "level", "value": 1}
        begun_s = time.perf_counter()
        event_id = cloud.invoke(StackOutput.DISPATCH_EVENT, {"intervals": [interval]})["eventId"]
        while system.reported("ven-1").get("metrics", {}).get("activeEventId") != event_id:
            time.sleep(0.005)
        waits_s.append(time.perf_counter() - begun_s)
        cloud.invoke(StackOutput.DISPATCH_EVENT, {"action": "cancel", "eventId": event_id})
        until(lambda: "activeEventId" not in system.reported("ven-1")["metrics"], "the end")
        begun_s = time.perf_counter()
        cloud.invoke(StackOutput.DISPATCH_EVENT, {"action": "cancel", "eventId": f"nothing-{number}"})
        refusals_s.append(time.perf_counter() - begun_s)
        time.sleep(2 * UPDATE_PERIOD_S)  # a VEN at peace: its last shadow update is longer ago than the limit
    reference_s = statistics.median(refusals_s)
    name = "invoking the same function for nothing"
    yield Figure("dispatch to active, cold", waits_s[0], "s", "", reference_s, name)
    yield Figure(
        "dispatch to active, median", statistics.median(waits_s[1:]), "s", "<= 0.5 s", reference_s, name
    )
    yield Figure("dispatch to active, worst", max(waits_s[1:]), "s", "", reference_s, name)


def _at_rest(pid: int) -> Iterator[Figure]:
    """Memory and CPU of a twin that reports every 5 s."""
    with _bare_process() as bare:
        before_s = _cpu_s(pid)
        time.sleep(REST_S)
        share = (_cpu_s(pid) - before_s) / REST_S * 100.0
        yield Figure(
            "twin at rest, memory", _rss_mb(pid), "MB", "<= 60 MB", _rss_mb(bare), "its libraries alone"
        )
        yield Figure("twin at rest, CPU", share, "% of a core", "<= 2 %")


@contextmanager
def _bare_process() -> Iterator[int]:
    bare = subprocess.Popen([sys.executable, "-c", BARE], stdout=subprocess.PIPE)
    try:
        assert bare.stdout is not None
        bare.stdout.readline()
        yield bare.pid
    finally:
        bare.kill()
        bare.communicate()


def _rss_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _timed(command: list[str]) -> float:
    begun_s = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - begun_s
