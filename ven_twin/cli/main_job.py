"""The main job: one DR event through the whole system, watched from dispatch to settlement."""

from __future__ import annotations

import time
from collections.abc import Iterator

import msgspec

from contracts.api.reports import Baseline, EventReport, read_report
from contracts.api.resources import NewEvent
from contracts.errors import FieldError
from contracts.store import keys
from contracts.store.stack import StackOutput
from contracts.wire.events import Interval, Phase, Signal
from contracts.wire.ids import EventId, VenId
from ven_twin.cli.event import new_event_id
from ven_twin.cli.local_system import Say, TwinProcess, age_of_this_process_s, wait_for
from ven_twin.operations.aggregator.by_functions import DirectAggregator
from ven_twin.operations.aggregator.cloud import Cloud
from ven_twin.webkit.formatting import duration, percent, power

DEFAULT_SHARE = 0.6
"""The share of the flexibility on offer that is requested by default."""
DELIVERED_LEAST = 0.5
"""An event counts as shed from this share of the request."""
TELEMETRY_TIMEOUT_S = 240.0
"""Timeouts are for what hangs: a twin that ends is seen at once, and a busy machine is only slow."""
OFFER_TIMEOUT_S = 180.0
ACTIVE_TIMEOUT_S = 120.0
SETTLE_TIMEOUT_S = 300.0


class MainJob(msgspec.Struct, rename="camel", kw_only=True):
    """The outcome; *delivered_kw* and *baseline_kw* against the clone, *paid_kw* against what settles."""

    ven_id: VenId
    event_id: EventId = EventId("")
    requested_kw: float = msgspec.field(name="askedKw", default=0.0)
    delivered_kw: float | None = None
    baseline_kw: float | None = None
    delivered_kwh: float | None = None
    meter_before_delivered_kw: float | None = None
    settled_by: Baseline | None = None
    paid_kw: float | None = None
    acknowledged: bool = False
    settled: bool = False
    restored: bool = False
    telemetry_rows: int = 0
    first_telemetry_s: float | None = None
    dispatch_to_active_s: float | None = None
    failures: list[str] = []

    def judge(self) -> None:
        """Say under *failures* what an event that worked would have had."""
        checks = {
            "no telemetry was stored": self.telemetry_rows > 0,
            "the event was not acknowledged": self.acknowledged,
            "the event was not settled": self.settled,
            f"less than {percent(DELIVERED_LEAST)} of the request was delivered": (self.delivered_kw or 0.0)
            >= DELIVERED_LEAST * self.requested_kw,
            "the loads were not restored": self.restored,
        }
        self.failures = [failure for failure, holds in checks.items() if not holds]


def wait_for_telemetry(
    cloud: Cloud, job: MainJob, twin: TwinProcess, say: Say, *, patience: float = 1.0
) -> None:
    """Wait until the twin's first row of this run is stored, and until its VEN says what it can shed.

    *patience* is by how much longer than of the local cloud an answer is waited for.
    """
    say("waiting for the first telemetry row")
    begun_ts = time.time() - age_of_this_process_s()
    wait_for(
        "telemetry",
        lambda: _rows(cloud, job.ven_id, begun_ts),
        timeout_s=patience * TELEMETRY_TIMEOUT_S,
        twin_process=twin,
    )
    job.first_telemetry_s = round(age_of_this_process_s(), 2)
    say("waiting for the VEN to say what it can shed")
    wait_for(
        "the VEN's offer",
        lambda: offer_kw(cloud, job.ven_id),
        timeout_s=patience * OFFER_TIMEOUT_S,
        twin_process=twin,
    )


def offer_kw(cloud: Cloud, ven_id: VenId) -> float | None:
    """The kW that an online VEN last reported it can shed; None without a report."""
    row = cloud.item(StackOutput.VENS_TABLE, {keys.VENS.partition: ven_id}) or {}
    offer: float | None = row.get("shedAvailabilityKw")
    return offer if row.get("online") else None


def run_event(
    cloud: Cloud,
    job: MainJob,
    twin: TwinProcess,
    *,
    shed_kw: float | None,
    duration_s: int,
    say: Say,
    patience: float = 1.0,
) -> None:
    """Dispatch an event, follow it to its report, and write what came of it into *job*.

    *patience* is as for `wait_for_telemetry`.

    Raises:
        FieldError: the event was refused.
    """
    offered_kw = offer_kw(cloud, job.ven_id) or 0.0
    requested_kw = _requested_kw(shed_kw, offered_kw)
    of_offer = f"shed {power(requested_kw)} of {power(offered_kw)} on offer"
    say("dispatching", f": {of_offer} for {duration(duration_s)}")
    interval = Interval(duration_s=duration_s, signal=Signal.SHED_KW, value=requested_kw)
    event = NewEvent(event_id=new_event_id(), intervals=(interval,), targets=(job.ven_id,))
    cloud.client("iot-data")  # so that the time measured is the system's, not this client's start
    called_s = time.monotonic()
    dispatched = DirectAggregator(cloud).create_event(event)
    job.event_id, job.requested_kw = dispatched.event_id, dispatched.requested_kw
    wait_for(
        "the event's start",
        lambda: _active(cloud, job.ven_id) == job.event_id,
        timeout_s=patience * ACTIVE_TIMEOUT_S,
        twin_process=twin,
        poll_s=0.01,
    )
    job.dispatch_to_active_s = round(time.monotonic() - called_s, 3)
    for left_s in _countdown(dispatched.end_ts):
        say("shedding", f", {left_s:.0f} s to go")
        twin.check()
    say("waiting for the settlement, which the Scheduler starts")
    report = wait_for_report(
        cloud, job.event_id, timeout_s=patience * SETTLE_TIMEOUT_S + duration_s, twin_process=twin
    )
    _read(job, report, cloud)


def _requested_kw(shed_kw: float | None, offered_kw: float) -> float:
    requested_kw = round(shed_kw if shed_kw is not None else DEFAULT_SHARE * offered_kw, 2)
    if requested_kw <= 0:
        raise FieldError("--shed-kw", "the VEN offers nothing to shed now: give the kW to ask for")
    return requested_kw


def wait_for_report(
    cloud: Cloud, event_id: EventId, *, timeout_s: float, twin_process: TwinProcess | None = None
) -> EventReport:
    """Wait until the Scheduler has had an event settled; its report. Raises as `wait_for`."""
    reports: list[EventReport] = []

    def settled() -> bool:
        items = (
            item
            for item in cloud.event_items(event_id)
            if item[str(keys.EVENTS.sort)] == keys.REPORT_SORT_KEY
        )
        reports.extend(read_report(item["report"]) for item in items)
        return bool(reports)

    wait_for("the report", settled, timeout_s=timeout_s, twin_process=twin_process, poll_s=0.25)
    return reports[0]


def _read(job: MainJob, report: EventReport, cloud: Cloud) -> None:
    ven = next(ven for ven in report.vens if ven.ven_id == job.ven_id)
    job.settled = True
    job.acknowledged = ven.acknowledged
    job.telemetry_rows = ven.quality.rows
    clone, before = ven.delivered.get("clone"), ven.delivered.get("meter_before")
    if clone is not None:
        job.delivered_kw = round(clone.delivered_kw, 3)
        job.baseline_kw = round(clone.baseline_kw, 3)
        job.delivered_kwh = round(clone.delivered_kwh, 5)
    if before is not None:
        job.meter_before_delivered_kw = round(before.delivered_kw, 3)
    job.settled_by = report.settled_by
    if report.settled_by is not None and (paid := ven.delivered.get(report.settled_by)) is not None:
        job.paid_kw = round(paid.delivered_kw, 3)
    reached = {key for item in cloud.event_items(job.event_id) for key in item}
    reported = cloud.shadow(job.ven_id).get("state", {}).get("reported", {})
    idle = (
        "activeEventId" not in reported.get("metrics", {})
        and reported.get("ven", {}).get("status") == "normal"
    )
    job.restored = idle and Phase.COMPLETED in reached and ven.restored is not False


def _active(cloud: Cloud, ven_id: VenId) -> str | None:
    metrics = cloud.shadow(ven_id).get("state", {}).get("reported", {}).get("metrics", {})
    active: str | None = metrics.get("activeEventId")
    return active


def _rows(cloud: Cloud, ven_id: VenId, since_ts: float) -> bool:
    since = keys.telemetry_row_id(int(since_ts), "", 0)
    return any(True for _ in cloud.telemetry_after(ven_id, since))


def _countdown(end_ts: float) -> Iterator[float]:
    while (left_s := end_ts - time.time()) > 0:
        yield left_s
        time.sleep(min(1.0, left_s))
