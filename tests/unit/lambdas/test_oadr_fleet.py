"""VENs of OpenADR in the fleet: they report, are called for a share of a total, and settled by reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from contracts.openadr.ids import ObjectId
from contracts.openadr.oadr_vens import oadr_ven_id, ven_target
from contracts.openadr.times import date_time_text
from contracts.store.keys import LATEST_ROW, Key, telemetry_range
from contracts.store.vtn_changes import VtnChange
from contracts.wire import codec
from contracts.wire.ids import VenId
from lambdas.dispatch_event.handler import handler as dispatch
from lambdas.issue_command.handler import handler as command
from lambdas.settle_event.handler import handler as settle
from lambdas.shared.rows import ASSUMED_PEAK_KW
from lambdas.vtn_dispatch.logic.shares import DEAD_BAND_KW
from tests.support.joined_vtn import HOUR, LEVEL, SHED, START, Joined, joined_world, terms, waiting
from tests.support.vtn import VtnClient
from ven_twin.testing.function_world import NOW, Context, World

QUARTER_S = 900


@dataclass
class Stranger:
    """A VEN of OpenADR that nobody here has made, with one client."""

    joined: Joined
    client: VtnClient
    name: str
    object_id: ObjectId = field(init=False)

    def __post_init__(self) -> None:
        body = {"objectType": "VEN_VEN_REQUEST", "venName": self.name}
        self.object_id = ObjectId(self.client.made("/vens", **body)["id"])

    @property
    def ven_id(self) -> VenId:
        """Its id in the fleet."""
        return oadr_ven_id(self.object_id)

    @property
    def row(self) -> dict[str, Any]:
        """Its row in the fleet."""
        return self.joined.world.ven(self.ven_id)

    def report(
        self,
        event_id: str,
        *payloads: tuple[str, Any],
        start_ts: float = NOW - QUARTER_S,
        length_s: int = QUARTER_S,
        units: str | None = None,
        resource: str = "meter",
    ) -> None:
        """File one report of one interval, and have it heard."""
        period = {"start": date_time_text(start_ts), "duration": f"PT{length_s}S"}
        listed = [{"type": kind, "values": [value]} for kind, value in payloads]
        descriptors = [{"payloadType": kind, "units": units} for kind, _ in payloads] if units else None
        self.client.made(
            "/reports",
            eventID=event_id,
            clientName=self.name,
            payloadDescriptors=[
                {"objectType": "REPORT_PAYLOAD_DESCRIPTOR", **descriptor} for descriptor in descriptors or []
            ],
            resources=[
                {
                    "resourceName": resource,
                    "intervals": [{"id": 0, "intervalPeriod": period, "payloads": listed}],
                }
            ],
        )
        self.joined.done()

    def telemetry(self) -> list[dict[str, Any]]:
        """Its rows of telemetry, oldest first."""
        times = telemetry_range(int(NOW) - 100_000, int(NOW) + 100_000)
        return list(self.joined.world.telemetry.query(self.ven_id, times))

    def events(self) -> list[dict[str, Any]]:
        """The events that it sees."""
        events: list[dict[str, Any]] = self.client.get("/events").json
        return events

    def shares(self) -> list[dict[str, Any]]:
        """Those that are for it alone."""
        return [event for event in self.events() if event.get("targets") == [ven_target(self.object_id)]]

    def shed_kw(self) -> list[float]:
        """The power that its only share asks it to shed in each interval."""
        (share,) = self.shares()
        return [-interval["payloads"][0]["values"][0] for interval in share["intervals"]]


@pytest.fixture
def joined(world: World, monkeypatch: pytest.MonkeyPatch) -> Joined:
    """Two VENs of the stage of 5 kW each, and a VTN."""
    return joined_world(world, monkeypatch)


@pytest.fixture
def standing(joined: Joined) -> str:
    """An event without intervals, which asks for reports alone, in a program of totals."""
    event = joined.event(
        joined.program("telemetry", ALLOCATION="merit"),
        intervalPeriod=HOUR,
        reportDescriptors=[{"payloadType": "LOAD_SHED_DELTA_AVAILABLE"}],
    )
    joined.done()
    return event


@pytest.fixture
def stranger(joined: Joined, standing: str) -> Stranger:
    """A VEN that offers 4 kW."""
    ven = Stranger(joined, joined.vtn.ven("client-7"), "somebody's heat pump")
    ven.report(standing, ("LOAD_SHED_DELTA_AVAILABLE", 4.0))
    return ven


def only(joined: Joined, stranger: Stranger, kw: float = -3.0, **more: Any) -> ObjectId:
    """An event of 3 kW of the fleet's total that the stranger alone is called for."""
    stranger.joined.utility.put(
        f"/vens/{stranger.object_id}",
        objectType="BL_VEN_REQUEST",
        clientID=stranger.client.client_id,
        venName=stranger.name,
        targets=["east"],
    )
    program = joined.program(f"total-{len(joined.utility.get('/programs').json)}", ALLOCATION="merit")
    event_id = joined.event(program, **terms(SHED, kw, targets=["east"], **more))
    joined.done()
    return event_id


def test_a_ven_joins_the_fleet_by_its_first_report(stranger: Stranger) -> None:
    """It is there under its id at the VTN, with its name, its offer, and as long as it reports."""
    assert stranger.row["shedAvailabilityKw"] == 4.0
    assert stranger.row["online"] is True
    assert stranger.row["oadrVenName"] == "somebody's heat pump"


def test_a_ven_that_has_reported_nothing_is_none_of_the_fleet(joined: Joined) -> None:
    """Whoever registers alone is called for nothing."""
    ven = Stranger(joined, joined.vtn.ven("client-8"), "quiet")
    joined.done()
    assert "Item" not in joined.world.vens.client.get_item(TableName="vens", Key={"venId": {"S": ven.ven_id}})


def test_a_ven_of_the_stage_that_speaks_openadr_too_is_one_ven(joined: Joined, standing: str) -> None:
    """Its telemetry comes by MQTT: what it reports to the VTN makes no second VEN of it."""
    ven = Stranger(joined, joined.vtn.ven("client-9"), "house-1")
    ven.report(standing, ("LOAD_SHED_DELTA_AVAILABLE", 4.0), ("DEMAND", 3.0))
    assert [item["venId"] for item in joined.world.vens.scan(("venId",))] == ["house-1", "house-2"]


def test_a_total_is_shared_with_vens_of_openadr_by_events_of_their_own(
    joined: Joined, stranger: Stranger
) -> None:
    """Of 12 kW, where 5, 5 and 4 are offered, each brings its share; the total itself nobody sees."""
    event_id = joined.event(joined.program(ALLOCATION="proportional"), **terms(SHED, -12.0))
    joined.done()
    ours = [joined.in_shadow(ven, event_id)["intervals"][0]["value"] for ven in ("house-1", "house-2")]
    assert sum(ours) + stranger.shed_kw()[0] == pytest.approx(12.0, abs=0.01)
    assert stranger.shed_kw()[0] == pytest.approx(12.0 * 4 / 14, abs=0.01)
    assert event_id not in [event["id"] for event in stranger.events()]


def test_a_share_says_all_that_a_ven_needs(joined: Joined, stranger: Stranger) -> None:
    """Its time, its unit, its program, and the reports that it is settled by."""
    only(joined, stranger)
    (share,) = stranger.shares()
    assert share["intervals"][0]["intervalPeriod"] == {
        "start": date_time_text(START),
        "duration": "PT3600S",
    }
    assert {"USAGE", "BASELINE"} < {each["payloadType"] for each in share["reportDescriptors"]}
    assert share["payloadDescriptors"][0] == {
        "objectType": "EVENT_PAYLOAD_DESCRIPTOR",
        "payloadType": SHED,
        "units": "KW",
    }


def test_a_share_asks_for_the_reports_that_its_event_asks_for(joined: Joined, stranger: Stranger) -> None:
    """The business logic has the say where it has said anything."""
    only(joined, stranger, reportDescriptors=[{"payloadType": "DEMAND", "readingType": "MEAN"}])
    (share,) = stranger.shares()
    assert [each["payloadType"] for each in share["reportDescriptors"]] == ["DEMAND"]


def test_no_other_ven_sees_a_share(joined: Joined, stranger: Stranger, standing: str) -> None:
    """It is for one VEN, whoever else there is; and the business logic sees all."""
    other = Stranger(joined, joined.vtn.ven("client-8"), "other")
    only(joined, stranger)
    (share,) = stranger.shares()
    assert [event["id"] for event in other.events()] == [standing]
    assert other.client.get(f"/events/{share['id']}").status == 404
    assert share["id"] in joined.utility.get("/events").ids


def test_an_event_is_revised_cancelled_and_made_again_with_its_shares(
    joined: Joined, stranger: Stranger
) -> None:
    """What the VEN sees follows the event, under one id, and is gone with it."""
    event_id = only(joined, stranger)
    (first,) = stranger.shares()
    joined.change(event_id, **terms(SHED, -2.0, targets=["east"]))
    joined.done()
    (second,) = stranger.shares()
    assert (second["id"], stranger.shed_kw()) == (first["id"], [2.0])
    assert second["createdDateTime"] == first["createdDateTime"]
    joined.utility.delete(f"/events/{event_id}")
    joined.done()
    assert stranger.shares() == []


def test_a_share_moves_only_past_a_dead_band(joined: Joined, stranger: Stranger) -> None:
    """A few watts are no new call; what adds up to more than the dead band is one."""
    event_id = only(joined, stranger)
    for kw, expected in ((3.0 + DEAD_BAND_KW * 0.9, 3.0), (3.0 + DEAD_BAND_KW * 1.8, 3.18)):
        joined.change(event_id, **terms(SHED, -kw, targets=["east"]))
        joined.done()
        assert stranger.shed_kw() == [pytest.approx(expected)]


def test_subscribers_are_told_of_shares(joined: Joined, stranger: Stranger) -> None:
    """They go through the queue of changes as all else does, made, changed and deleted."""
    waiting("CHANGES_QUEUE")
    event_id = only(joined, stranger)
    joined.change(event_id, **terms(SHED, -1.0, targets=["east"]))
    joined.done()
    joined.utility.delete(f"/events/{event_id}")
    joined.done()
    told = [codec.decode(VtnChange, body.encode()) for body in waiting("CHANGES_QUEUE")]
    shares = [change.operation for change in told if change.object.id != event_id]
    assert shares == ["CREATE", "UPDATE", "DELETE"]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_nobody_changes_a_share_by_itself(joined: Joined, stranger: Stranger, method: str) -> None:
    """It follows from the DR event: whoever would change it is told so, and nothing is changed."""
    only(joined, stranger)
    (share,) = stranger.shares()
    answer = joined.utility.call(method, f"/events/{share['id']}", share)
    assert answer.status == 409
    assert "share of the DR event" in answer.json["detail"]
    assert stranger.shares() == [share]


def test_an_operators_event_reaches_vens_of_openadr_too(joined: Joined, stranger: Stranger) -> None:
    """An event of the stage's own API is shared with them, in a program of its name at the VTN."""
    for _ in range(2):
        dispatch(
            {
                "eventId": "by-hand",
                "startTs": START,
                "targets": [stranger.ven_id],
                "intervals": [{"durationS": 3600, "signal": "shedKw", "value": 2.5}],
            },
            Context(),
        )
        joined.done()
    assert stranger.shed_kw() == [2.5]
    (share,) = stranger.shares()
    programs = {each["id"]: each["programName"] for each in joined.utility.get("/programs").json}
    assert programs[share["programID"]] == "default"
    dispatch({"action": "cancel", "eventId": "by-hand"}, Context())
    joined.done()
    assert stranger.shares() == []


def test_a_level_and_more_load_are_carried_to_vens_of_openadr(joined: Joined, stranger: Stranger) -> None:
    """Every signal of the stage has a payload there."""
    dispatch(
        {
            "eventId": "by-hand",
            "startTs": START,
            "targets": [stranger.ven_id],
            "intervals": [
                {"durationS": 600, "signal": "level", "value": 2},
                {"durationS": 600, "signal": "importLimitKw", "value": 1.5},
            ],
        },
        Context(),
    )
    joined.done()
    (share,) = stranger.shares()
    payloads = [interval["payloads"][0] for interval in share["intervals"]]
    assert payloads == [
        {"type": LEVEL, "values": [2]},
        {"type": "IMPORT_CAPACITY_LIMIT", "values": [1.5]},
    ]


def test_a_value_for_each_is_read_by_vens_of_openadr_themselves(joined: Joined, stranger: Stranger) -> None:
    """They see the event itself: a share of it beside that would have them act twice."""
    event_id = joined.event(**terms(SHED, -2.0))
    joined.done()
    assert event_id in [event["id"] for event in stranger.events()]
    assert stranger.shares() == []


def test_a_ven_that_opts_out_is_called_no_more(joined: Joined, stranger: Stranger) -> None:
    """Its report on the share says so, and the next event passes it over until then."""
    only(joined, stranger)
    (share,) = stranger.shares()
    stranger.report(share["id"], ("OPERATING_STATE", "RUNNING_OPTED_OUT"), start_ts=START, length_s=3600)
    assert stranger.row["optOut"]["untilTs"] == START + 3600
    answer = dispatch(
        {"eventId": "next", "startTs": START, "targets": [stranger.ven_id], "intervals": hour(1.0)}, Context()
    )
    assert answer["unavailable"] == {stranger.ven_id: "opted out: notParticipating"}
    stranger.report(share["id"], ("OPERATING_STATE", "RUNNING_NORMAL"), start_ts=START, length_s=3600)
    assert "optOut" not in stranger.row


def hour(kw: float) -> list[dict[str, Any]]:
    """One hour of *kw*."""
    return [{"durationS": 3600, "signal": "shedKw", "value": kw}]


@pytest.mark.parametrize(
    ("payload", "units", "kw"),
    [
        (("DEMAND", 3.0), None, 3.0),
        (("DEMAND", 3000.0), "W", 3.0),
        (("USAGE", 0.75), None, 3.0),
        (("USAGE", 750.0), "WH", 3.0),
        (("USAGE", -0.25), "KWH", -1.0),
    ],
)
def test_power_and_energy_become_telemetry(
    stranger: Stranger, standing: str, payload: tuple[str, float], units: str | None, kw: float
) -> None:
    """A quarter of an hour that a report tells of is a row of that time, in kW, whatever its unit."""
    stranger.report(standing, payload, units=units)
    (row,) = stranger.telemetry()
    assert row["usedPowerKw"] == pytest.approx(kw)
    assert (row["timestamp"], row["measuredS"]) == (NOW, QUARTER_S)


@pytest.mark.parametrize(
    ("payload", "units"),
    [
        (("DEMAND", "much"), None),
        (("DEMAND", True), None),
        (("DEMAND", 3.0), "AMPS"),
        (("USAGE", 1e9), None),
        (("TEMPERATURE", 21.0), None),
    ],
)
def test_what_is_no_power_is_no_telemetry(
    stranger: Stranger, standing: str, payload: tuple[str, Any], units: str | None
) -> None:
    """A value of another kind, unit or size is stored with its report and stands for nothing else."""
    stranger.report(standing, payload, units=units)
    assert stranger.telemetry() == []


@pytest.mark.parametrize("first", ["USAGE", "BASELINE"])
def test_two_reports_of_one_interval_are_one_row(stranger: Stranger, standing: str, first: str) -> None:
    """What was drawn and what would have been come by two reports, in either order."""
    values = {"USAGE": 0.5, "BASELINE": 3.0}
    for kind in (first, *(values.keys() - {first})):
        stranger.report(standing, (kind, values[kind]))
    (row,) = stranger.telemetry()
    assert (row["usedPowerKw"], row["baselinePowerKw"], row["shedPowerKw"]) == (2.0, 3.0, 1.0)


def test_a_large_site_is_believed_as_far_as_it_was_seen_to_draw(stranger: Stranger, standing: str) -> None:
    """An offer of 200 kW is that of a house until its reports show more; then it is called for more."""
    stranger.report(standing, ("LOAD_SHED_DELTA_AVAILABLE", 200.0))
    ask = {"targets": [stranger.ven_id], "startTs": START, "intervals": hour(150.0)}
    assert dispatch({"eventId": "first", **ask}, Context())["calledKw"] == ASSUMED_PEAK_KW
    stranger.report(standing, ("DEMAND", 300.0))
    stranger.report(standing, ("DEMAND", 250.0), start_ts=NOW - 2 * QUARTER_S)
    assert stranger.row["peakKw"] == 300.0
    answer = dispatch({"eventId": "second", **ask, "startTs": START + 7200}, Context())
    assert answer["calledKw"] == 150.0


def test_what_is_to_come_was_not_drawn(stranger: Stranger, standing: str) -> None:
    """A forecast of what will be drawn is no telemetry; an offer of the time to come counts."""
    stranger.report(standing, ("USAGE", 1.0), ("LOAD_SHED_DELTA_AVAILABLE", 2.0), start_ts=NOW)
    assert stranger.telemetry() == []
    assert stranger.row["shedAvailabilityKw"] == 2.0
    assert stranger.row["sustainS"] == pytest.approx(QUARTER_S, abs=0.1)


def test_an_older_report_does_not_undo_a_newer_one(joined: Joined, stranger: Stranger, standing: str) -> None:
    """Orders come in any order, and twice: the offer is that of the report that was filed last."""
    stranger.report(standing, ("LOAD_SHED_DELTA_AVAILABLE", 1.0))
    stranger.report(standing, ("LOAD_SHED_DELTA_AVAILABLE", 2.0))
    for report in stranger.client.get("/reports").json:
        order = {"objectType": "REPORT", "id": report["id"], "clientId": stranger.client.client_id}
        joined.vtn_dispatch(order)
    assert stranger.row["shedAvailabilityKw"] == 2.0


def settled(joined: Joined, stranger: Stranger, *payloads: tuple[str, Any]) -> dict[str, Any]:
    """The settlement of an hour of 3 kW that the stranger has reported on by *payloads*, each by itself."""
    event_id = only(joined, stranger)
    (share,) = stranger.shares()
    joined.world.now = START + 3601
    for payload in payloads:
        stranger.report(share["id"], payload, start_ts=START, length_s=3600)
    joined.world.now = START + 3600 + 120
    report: dict[str, Any] = settle({"eventId": event_id}, Context())
    (ven,) = report["vens"]
    assert isinstance(ven, dict)
    return ven


@pytest.mark.parametrize("is_first", [True, False])
def test_a_report_on_an_event_stands_for_all_of_its_time(
    joined: Joined, stranger: Stranger, standing: str, *, is_first: bool
) -> None:
    """Finer reports of the same time, which tell no baseline, take nothing of it; those around it stay."""
    event_id = only(joined, stranger)
    (share,) = stranger.shares()
    joined.world.now = START + 7200

    def of_event() -> None:
        stranger.report(share["id"], ("USAGE", 1.0), ("BASELINE", 4.0), start_ts=START, length_s=3600)

    if is_first:
        of_event()
    for quarter in range(-2, 6):
        stranger.report(standing, ("DEMAND", 1.5), start_ts=START + 450 + quarter * QUARTER_S)
    if not is_first:
        of_event()
    rows = stranger.telemetry()
    times = [(row["timestamp"] - row["measuredS"] - START, row["timestamp"] - START) for row in rows]
    assert (0, 3600) in times
    inside = [row for row in rows if row.get("eventId") == event_id]
    assert [(row["usedPowerKw"], row["baselinePowerKw"]) for row in inside] == [(1.0, 4.0)]
    assert (-1350, -450) in times
    assert (4050, 4950) in times
    assert not [1 for start, end in times if 0 <= start < 3600 and end < 3600]


def test_a_ven_of_openadr_is_settled_by_its_reports(joined: Joined, stranger: Stranger) -> None:
    """It drew 1 kW where, by its own word, it would have drawn 4: 3 kW over the hour."""
    ven = settled(
        joined, stranger, ("USAGE", 1.0), ("BASELINE", 4.0), ("OPERATING_STATE", "RUNNING_CURTAILED")
    )
    assert ven["venId"] == stranger.ven_id
    assert ven["usedKw"] == pytest.approx(1.0)
    assert ven["quality"]["coverage"] == pytest.approx(1.0)
    assert ven["delivered"]["clone"]["deliveredKw"] == pytest.approx(3.0)
    assert ven["acknowledged"] is True
    assert ven.get("responseS") is None


def test_a_ven_is_in_no_event_that_is_over(joined: Joined, stranger: Stranger) -> None:
    """Its latest row is of the event's last interval until it reports again, and of that event no more."""
    settled(joined, stranger, ("USAGE", 1.0), ("BASELINE", 4.0))
    latest = joined.world.telemetry.get(Key(stranger.ven_id, LATEST_ROW))
    assert latest is not None
    assert (latest["usedPowerKw"], latest["baselinePowerKw"]) == (1.0, 4.0)
    assert "eventId" not in latest
    assert "eventId" in stranger.telemetry()[-1]


def test_what_a_ven_measured_itself_stands_beside_it(joined: Joined, stranger: Stranger) -> None:
    """DELTA_USAGE is its own word of what it delivered."""
    ven = settled(joined, stranger, ("USAGE", 1.0), ("DELTA_USAGE", -2.8))
    assert ven["ownKwh"] == pytest.approx(2.8)
    assert ven["delivered"]["clone"]["deliveredKw"] == pytest.approx(2.8)


def test_without_a_baseline_of_its_own_there_is_no_clone(joined: Joined, stranger: Stranger) -> None:
    """Nothing is made up: the report says that the VEN tells nothing of what it would have drawn."""
    ven = settled(joined, stranger, ("USAGE", 1.0))
    assert "clone" not in ven["delivered"]
    assert "clone: it reports nothing of what it would have drawn" in ven["notes"]
    assert ven["usedKw"] == pytest.approx(1.0)


def test_a_ven_that_reports_no_more_is_counted_on_no_more(joined: Joined, stranger: Stranger) -> None:
    """An hour after its last report it is offline, until it reports again."""
    joined.world.now += 3500
    joined.sweep()
    assert stranger.row["online"] is True
    joined.world.now += 200
    joined.sweep()
    assert stranger.row["online"] is False


def test_a_ven_that_is_deleted_leaves_the_fleet(joined: Joined, stranger: Stranger) -> None:
    """With its VEN at the VTN its row goes."""
    joined.utility.delete(f"/vens/{stranger.object_id}")
    joined.done()
    assert [item["venId"] for item in joined.world.vens.scan(("venId",))] == ["house-1", "house-2"]


def test_a_quarantined_ven_is_not_heard(stranger: Stranger, standing: str) -> None:
    """Nothing that it reports is stored among the fleet's."""
    command({"venId": stranger.ven_id, "quarantined": True}, Context())
    stranger.report(standing, ("DEMAND", 3.0), ("LOAD_SHED_DELTA_AVAILABLE", 1.0))
    assert stranger.telemetry() == []
    assert stranger.row["shedAvailabilityKw"] == 4.0


def test_a_command_for_a_ven_of_openadr_is_refused(stranger: Stranger) -> None:
    """There is no way to bring it there, and whoever sends it is told so."""
    answer = command({"venId": stranger.ven_id, "op": "ping"}, Context())
    assert (answer["ok"], answer["field"]) == (False, "venId")
    assert "takes events and no commands" in answer["error"]


def test_shares_go_when_no_report_on_them_is_awaited_any_more(joined: Joined, stranger: Stranger) -> None:
    """A day after its end an event is settled for good: the sweep takes its shares away."""
    only(joined, stranger)
    joined.world.now = START + 3600 + 24 * 3600
    joined.sweep()
    assert len(stranger.shares()) == 1
    joined.world.now += 2000
    joined.sweep()
    assert stranger.shares() == []
