"""``make counted``: a metered local cloud with some VENs, counted for minutes, beside what the bill reckons.

It writes `counted.json`, of which ``make prices`` makes the page. Counted is at the emulator's edges
(`local_cloud.metering`), scaled to thirty days, and compared item by item with the bill of as many VENs at
the same interval and with as many shadow updates as there were.
"""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from contracts.store.stack import StackOutput
from contracts.wire.ids import EventId, VenId
from harness.prices.compared import COUNTED, Counted, EventCount, comparison, event_comparison
from harness.prices.filling import fillings
from local_cloud import deploy, process
from local_cloud.runtime import METER_PATH, Runtime
from ven_twin.cli.main_job import offer_kw
from ven_twin.installation import HOME_VARIABLE, cli_command
from ven_twin.operations.aggregator.cloud import Cloud
from ven_twin.testing.running_cloud import cloud_of

VENS, INTERVAL_S, BATCH_S, SECONDS = 3, 5, 20, 600.0
"""Twins wait so long for others of their rows, as they do for 4 min on AWS, and send them by Basic Ingest."""
EVENT_S, AFTER_S = 120, 30.0
PATIENCE_S = 180.0


@dataclass(frozen=True, slots=True)
class MeteredSystem:
    """A metered local cloud with twins in it."""

    runtime: Runtime
    cloud: Cloud
    vens: tuple[VenId, ...]

    def counts(self) -> Mapping[str, float]:
        """The counts so far."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.runtime.endpoint_url}{METER_PATH}", timeout=10) as answer:
            return msgspec.json.decode(answer.read(), type=dict[str, float])

    def counted(self, seconds: float) -> tuple[float, dict[str, float]]:
        """The time that was really counted, s, and what came in it."""
        before, begun_s = self.counts(), time.monotonic()
        time.sleep(seconds)
        after = self.counts()
        passed_s = time.monotonic() - begun_s
        return passed_s, {name: value - before.get(name, 0.0) for name, value in after.items()}


@contextmanager
def metered_system(vens: int, interval_s: float, batch_s: float = 0.0) -> Iterator[MeteredSystem]:
    """Start cloud and twins, wait until each offers something, and end all of it afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        runtime = process.start(home / "cloud", gateway_port=0, mqtt_port=0, metered=True)
        twins: list[subprocess.Popen[bytes]] = []
        try:
            names = tuple(VenId(f"ven-{number}") for number in range(1, vens + 1))
            deploy.deploy(runtime, names)
            system = MeteredSystem(runtime, cloud_of(runtime), names)
            twins += [_twin(name, interval_s, batch_s, home) for name in names]
            for name in names:
                _wait_for(system, name)
            yield system
        finally:
            for twin in twins:
                twin.terminate()
            for twin in twins:
                twin.wait(30)
            process.stop(home / "cloud")


def _twin(ven_id: VenId, interval_s: float, batch_s: float, home: Path) -> subprocess.Popen[bytes]:
    arguments = ["run", ven_id, "--no-web", "--report-interval", f"{interval_s:g}s"]
    if batch_s:
        arguments += ["--batch", f"{batch_s:g}s", "--basic-ingest"]
    with (home / f"{ven_id}.log").open("wb") as log:
        return subprocess.Popen(
            [*cli_command(), *arguments],
            env={**_environment(), HOME_VARIABLE: str(home)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _environment() -> dict[str, str]:
    import os  # noqa: PLC0415 - for this alone

    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def _wait_for(system: MeteredSystem, ven_id: VenId) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not offer_kw(system.cloud, ven_id):
        if time.monotonic() > until_s:
            raise TimeoutError(f"{ven_id} has offered nothing within {PATIENCE_S:g} s")
        time.sleep(0.5)


def count(
    vens: int = VENS, interval_s: float = INTERVAL_S, batch_s: float = BATCH_S, seconds: float = SECONDS
) -> Counted:
    """Count VENs without an event, then with one of two minutes that is settled."""
    with metered_system(vens, interval_s, batch_s) as system:
        passed_s, counts = system.counted(seconds)
        interval = {"durationS": EVENT_S, "signal": "level", "value": 2}
        begun_s, before = time.monotonic(), system.counts()
        event_id = EventId(
            system.cloud.invoke(StackOutput.DISPATCH_EVENT, {"intervals": [interval]})["eventId"]
        )
        _, event_counts = system.counted(EVENT_S + AFTER_S)
        after = system.counts()
        filled = fillings(system)
        event = EventCount(
            event_id=event_id,
            seconds=time.monotonic() - begun_s,
            counts={name: after[name] - before.get(name, 0.0) for name in event_counts},
        )
    return Counted(
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        vens=vens,
        interval_s=interval_s,
        seconds=passed_s,
        counts={name: value for name, value in sorted(counts.items()) if value},
        event=event,
        fillings=filled,
        batch_s=batch_s,
        basic_ingest=bool(batch_s),
    )


def main() -> None:
    """Count, write it down, and print it beside the bill."""
    counted = count()
    COUNTED.write_bytes(msgspec.json.format(msgspec.json.encode(counted), indent=1) + b"\n")
    for row in (*comparison(counted), *event_comparison(counted)):
        line = f"{row.name:26}{row.counted:14,.1f}{row.reckoned:14,.1f}{row.deviation:+8.1%}"
        sys.stdout.write(f"{line}  {row.low:,.1f} to {row.high:,.1f}\n")


if __name__ == "__main__":
    main()
