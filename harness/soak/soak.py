"""One soak: a twin in a process of its own against the local cloud, sampled while it reports and sheds."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from contracts.store.stack import StackOutput
from contracts.wire.codec import JsonDict
from local_cloud import deploy, process
from tests.e2e.conftest import System, start_cloud, until
from ven_twin.testing.running_cloud import cloud_of

VEN = "ven-1"
REPORT_INTERVAL_S = 5
SAMPLE_S = 5.0
EVENT_EVERY_S = 300.0
EVENT_S = 30
GROWTH_MAX = 0.05
WARM_UP_SHARE, WARM_UP_MIN_S = 0.1, 30.0


@dataclass(frozen=True, slots=True)
class Sample:
    """Memory and CPU of the twin's process at one time."""

    at_s: float
    rss_kb: int
    cpu_s: float


@dataclass(slots=True)
class SoakResult:
    """The result of a soak.

    Attributes:
        minutes: how long it lasted.
        rows: telemetry rows in the table.
        last_seq: the highest number among them; they start at 0.
        boots: how many runs of the twin the rows come from.
        missing: numbers below the highest that are not in the table.
        connects: CONNACKs that the twin received.
        unexpected_disconnects: connections that ended otherwise than by a stop.
        events: DR events dispatched meanwhile; each sheds.
        completed: of those, how many the twin has acknowledged to the end.
        samples: memory and CPU over time.
        log: the twin's log.
    """

    minutes: float
    rows: int = 0
    last_seq: int = -1
    boots: int = 0
    missing: tuple[int, ...] = ()
    connects: int = 0
    unexpected_disconnects: int = 0
    events: int = 0
    completed: int = 0
    samples: list[Sample] = field(default_factory=list)
    log: str = ""

    @property
    def settled(self) -> list[Sample]:
        """The samples after warm-up: a tenth of the time, and half a minute at least."""
        warm_s = max(WARM_UP_MIN_S, WARM_UP_SHARE * self.minutes * 60.0)
        return [sample for sample in self.samples if sample.at_s >= warm_s]

    @property
    def growth(self) -> float:
        """Growth of memory from the first tenth after warm-up to the last, a fraction."""
        settled = self.settled
        tenth = max(1, len(settled) // 10)
        first = statistics.median(sample.rss_kb for sample in settled[:tenth])
        return statistics.median(sample.rss_kb for sample in settled[-tenth:]) / first - 1.0

    @property
    def slope_kb_h(self) -> float:
        """Least-squares slope of memory over time after warm-up, KB an hour."""
        settled = self.settled
        if len(settled) < 2:
            return 0.0
        times_h = [sample.at_s / 3600.0 for sample in settled]
        return statistics.linear_regression(times_h, [sample.rss_kb for sample in settled]).slope

    @property
    def cpu_percent(self) -> float:
        """CPU after warm-up, percent of a core."""
        first, last = self.settled[0], self.settled[-1]
        return 100.0 * (last.cpu_s - first.cpu_s) / max(1e-9, last.at_s - first.at_s)

    @property
    def objections(self) -> list[str]:
        """The reasons why this soak fails; empty when it passes."""
        reasons = []
        if self.unexpected_disconnects:
            reasons.append(f"{self.unexpected_disconnects} unexpected disconnects")
        if self.missing:
            reasons.append(f"{len(self.missing)} gaps in seq, the first at {self.missing[0]}")
        if self.boots != 1:
            reasons.append(f"{self.boots} runs of the twin, not one")
        expected = int(self.minutes * 60.0 / REPORT_INTERVAL_S * 0.9)
        if self.rows < expected:
            reasons.append(f"{self.rows} rows, not the {expected} that such a time has")
        if self.completed < self.events:
            reasons.append(f"{self.completed} of {self.events} events completed")
        if self.growth > GROWTH_MAX:
            reasons.append(f"memory grew by {self.growth:.1%}, above {GROWTH_MAX:.0%}")
        return reasons


def soak(home: Path, minutes: float, progress: Callable[[str], None]) -> SoakResult:
    """Run a twin for *minutes* against a local cloud whose files are in *home*."""
    runtime = start_cloud(home)
    system = System(home, runtime, cloud_of(runtime))
    try:
        deploy.deploy(runtime, [VEN])
        twin = system.start_twin(VEN, "--report-interval", str(REPORT_INTERVAL_S), "--house-speed", "1")
        until(lambda: system.offer_kw(VEN), "the offer of the twin", 60)
        soaked = _watch(system, twin.pid, minutes, progress)
        _count(system, soaked)
        soaked.log = twin.log.read_text()  # type: ignore[attr-defined]
        twin.terminate()
        twin.wait(20)
        return soaked
    finally:
        for twin in system.twins:
            if twin.poll() is None:
                twin.terminate()
                twin.wait(20)
        process.stop(home / "cloud")


def _watch(system: System, pid: int, minutes: float, progress: Callable[[str], None]) -> SoakResult:
    """Sample the process *pid* for *minutes*, with an event now and then."""
    soaked, begun_s = SoakResult(minutes), time.monotonic()
    next_event_s = progress_s = 0.0
    while (at_s := time.monotonic() - begun_s) < minutes * 60.0:
        soaked.samples.append(Sample(at_s, _rss_kb(pid), _cpu_s(pid)))
        if at_s >= next_event_s and at_s + EVENT_S + 15.0 < minutes * 60.0:
            _dispatch(system)
            soaked.events += 1
            next_event_s += EVENT_EVERY_S
        if at_s - progress_s >= 60.0:
            progress_s = at_s
            last = soaked.samples[-1]
            progress(f"{at_s / 60.0:5.1f} min   {last.rss_kb / 1024.0:6.1f} MB   {last.cpu_s:6.1f} s CPU")
        time.sleep(SAMPLE_S)
    return soaked


def _dispatch(system: System) -> None:
    interval = {"durationS": EVENT_S, "signal": "shedKw", "value": 1.0}
    system.cloud.invoke(StackOutput.DISPATCH_EVENT, {"intervals": [interval], "targets": [VEN]})


def _count(system: System, soaked: SoakResult) -> None:
    """Count the rows in the table and read the twin's status, once its waiting rows are stored."""
    status: JsonDict = system.json("cmd", VEN, "--op", "get", "--data", '{"what":"status"}')
    soaked.connects = status["data"]["connects"]
    soaked.unexpected_disconnects = status["data"]["unexpectedDisconnects"]
    before = len(system.rows(VEN))
    until(lambda: len(system.rows(VEN)) > before, "another row", 60)
    rows = [(row["bootId"], int(row["seq"])) for row in system.rows(VEN)]
    soaked.rows, soaked.boots = len(rows), len({boot_id for boot_id, _ in rows})
    seqs = {seq for _, seq in rows}
    soaked.last_seq = max(seqs)
    soaked.missing = tuple(gaps(seqs))
    log = system.twins[0].log.read_text()  # type: ignore[attr-defined]
    soaked.completed = log.count(" is completed")


def gaps(seqs: set[int]) -> Sequence[int]:
    """The numbers from 0 to the highest that are not in *seqs*."""
    return [seq for seq in range(max(seqs, default=-1) + 1) if seq not in seqs]


def _rss_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
