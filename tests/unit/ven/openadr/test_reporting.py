"""Measuring and reporting at ticks: shares of intervals, due once, quality, opt-outs, restarts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contracts.openadr.objects import OadrEvent
from contracts.openadr.times import date_time_text
from contracts.wire.events import Phase
from contracts.wire.shadow import OptOut
from ven_twin.control.event_history import Meter
from ven_twin.control.schedule import EventOrigin, Schedule
from ven_twin.ven.openadr.book import BookOfEvents
from ven_twin.ven.openadr.reporting import DueReport, HouseInstant, VtnReporter

NOW = 1_800_000_000.0
VEN = "ven-1"


def event(*kinds: str, **fields: Any) -> OadrEvent:
    """An event of two intervals of 100 s that asks for reports of these payloads."""
    body = {
        "objectType": "EVENT",
        "id": "e1",
        "programID": "p",
        "createdDateTime": date_time_text(NOW),
        "modificationDateTime": date_time_text(NOW),
        "intervalPeriod": {"start": date_time_text(NOW + 10), "duration": "PT100S"},
        "intervals": [{"id": n, "payloads": [{"type": "SIMPLE", "values": [1]}]} for n in (5, 6)],
        "reportDescriptors": [{"payloadType": kind} for kind in kinds],
        **fields,
    }
    return msgspec.convert(body, OadrEvent)


class House:
    """A VEN that draws 3 kW and would have drawn 4, at ticks of some seconds; two circuits share it."""

    def __init__(self, *kinds: str, circuits: tuple[str, ...] = (), **fields: Any) -> None:
        self.reporter = VtnReporter(VEN, circuits)  # type: ignore[arg-type]
        self.book = BookOfEvents().polled([event(*kinds, **fields)], {}, frozenset(), VEN, NOW)  # type: ignore[arg-type]
        self.schedule = Schedule()
        for dr_event in self.book.dr_events(VEN, NOW):  # type: ignore[arg-type]
            self.schedule, _ = self.schedule.offer(dr_event, EventOrigin.OPENADR, VEN, NOW)  # type: ignore[arg-type]
        self.opt_out: OptOut | None = None
        self.lived = Meter()
        self.before = self.at(NOW)
        self.reports: list[DueReport] = []

    def at(self, ts: float) -> HouseInstant:
        """The house at a time."""
        acting = "e1" if NOW + 10 <= ts < NOW + 210 else None
        return HouseInstant(ts, self.lived, acting, 0.5, 1.25, self.schedule, self.opt_out)  # type: ignore[arg-type]

    def live(self, until_s: float, step_s: float = 7.0, *, measures: bool = True) -> None:
        """Let ticks go by; where nobody measures, the meter stands still."""
        ts = self.before.now_ts
        while ts < NOW + until_s:
            step = min(step_s, NOW + until_s - ts)
            ts += step
            if measures:
                self.lived = self.lived.count({"a": 2.0, "b": 1.0}, 4.0, step)
            now = self.at(ts)
            self.book = self.reporter.measured(self.book, self.before, now)
            self.before = now
            self.book, due = self.reporter.due(self.book, now)
            self.reports += due

    def restart(self) -> None:
        """Begin anew, with the book as it was written."""
        self.book = msgspec.json.decode(msgspec.json.encode(self.book), type=BookOfEvents)
        self.reporter, self.lived = VtnReporter(VEN), Meter()  # type: ignore[arg-type]
        self.before = self.at(self.before.now_ts)

    def values(self, kind: str) -> list[Any]:
        """The values of a payload, interval by interval, of the one report that has it."""
        (report,) = [one for one in self.reports if one.name.startswith(f"{kind}-")]
        (resource,) = report.request.resources
        payloads = [{each.type: each.values for each in one.payloads} for one in resource.intervals]
        return [of_interval.get(kind, (None,))[0] for of_interval in payloads]


KINDS = {
    "USAGE": 3 * 100 / 3600,
    "DEMAND": 3.0,
    "BASELINE": 4.0,
    "DELTA_USAGE": -100 / 3600,
    "OPERATING_STATE": "RUNNING_CURTAILED",
    "STORAGE_CHARGE_LEVEL": 50.0,
    "LOAD_SHED_DELTA_AVAILABLE": 1.25,
    "DATA_QUALITY": "OK",
}


def test_each_payload_has_its_value_for_each_interval() -> None:
    """Ticks that lie across an interval's end are shared out; ids are the event's."""
    house = House(*KINDS, "SOMETHING_ELSE")
    house.live(209)
    assert house.reports == []
    house.live(300)
    assert len(house.reports) == len(KINDS)
    for kind, value in KINDS.items():
        assert house.values(kind) == [pytest.approx(value, abs=1e-4)] * 2
    intervals = house.reports[0].request.resources[0].intervals
    assert [each.id for each in intervals] == [5, 6]
    assert intervals[1].interval_period.start == date_time_text(NOW + 110)  # type: ignore[union-attr]
    assert intervals[1].interval_period.duration == "PT100S"  # type: ignore[union-attr]


def test_a_report_is_due_once() -> None:
    """Also over a restart after it was booked."""
    house = House("USAGE")
    house.live(220)
    house.restart()
    house.live(400)
    assert len(house.reports) == 1


def test_an_event_that_is_extended_after_its_report_is_reported_once_more() -> None:
    """The second report has every interval, the new one too; a restart or another poll asks for no third."""
    house = House("USAGE")
    house.live(230)
    assert [one.name for one in house.reports] == ["USAGE-0-0"]
    longer = [{"id": n, "payloads": [{"type": "SIMPLE", "values": [1]}]} for n in (5, 6, 7)]
    for until_s in (400, 500):
        house.book = house.book.polled(
            [event("USAGE", intervals=longer)],
            {},
            frozenset(),
            VEN,  # type: ignore[arg-type]
            house.before.now_ts,
        )
        house.restart()
        house.live(until_s)
    first, second = house.reports
    assert second.name == f"USAGE-0-0-{NOW + 310:.0f}"
    assert second.request.report_name == second.name != first.request.report_name
    (resource,) = second.request.resources
    assert [interval.id for interval in resource.intervals] == [5, 6, 7]


def test_a_time_that_was_not_measured_is_estimated_or_missing() -> None:
    """Energy is scaled up to the whole interval; of one without any measure nothing is said."""
    house = House("USAGE")
    house.live(60)
    house.restart()
    house.live(210, measures=False)
    first, second = house.reports[0].request.resources[0].intervals
    assert {each.type: each.values for each in first.payloads} == {
        "USAGE": (pytest.approx(3 * 100 / 3600, abs=1e-4),),
        "DATA_QUALITY": ("ESTIMATED",),
    }
    assert {each.type: each.values for each in second.payloads} == {"DATA_QUALITY": ("MISSING",)}


def test_what_an_earlier_run_measured_counts() -> None:
    """Half before the restart and half after it is the whole."""
    house = House("USAGE", "DATA_QUALITY")
    house.live(60)
    house.restart()
    house.live(210)
    assert house.values("USAGE") == [pytest.approx(3 * 100 / 3600, abs=1e-4)] * 2
    assert house.values("DATA_QUALITY") == ["OK", "OK"]


def test_an_opt_out_is_due_at_once_and_its_end_too() -> None:
    """Of an event that is still to come; an opt-out that ends before it says nothing of it."""
    house = House()
    house.opt_out = OptOut(reason="guests", until_ts=int(NOW) + 5)
    house.live(1, 1.0)
    assert house.reports == []
    house.opt_out = OptOut(reason="guests")
    house.live(3, 1.0)
    house.opt_out = None
    house.live(5, 1.0)
    states = [one.request.resources[0].intervals[0].payloads[0].values for one in house.reports]
    assert states == [("RUNNING_OPTED_OUT",), ("RUNNING_NORMAL",)]
    assert len({one.name for one in house.reports}) == 2


def test_an_event_that_was_left_is_reported_as_left() -> None:
    """Its reports say so at its end."""
    house = House("OPERATING_STATE")
    house.live(50)
    house.schedule = house.schedule.end(["e1"], Phase.OPTED_OUT, NOW + 50)  # type: ignore[list-item]
    house.live(51, 1.0)
    assert [one.name for one in house.reports] == ["participation-0"]
    house.live(220)
    assert house.values("OPERATING_STATE") == ["RUNNING_OPTED_OUT"] * 2


def test_an_event_that_is_gone_has_no_reports() -> None:
    """The VTN would not take them."""
    house = House("USAGE")
    house.live(50)
    house.book = house.book.polled([], {}, frozenset({"e1"}), VEN, NOW + 50)  # type: ignore[arg-type]
    house.live(300)
    assert house.reports == []


def test_circuits_are_reported_each() -> None:
    """Of what there is by circuit; the rest is of the whole house."""
    house = House("USAGE", "BASELINE", circuits=("a", "b"))
    house.live(300)
    usage, baseline = (one.request.resources for one in house.reports)
    energies = {one.resource_name: one.intervals[0].payloads[0].values[0] for one in usage}
    assert energies == {"a": pytest.approx(200 / 3600, abs=1e-4), "b": pytest.approx(100 / 3600, abs=1e-4)}
    assert [one.resource_name for one in baseline] == ["AGGREGATED_REPORT"]
    descriptor = [{"payloadType": "USAGE", "aggregate": True}]
    house = House(circuits=("a", "b"), reportDescriptors=descriptor)
    house.live(300)
    assert [one.resource_name for one in house.reports[0].request.resources] == ["AGGREGATED_REPORT"]


def test_an_event_that_was_over_before_it_was_read_is_not_reported() -> None:
    """Nothing of it was measured."""
    period = {"start": date_time_text(NOW - 1000), "duration": "PT100S"}
    house = House("USAGE", intervalPeriod=period)
    house.live(100)
    assert house.reports == []


@pytest.mark.parametrize(
    ("targets", "resources"),
    [
        (None, ["a", "b"]),
        (["zone-1"], ["a", "b"]),
        (["roof"], ["b"]),
        (["a", "elsewhere"], ["a"]),
        (["elsewhere"], None),
    ],
)
def test_a_descriptors_targets_choose_resources(
    targets: list[str] | None, resources: list[str] | None
) -> None:
    """By the VEN's own targets, or a resource's name or targets; another VEN's report is none of ours."""
    house = House(circuits=("a", "b"), reportDescriptors=[{"payloadType": "USAGE", "targets": targets}])
    house.reporter.targeted(["zone-1"], {"a": [], "b": ["roof"]})
    house.live(300)
    names = [[one.resource_name for one in report.request.resources] for report in house.reports]
    assert names == ([] if resources is None else [resources])
