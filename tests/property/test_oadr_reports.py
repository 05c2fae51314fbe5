"""Reports of a VEN, over every course of ticks, polls, kills and opt-outs: each once, and no energy lost."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.openadr.objects import OadrEvent, OadrReportRequest
from contracts.openadr.times import date_time_text
from ven_twin.control.event_history import Meter
from ven_twin.control.schedule import EventOrigin, Schedule
from ven_twin.ven.openadr.book import BookOfEvents
from ven_twin.ven.openadr.reporting import HouseInstant, VtnReporter
from ven_twin.ven.openadr.store import VtnStore

NOW = 1_800_000_000.0
VEN: Any = "ven-1"
LINK = "https://vtn.example.org house-1"
STEPS = st.lists(
    st.tuples(st.sampled_from(["tick", "poll", "file", "lose", "kill"]), st.integers(1, 60)), max_size=80
)


def event(kinds: list[str]) -> OadrEvent:
    """An event of four intervals of a minute that asks for a report of each."""
    descriptors = [
        {"payloadType": kind, "startInterval": 0, "numIntervals": 1, "repeat": -1} for kind in kinds
    ]
    body = {
        "objectType": "EVENT",
        "id": "e1",
        "programID": "p",
        "createdDateTime": date_time_text(NOW),
        "modificationDateTime": date_time_text(NOW),
        "intervalPeriod": {"start": date_time_text(NOW + 30), "duration": "PT1M"},
        "intervals": [{"id": n, "payloads": [{"type": "SIMPLE", "values": [1]}]} for n in range(4)],
        "reportDescriptors": descriptors,
    }
    return msgspec.convert(body, OadrEvent)


class Life:
    """A VEN that draws 6 kW all the time, with its file; what the VTN has of its reports."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ts = folder, NOW
        self.filed: list[tuple[str, str]] = []
        self.bodies: list[OadrReportRequest] = []
        self.start()
        self.poll()

    def start(self) -> None:
        """Start with what is on the disk."""
        self.store = VtnStore(self.folder)
        self.book = self.store.book(LINK) or BookOfEvents(link=LINK)
        self.reporter, self.lived = VtnReporter(VEN), Meter()
        self.before = self.instant()

    def instant(self) -> HouseInstant:
        """The VEN now."""
        schedule = Schedule()
        for dr_event in self.book.dr_events(VEN, self.ts):
            schedule, _ = schedule.offer(dr_event, EventOrigin.OPENADR, VEN, self.ts)
        return HouseInstant(self.ts, self.lived, None, None, 0.0, schedule, None)

    def poll(self) -> None:
        """The VTN lists the event for as long as it is not over."""
        listed = [event(["USAGE", "DATA_QUALITY"])] if self.ts < NOW + 270 else []
        self.book = self.book.polled(listed, {}, frozenset(), VEN, self.ts)
        assert self.store.put(self.book, (), self.ts)

    def tick(self, seconds: int) -> None:
        """Live on for a while, saving what was measured each time."""
        self.ts += seconds
        self.lived = self.lived.count({"a": 6.0}, 6.0, float(seconds))
        now = self.instant()
        self.book = self.reporter.measured(self.book, self.before, now)
        self.before = now
        self.book, reports = self.reporter.due(self.book, now)
        assert self.store.put(self.book, reports, self.ts)

    def file(self, *, loses: bool) -> None:
        """File what waits, as the bridge does; an answer may be lost."""
        row = self.store.first(self.ts)
        if row is None:
            return
        key = (row.event_id, row.name)
        if not (row.sent and key in self.filed):
            self.store.sending(row)
            self.filed.append(key)
            self.bodies.append(msgspec.json.decode(row.body, type=OadrReportRequest))
        if not loses:
            self.store.done(row)

    def kill(self, seconds: int) -> None:
        """End, and start again after a while."""
        self.store.close()
        self.ts += seconds
        self.start()


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_each_report_is_filed_once_over_every_course(steps: list[tuple[str, int]]) -> None:
    """However often it is killed, and its answers are lost: eight reports, each with its interval."""
    with tempfile.TemporaryDirectory() as folder:
        life = Life(Path(folder))
        for step, seconds in steps:
            if step == "tick":
                life.tick(seconds)
            elif step == "poll":
                life.poll()
            elif step == "kill":
                life.kill(seconds)
            else:
                life.file(loses=step == "lose")
        life.tick(60)
        life.tick(300)
        while life.store.count():
            life.file(loses=False)
        life.store.close()
    assert len(life.filed) == len(set(life.filed)) == 8
    usage = [body for body in life.bodies if str(body.report_name).startswith("USAGE")]
    for body in usage:
        (interval,) = body.resources[0].intervals
        for payload in interval.payloads:
            if payload.type == "USAGE":
                assert payload.values == (pytest.approx(0.1, abs=1e-4),)


@settings(max_examples=60, deadline=None)
@given(ticks=st.lists(st.integers(1, 45), min_size=1, max_size=400))
def test_the_energy_of_intervals_is_that_of_the_meter(ticks: list[int]) -> None:
    """However ticks lie across the edges, intervals have together what was drawn in the event's time."""
    with tempfile.TemporaryDirectory() as folder:
        life = Life(Path(folder))
        for seconds in ticks:
            life.tick(seconds)
        readings = life.book.events["e1"].readings.values()  # type: ignore[index]
        life.store.close()
    lived_s = max(0.0, min(life.ts, NOW + 270) - (NOW + 30))
    assert sum(reading.seconds for reading in readings) == pytest.approx(lived_s)
    assert sum(reading.used_kwh for reading in readings) == pytest.approx(6.0 * lived_s / 3600)
