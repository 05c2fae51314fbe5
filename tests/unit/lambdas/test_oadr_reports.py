"""Reports of the stage's own VENs on events of the VTN, which the stage files out of their telemetry."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from contracts.openadr.ids import STAGE_CLIENT, ClientId, ObjectId
from contracts.openadr.oadr_vens import oadr_ven_id
from contracts.openadr.objects import OadrObject, ObjectType
from contracts.openadr.times import date_time_text
from contracts.store.keys import Key, telemetry_row_id, ven_sort_key
from contracts.store.oadr_events import oadr_event_key
from contracts.store.vtn_changes import VtnChange
from contracts.store.vtn_keys import client_key, owned_key, shared_key
from contracts.wire import codec
from contracts.wire.ids import VenId
from lambdas.dispatch_event.handler import handler as dispatch
from lambdas.shared import settings, vtn_rows
from lambdas.shared.vtn_book import VtnBook
from lambdas.shared.vtn_rows import StoredObject
from lambdas.vtn_dispatch import reporting
from lambdas.vtn_dispatch.adapters import open_adapters
from lambdas.vtn_dispatch.reporting import Reporting
from lambdas.vtn_dispatch.settings import VtnDispatchSettings
from tests.support.joined_vtn import HOUR, SHED, START, Joined, joined_world, terms, waiting
from ven_twin.testing.function_world import Context, World

END = START + 3600
DELAY_S = 120
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


@pytest.fixture
def joined(world: World, monkeypatch: pytest.MonkeyPatch) -> Joined:
    """Two VENs of the stage of 5 kW each, and a VTN."""
    return joined_world(world, monkeypatch)


def asking(*kinds: str, **descriptor: Any) -> dict[str, Any]:
    """The field of an event that asks for these payloads."""
    return {"reportDescriptors": [{"payloadType": kind, **descriptor} for kind in kinds]}


def dispatched(joined: Joined, *kinds: str, **more: Any) -> ObjectId:
    """An event of an hour that asks for reports, and is dispatched."""
    event_id = joined.event(**(terms(SHED, -2.0) | asking(*(kinds or ("USAGE",))) | more))
    joined.done()
    return event_id


def drew(
    joined: Joined,
    kw: float = 1.0,
    *,
    ven_id: str = "house-1",
    from_ts: float = START,
    to_ts: float = END,
    **more: Any,
) -> None:
    """Write a VEN's telemetry of each minute: it draws *kw* where it would have drawn 3 kW."""
    joined.world.add_telemetry(
        {
            "venId": ven_id,
            "rowId": telemetry_row_id(end_s, "b1", end_s // 60),
            "timestamp": end_s,
            "bootId": "b1",
            "seq": end_s // 60,
            "usedPowerKw": kw,
            "baselinePowerKw": 3.0,
            "measuredS": 60.0,
            **more,
        }
        for end_s in range(int(from_ts) + 60, int(to_ts) + 1, 60)
    )


def over(joined: Joined, after_s: float = DELAY_S) -> list[dict[str, Any]]:
    """Sweep so long after the event's end; returns the reports that the business logic finds."""
    joined.world.now = END + after_s
    joined.sweep()
    return filed(joined)


def filed(joined: Joined) -> list[dict[str, Any]]:
    """All reports."""
    reports: list[dict[str, Any]] = joined.utility.get("/reports").json
    return reports


def of_ven(reports: list[dict[str, Any]], ven_id: str = "house-1") -> dict[str, Any]:
    """A VEN's only report."""
    (report,) = [report for report in reports if report["clientName"] == ven_id]
    return report


def payloads(report: dict[str, Any], number: int = 0) -> dict[str, Any]:
    """The values of an interval of a report by their types."""
    (resource,) = report["resources"]
    return {each["type"]: each["values"][0] for each in resource["intervals"][number]["payloads"]}


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
        **asking("USAGE", **descriptor),
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
    dispatched(joined, **asking("USAGE", targets=targets))
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


def test_reports_are_filed_once(joined: Joined) -> None:
    """What comes late changes none of them, and another sweep does not look at the telemetry again."""
    event_id = dispatched(joined)
    drew(joined, to_ts=START + 1800)
    reports = over(joined)
    drew(joined, 5.0)
    assert over(joined, DELAY_S + 300) == reports
    assert joined.row(event_id).may_be_reported is False


def test_a_note_that_is_lost_files_nothing_again(joined: Joined, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report's id follows from what it is of: one that is there stays as it is, unread."""

    def read_again(*_: Any, **__: Any) -> None:
        raise RuntimeError("telemetry is read")

    event_id = dispatched(joined)
    drew(joined, to_ts=START + 1800)
    reports = over(joined)
    joined.world.events.update(oadr_event_key(event_id), {"reportedTag": None})
    drew(joined, 5.0)
    monkeypatch.setattr(reporting, "ven_trace", read_again)
    assert over(joined, DELAY_S + 300) == reports
    assert joined.row(event_id).may_be_reported is False


def test_a_sweep_that_runs_out_of_time_is_gone_on_with(
    joined: Joined, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large fleet takes several sweeps; each VEN has its report in the end, and telemetry is read once."""
    joined.world.add_ven("house-3")
    event_id = dispatched(joined)
    for ven_id in ("house-1", "house-2", "house-3"):
        drew(joined, ven_id=ven_id)
    monkeypatch.setattr(reporting, "AT_ONCE", 1)
    adapters = open_adapters(settings.read(VtnDispatchSettings))
    for vens in (["house-1"], ["house-1", "house-2"], ["house-1", "house-2", "house-3"]):
        looks = count()
        Reporting(adapters, END + DELAY_S, lambda looks=looks: next(looks) < 2).sweep()  # type: ignore[misc]
        assert sorted(report["clientName"] for report in filed(joined)) == vens
    Reporting(adapters, END + DELAY_S, lambda: True).sweep()
    assert joined.row(event_id).may_be_reported is False
    assert len(filed(joined)) == 3


def test_a_ven_whose_rows_cannot_be_read_spoils_no_other_report(joined: Joined) -> None:
    """It alone has none."""
    dispatched(joined)
    drew(joined, ven_id="house-1", usedPowerKw="much")
    drew(joined, ven_id="house-2")
    assert [report["clientName"] for report in over(joined)] == ["house-2"]


def test_a_report_that_is_too_large_is_left_out(joined: Joined, monkeypatch: pytest.MonkeyPatch) -> None:
    """No item holds it, however often it is tried: the log says so, and the next sweep does not."""
    event_id = dispatched(joined)
    monkeypatch.setattr(vtn_rows, "STORED_MAX_BYTES", 100)
    assert over(joined) == []
    assert joined.row(event_id).may_be_reported is False


@pytest.mark.parametrize("most_bytes", [1, 10_000])
def test_of_two_sweeps_at_once_one_files(
    joined: Joined, monkeypatch: pytest.MonkeyPatch, most_bytes: int
) -> None:
    """Whoever comes later finds the report written, changes nothing, and tells nobody of it."""
    monkeypatch.setattr(reporting, "TOGETHER_BYTES", most_bytes)
    event_id = dispatched(joined)
    drew(joined)
    reports = over(joined)
    assert len(reports) == 2
    joined.world.events.update(oadr_event_key(event_id), {"reportedTag": None})
    drew(joined, 5.0)
    waiting("CHANGES_QUEUE")
    adapters = open_adapters(settings.read(VtnDispatchSettings))
    blind = replace(adapters, vtn=_BlindBook(adapters.vtn.table))
    Reporting(blind, END + DELAY_S, lambda: True).sweep()
    assert filed(joined) == reports
    assert waiting("CHANGES_QUEUE") == []


class _BlindBook(VtnBook):
    """The VTN's objects as they were before another sweep had filed any report."""

    def find(
        self, object_type: ObjectType, object_id: ObjectId, *, of_client: ClientId | None = None
    ) -> StoredObject[OadrObject] | None:
        """The object, unless it is a report."""
        return None if object_type == "REPORT" else super().find(object_type, object_id, of_client=of_client)


def a_client_of_its_own(joined: Joined, name: str = "house-1") -> str:
    """The id of a VEN of that name at the VTN."""
    client = joined.vtn.ven(f"client-{name}")
    return str(client.made("/vens", objectType="VEN_VEN_REQUEST", venName=name)["id"])


def test_a_ven_that_is_a_client_too_reports_itself(joined: Joined) -> None:
    """The stage files nothing in its place."""
    a_client_of_its_own(joined)
    dispatched(joined)
    assert [report["clientName"] for report in over(joined)] == ["house-2"]


@pytest.mark.parametrize("hidden", ["total", "targets", "disabled"])
def test_an_event_that_a_client_cannot_see_is_reported_on_for_it(joined: Joined, hidden: str) -> None:
    """A fleet's total, another's target: no VEN can report on what it does not see."""
    a_client_of_its_own(joined)
    if hidden == "total":
        program = joined.program(ALLOCATION="proportional")
        joined.event(program, **terms(SHED, -4.0), **asking("USAGE"))
        joined.done()
    elif hidden == "targets":
        dispatched(joined, targets=["house-1", "house-2"])
    else:
        joined.vtn.table.update(client_key(ClientId("client-house-1")), {"disabled": True})
        dispatched(joined)
    assert sorted(report["clientName"] for report in over(joined)) == ["house-1", "house-2"]


def test_a_ven_of_openadr_is_not_reported_on(joined: Joined) -> None:
    """It is in the plan and has telemetry here, and reports by itself."""
    object_id = ObjectId(a_client_of_its_own(joined, "somebody's"))
    joined.world.add_ven(oadr_ven_id(object_id))
    dispatched(joined)
    assert sorted(report["clientName"] for report in over(joined)) == ["house-1", "house-2"]


def _without_descriptors(joined: Joined) -> None:
    joined.event(**terms(SHED, -2.0))
    joined.done()


def _of_other_payloads(joined: Joined) -> None:
    dispatched(joined, "TEMPERATURE")


def _of_what_is_to_come(joined: Joined) -> None:
    dispatched(joined, **asking("USAGE", historical=False))


def _not_acted_on(joined: Joined) -> None:
    dispatched(joined, intervals=terms("PRICE", 0.2)["intervals"])


def _withdrawn(joined: Joined) -> None:
    event_id = dispatched(joined)
    joined.utility.delete(f"/events/{event_id}")
    joined.done()


def _cancelled_here(joined: Joined) -> None:
    event_id = dispatched(joined)
    joined.world.now = START + 600
    dispatch({"action": "cancel", "eventId": event_id}, Context())


def _for_ever(joined: Joined) -> None:
    dispatched(joined, duration="P9999Y")


def _not_acted_on_any_more(joined: Joined) -> None:
    """Moved to another time, with a payload that nobody acts on, once it was over."""
    event_id = dispatched(joined, intervalPeriod={"start": date_time_text(START - 3000), "duration": "PT10M"})
    joined.world.now = START - 2300
    joined.change(event_id, **terms("PRICE", 0.2), **asking("USAGE"))
    joined.done()


@pytest.mark.parametrize(
    "case",
    [
        _without_descriptors,
        _of_other_payloads,
        _of_what_is_to_come,
        _not_acted_on,
        _withdrawn,
        _cancelled_here,
        _for_ever,
        _not_acted_on_any_more,
    ],
)
def test_no_other_event_is_reported_on(joined: Joined, case: Any) -> None:
    """Nobody asks, or nobody of the stage has done anything."""
    case(joined)
    assert over(joined) == []


def test_an_event_that_is_gone_is_looked_at_no_more(joined: Joined) -> None:
    """Its row stays for weeks, and costs no sweep a read."""
    event_id = dispatched(joined)
    joined.utility.delete(f"/events/{event_id}")
    joined.done()
    assert joined.row(event_id).may_be_reported is False


def test_an_event_long_over_is_reported_on_no_more(joined: Joined) -> None:
    """Whoever has waited for more than a day reads what is settled."""
    event_id = dispatched(joined)
    assert over(joined, 26 * 3600) == []
    assert joined.row(event_id).may_be_reported is False


def test_a_change_after_the_end_takes_no_report_away(joined: Joined) -> None:
    """A program that gets another name has its events looked at again: what they were stays."""
    event_id = dispatched(joined)
    program_id = joined.utility.get(f"/events/{event_id}").json["programID"]
    joined.world.now = END + 10
    answer = joined.utility.put(f"/programs/{program_id}", programName="renamed")
    assert answer.status == 200
    joined.done()
    reports = over(joined)
    assert len(reports) == 2
    joined.utility.put(f"/programs/{program_id}", programName="again")
    joined.done()
    assert joined.row(event_id).may_be_reported is True
    assert over(joined, DELAY_S + 300) == reports


def test_an_event_that_comes_back_is_reported_on_again(joined: Joined) -> None:
    """It is another DR event, and its reports are others."""
    early = {"start": date_time_text(START - 3000), "duration": "PT10M"}
    event_id = dispatched(joined, intervalPeriod=early)
    joined.world.now = START - 2200
    joined.sweep()
    assert len(filed(joined)) == 2
    joined.change(event_id, **terms(SHED, -2.0), **asking("USAGE"))
    joined.done()
    assert len(over(joined)) == 4


@pytest.fixture
def vens_report(joined: Joined) -> dict[str, Any]:
    """A report that the stage has filed."""
    dispatched(joined)
    drew(joined)
    return of_ven(over(joined))


def test_no_ven_sees_the_stages_reports(joined: Joined, vens_report: dict[str, Any]) -> None:
    """They are the business logic's to read, as those of any other client."""
    client = joined.vtn.ven("client-9")
    assert client.get("/reports").json == []
    assert client.get(f"/reports/{vens_report['id']}").status == 404
    assert joined.utility.get("/reports", clientName="house-1").json == [vens_report]


def test_the_stages_reports_go_when_their_event_does(joined: Joined, vens_report: dict[str, Any]) -> None:
    """DynamoDB deletes them with the DR event, both items of each: nothing grows for ever."""
    expires_ts = joined.dr_event(vens_report["eventID"]).expires_ts
    for key in (
        shared_key("REPORT", vens_report["id"]),
        owned_key(STAGE_CLIENT, "REPORT", vens_report["id"]),
    ):
        item = joined.vtn.table.get(key)
        assert item is not None
        assert item["expiresTs"] == expires_ts


def test_reports_are_found_by_their_program(joined: Joined, vens_report: dict[str, Any]) -> None:
    """As of any other report it is its event's."""
    program_id = joined.utility.get(f"/events/{vens_report['eventID']}").json["programID"]
    assert vens_report in joined.utility.get("/reports", programID=program_id).json
    assert joined.utility.get("/reports", programID="another").json == []


def test_subscribers_are_told_of_the_stages_reports(joined: Joined) -> None:
    """Each once, as it is filed; and no order to hear it follows."""
    dispatched(joined)
    waiting("CHANGES_QUEUE")
    over(joined)
    told = [codec.decode(VtnChange, body.encode()) for body in waiting("CHANGES_QUEUE")]
    assert [(change.operation, change.object.client_id) for change in told] == [  # type: ignore[union-attr]
        ("CREATE", STAGE_CLIENT)
    ] * 2
    assert waiting("ORDERS_QUEUE") == []


def test_the_stages_reports_are_no_vens(joined: Joined, vens_report: dict[str, Any]) -> None:
    """Even where the business logic has given its client a VEN, none joins the fleet by them."""
    joined.utility.made(
        "/vens", objectType="BL_VEN_REQUEST", clientID=STAGE_CLIENT, venName="nobody", targets=[]
    )
    joined.vtn_dispatch({"objectType": "REPORT", "id": vens_report["id"], "clientId": STAGE_CLIENT})
    assert [item["venId"] for item in joined.world.vens.scan(("venId",))] == ["house-1", "house-2"]
