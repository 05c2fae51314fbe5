"""The reports that a descriptor asks for: which intervals, when, how often."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contracts.openadr.objects import OadrEvent
from contracts.openadr.report_plan import report_jobs
from contracts.openadr.times import date_time_text

NOW = 1_800_000_000.0


def event(count: int, *descriptors: dict[str, Any], **fields: Any) -> OadrEvent:
    """An event of so many intervals of a minute."""
    intervals = [{"id": n, "payloads": []} for n in range(count)]
    body = {
        "objectType": "EVENT",
        "id": "e1",
        "programID": "p",
        "createdDateTime": date_time_text(NOW),
        "modificationDateTime": date_time_text(NOW),
        "intervalPeriod": {"start": "0001-01-01", "duration": "PT1M"},
        "intervals": intervals,
        "reportDescriptors": [{"payloadType": "USAGE", **descriptor} for descriptor in descriptors],
        **fields,
    }
    return msgspec.convert(body, OadrEvent)


def plan(count: int, **descriptor: Any) -> list[tuple[list[int], float]]:
    """The intervals of each report and when it is due, min after the start."""
    return [
        ([span.interval_id for span in job.spans], (job.due_ts - NOW) / 60)
        for job in report_jobs(event(count, descriptor), NOW)
    ]


@pytest.mark.parametrize(
    ("descriptor", "reports"),
    [
        ({}, [([0, 1, 2, 3], 4)]),
        ({"numIntervals": 2}, [([2, 3], 4)]),
        ({"startInterval": 1, "numIntervals": 2}, [([1, 2], 3)]),
        ({"startInterval": 0, "numIntervals": 1, "repeat": -1}, [([0], 1), ([1], 2), ([2], 3), ([3], 4)]),
        ({"numIntervals": 1, "repeat": 2}, [([0], 1), ([1], 2)]),
        ({"startInterval": 0, "numIntervals": 3, "repeat": -1}, [([0, 1, 2], 3), ([3], 4)]),
        ({"startInterval": 0, "numIntervals": 1, "frequency": 3, "repeat": -1}, [([0], 1), ([3], 4)]),
        ({"startInterval": 9}, []),
        ({"historical": False}, []),
        ({"frequency": 0, "repeat": 1}, [([0, 1, 2, 3], 4)]),
        ({"numIntervals": 99}, [([0, 1, 2, 3], 4)]),
    ],
)
def test_a_descriptor_has_its_reports(descriptor: dict[str, Any], reports: list[Any]) -> None:
    """Each is due when the last of its intervals is over."""
    assert plan(4, **descriptor) == reports


def test_each_report_has_a_name_of_its_own() -> None:
    """Also where two descriptors ask for the same."""
    jobs = report_jobs(event(3, {"numIntervals": 1, "repeat": -1}, {}, {}), NOW)
    assert len({job.name for job in jobs}) == len(jobs) == 5


def test_an_event_without_intervals_is_one_interval() -> None:
    """It asks for reports alone; one without an end asks for none that would ever be due."""
    (job,) = report_jobs(event(0, {}), NOW)
    assert [(span.interval_id, span.end_ts - span.start_ts) for span in job.spans] == [(0, 60)]
    for_ever = {"start": "0001-01-01", "duration": "P9999Y"}
    assert report_jobs(event(0, {}, intervalPeriod=for_ever), NOW) == ()


def test_a_random_start_moves_reports_with_the_event() -> None:
    """What is reported is what this VEN did in its own intervals."""
    (job,) = report_jobs(event(1, {}), NOW, 7.0)
    assert (job.spans[0].start_ts, job.due_ts) == (NOW + 7, NOW + 67)


def test_an_event_without_a_place_in_time_has_no_reports() -> None:
    """There is nothing that could be measured."""
    assert report_jobs(event(1, {}, intervalPeriod={"duration": "PT1M"}), NOW) == ()
