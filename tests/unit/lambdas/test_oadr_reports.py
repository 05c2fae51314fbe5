"""Reports of the stage's own VENs on events of the VTN: what stands in them, out of their telemetry."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.openadr.ids import STAGE_CLIENT
from contracts.openadr.times import date_time_text
from contracts.store.keys import Key, ven_sort_key
from contracts.wire.ids import VenId
from tests.support.joined_vtn import HOUR, SHED, START, Joined, terms
from tests.support.stage_reports import DELAY_S, END, asking_for, dispatched, drew, of_ven, over, payloads

EVERY = (
    "USAGE",
    "DEMAND",
    "BASELINE",
    "DELTA_USAGE",
    "OPERATING_STATE",
    "STORAGE_CHARGE_LEVEL",
    "LOAD_SHED_DELTA_AVAILABLE",
    "DATA_QUALITY",
)


def test_each_ven_of_an_event_is_reported_on_when_its_telemetry_is_in(joined: Joined) -> None:
    """One report a VEN, with the event's interval, found by the event; none before."""
    event_id = dispatched(joined)
    drew(joined, 1.0)
    drew(joined, 2.5, ven_id="house-2")
    assert over(joined, DELAY_S - 1) == []
    reports = over(joined)
    assert [report["clientName"] for report in joined.utility.get("/reports", eventID=event_id).json] == [
        report["clientName"] for report in reports
    ]
    report = of_ven(reports)
    assert (report["eventID"], report["clientID"]) == (event_id, STAGE_CLIENT)
    assert report["payloadDescriptors"] == [
        {
            "objectType": "REPORT_PAYLOAD_DESCRIPTOR",
            "payloadType": "USAGE",
            "readingType": "DIRECT_READ",
            "units": "KWH",
        }
    ]
    assert report["resources"] == [
        {
            "resourceName": "meter",
            "intervals": [
                {
                    "id": 0,
                    "intervalPeriod": {"start": date_time_text(START), "duration": "PT3600S"},
                    "payloads": [{"type": "USAGE", "values": [1.0]}],
                }
            ],
        }
    ]
    assert payloads(of_ven(reports, "house-2")) == {"USAGE": 2.5}


def test_a_report_has_all_payloads_that_are_asked_for(joined: Joined) -> None:
    """Several descriptors are one report, and what this stage knows nothing of is left out."""
    event_id = dispatched(joined, *EVERY, "TEMPERATURE")
    drew(joined, eventId=event_id, batterySoc=0.5)
    assert payloads(of_ven(over(joined))) == {
        "USAGE": 1.0,
        "DEMAND": 1.0,
        "BASELINE": 3.0,
        "DELTA_USAGE": -2.0,
        "OPERATING_STATE": "RUNNING_CURTAILED",
        "STORAGE_CHARGE_LEVEL": 50.0,
        "LOAD_SHED_DELTA_AVAILABLE": 5.0,
        "DATA_QUALITY": "OK",
    }


def test_what_is_not_known_is_not_reported(joined: Joined) -> None:
    """A VEN without a battery has no charge; one that is offline offers nothing."""
    dispatched(joined, "STORAGE_CHARGE_LEVEL", "LOAD_SHED_DELTA_AVAILABLE")
    joined.world.vens.update(Key("house-1"), {"online": False})
    drew(joined)
    assert payloads(of_ven(over(joined))) == {}


def test_intervals_are_the_events(joined: Joined) -> None:
    """Each under its id, at its time, with what was drawn in it; the offer in the last alone."""
    period = {"start": date_time_text(START), "duration": "PT30M"}
    dispatched(
        joined,
        "USAGE",
        "LOAD_SHED_DELTA_AVAILABLE",
        intervalPeriod=period,
        intervals=terms(SHED, -1.0, -2.0)["intervals"],
    )
    drew(joined, 2.0, to_ts=START + 1800)
    drew(joined, 1.0, from_ts=START + 1800)
    report = of_ven(over(joined))
    intervals = report["resources"][0]["intervals"]
    assert [(each["id"], each["intervalPeriod"]["start"]) for each in intervals] == [
        (0, date_time_text(START)),
        (1, date_time_text(START + 1800)),
    ]
    assert payloads(report) == {"USAGE": 1.0}
    assert payloads(report, 1) == {"USAGE": 0.5, "LOAD_SHED_DELTA_AVAILABLE": 5.0}


@pytest.mark.parametrize(
    ("descriptor", "ids"),
    [
        ({"numIntervals": 1}, [2]),
        ({"startInterval": 0, "numIntervals": 2}, [0, 1]),
        ({"startInterval": 0, "numIntervals": 1, "repeat": -1}, [0, 1, 2]),
    ],
)
def test_a_descriptor_says_which_intervals(
    joined: Joined, descriptor: dict[str, Any], ids: list[int]
) -> None:
    """As of every VEN; what is asked for again and again is in one report, once the event is over."""
    period = {"start": date_time_text(START), "duration": "PT20M"}
    dispatched(
        joined,
        intervalPeriod=period,
        intervals=terms(SHED, -1.0, -2.0, -1.0)["intervals"],
        **asking_for("USAGE", **descriptor),
    )
    intervals = of_ven(over(joined))["resources"][0]["intervals"]
    assert [each["id"] for each in intervals] == ids


@pytest.mark.parametrize(
    ("targets", "vens"),
    [
        (["house-2"], ["house-2"]),
        (["west"], ["house-1"]),
        (["nobody"], []),
        (None, ["house-1", "house-2"]),
    ],
)
def test_a_descriptors_targets_are_vens_and_groups(
    joined: Joined, targets: list[str] | None, vens: list[str]
) -> None:
    """Whoever is not asked is not reported on."""
    joined.world.set_group("west", "house-1")
    dispatched(joined, **asking_for("USAGE", targets=targets))
    assert sorted(report["clientName"] for report in over(joined)) == vens


def test_a_randomised_start_is_each_vens_own(joined: Joined) -> None:
    """The interval is where the VEN has it, and nothing is filed before the last of them is over."""
    period = HOUR | {"randomizeStart": "PT10M"}
    event_id = dispatched(joined, intervalPeriod=period)
    header = joined.dr_event(event_id)
    late_s = header.over_ts - END
    assert late_s > 0
    assert over(joined, late_s + DELAY_S - 1) == []
    for report in over(joined, late_s + DELAY_S):
        start_ts = START + header.start_offset_s(report["clientName"])
        period = report["resources"][0]["intervals"][0]["intervalPeriod"]
        assert period["start"] == date_time_text(start_ts)


@pytest.mark.parametrize(
    ("covered_s", "expected"),
    [
        (3600, {"USAGE": 1.0, "DEMAND": 1.0}),
        (1800, {"USAGE": 1.0, "DEMAND": 1.0, "DATA_QUALITY": "ESTIMATED"}),
        (0, {"DATA_QUALITY": "MISSING"}),
    ],
)
def test_what_was_not_measured_is_told(joined: Joined, covered_s: float, expected: dict[str, Any]) -> None:
    """Energy is scaled up to the whole interval, and said to be; without any row there is none."""
    dispatched(joined, "USAGE", "DEMAND")
    drew(joined, to_ts=START + covered_s)
    assert list(payloads(of_ven(over(joined))).items()) == list(expected.items())


def test_a_ven_that_does_nothing_runs_as_ever(joined: Joined) -> None:
    """No row of it is marked with the event."""
    dispatched(joined, "OPERATING_STATE")
    drew(joined)
    assert payloads(of_ven(over(joined))) == {"OPERATING_STATE": "RUNNING_NORMAL"}


def test_more_load_is_told(joined: Joined) -> None:
    """An event may ask for more."""
    for ven_id in ("house-1", "house-2"):
        joined.world.vens.update(Key(ven_id), {"loadUpAvailabilityKw": 5.0})
    event_id = dispatched(joined, "OPERATING_STATE", intervals=terms(SHED, 2.0)["intervals"])
    drew(joined, eventId=event_id)
    assert payloads(of_ven(over(joined))) == {"OPERATING_STATE": "RUNNING_HEIGHTENED"}


@pytest.mark.parametrize("ack", [{"ts": START + 1900, "receivedTs": START + 1900}, {"ts": "soon"}])
def test_a_ven_that_left_is_told(joined: Joined, ack: dict[str, Any]) -> None:
    """From the interval on in which it opted out; from the first, where nobody knows when."""
    period = {"start": date_time_text(START), "duration": "PT30M"}
    intervals = terms(SHED, -1.0, -2.0)["intervals"]
    event_id = dispatched(joined, "OPERATING_STATE", intervalPeriod=period, intervals=intervals)
    drew(joined, eventId=event_id, to_ts=START + 1860)
    drew(joined, from_ts=START + 1860)
    joined.world.events.update(
        Key(event_id, ven_sort_key(VenId("house-1"))), {"venId": "house-1", "optedOut": ack}
    )
    report = of_ven(over(joined))
    first = "RUNNING_OPTED_OUT" if ack["ts"] == "soon" else "RUNNING_CURTAILED"
    assert [payloads(report, place)["OPERATING_STATE"] for place in (0, 1)] == [first, "RUNNING_OPTED_OUT"]
