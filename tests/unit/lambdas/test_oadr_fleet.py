"""VENs of OpenADR in the fleet: they join by reports, are heard, and settled by them."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.store.keys import LATEST_ROW, Key
from lambdas.dispatch_event.handler import handler as dispatch
from lambdas.issue_command.handler import handler as command
from lambdas.settle_event.handler import handler as settle
from lambdas.shared.rows import ASSUMED_PEAK_KW
from tests.support.joined_vtn import START, Joined
from tests.support.stranger_ven import QUARTER_S, Stranger, only
from ven_twin.testing.function_world import NOW, Context


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


def test_a_ven_of_the_stage_that_speaks_openadr_too_is_one_ven(joined: Joined, asking: str) -> None:
    """Its telemetry comes by MQTT: what it reports to the VTN makes no second VEN of it."""
    ven = Stranger(joined, joined.vtn.ven("client-9"), "house-1")
    ven.report(asking, ("LOAD_SHED_DELTA_AVAILABLE", 4.0), ("DEMAND", 3.0))
    assert [item["venId"] for item in joined.world.vens.scan(("venId",))] == ["house-1", "house-2"]


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
    stranger: Stranger, asking: str, payload: tuple[str, float], units: str | None, kw: float
) -> None:
    """A quarter of an hour that a report tells of is a row of that time, in kW, whatever its unit."""
    stranger.report(asking, payload, units=units)
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
    stranger: Stranger, asking: str, payload: tuple[str, Any], units: str | None
) -> None:
    """A value of another kind, unit or size is stored with its report and stands for nothing else."""
    stranger.report(asking, payload, units=units)
    assert stranger.telemetry() == []


@pytest.mark.parametrize("first", ["USAGE", "BASELINE"])
def test_two_reports_of_one_interval_are_one_row(stranger: Stranger, asking: str, first: str) -> None:
    """USAGE and BASELINE come by two reports, in either order."""
    values = {"USAGE": 0.5, "BASELINE": 3.0}
    for kind in (first, *(values.keys() - {first})):
        stranger.report(asking, (kind, values[kind]))
    (row,) = stranger.telemetry()
    assert (row["usedPowerKw"], row["baselinePowerKw"], row["shedPowerKw"]) == (2.0, 3.0, 1.0)


def test_a_large_site_is_believed_as_far_as_it_was_seen_to_draw(stranger: Stranger, asking: str) -> None:
    """An offer of 200 kW is that of a house until its reports show more; then it is called for more."""
    stranger.report(asking, ("LOAD_SHED_DELTA_AVAILABLE", 200.0))
    ask = {"targets": [stranger.ven_id], "startTs": START, "intervals": hour(150.0)}
    assert dispatch({"eventId": "first", **ask}, Context())["calledKw"] == ASSUMED_PEAK_KW
    stranger.report(asking, ("DEMAND", 300.0))
    stranger.report(asking, ("DEMAND", 250.0), start_ts=NOW - 2 * QUARTER_S)
    assert stranger.row["peakKw"] == 300.0
    answer = dispatch({"eventId": "second", **ask, "startTs": START + 7200}, Context())
    assert answer["calledKw"] == 150.0


def test_what_is_to_come_was_not_drawn(stranger: Stranger, asking: str) -> None:
    """A forecast of what will be drawn is no telemetry; an offer of the time to come counts."""
    stranger.report(asking, ("USAGE", 1.0), ("LOAD_SHED_DELTA_AVAILABLE", 2.0), start_ts=NOW)
    assert stranger.telemetry() == []
    assert stranger.row["shedAvailabilityKw"] == 2.0
    assert stranger.row["sustainS"] == pytest.approx(QUARTER_S, abs=0.1)


def test_an_older_report_does_not_undo_a_newer_one(joined: Joined, stranger: Stranger, asking: str) -> None:
    """Orders come in any order, and twice: the offer is that of the report that was filed last."""
    stranger.report(asking, ("LOAD_SHED_DELTA_AVAILABLE", 1.0))
    stranger.report(asking, ("LOAD_SHED_DELTA_AVAILABLE", 2.0))
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
    joined: Joined, stranger: Stranger, asking: str, *, is_first: bool
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
        stranger.report(asking, ("DEMAND", 1.5), start_ts=START + 450 + quarter * QUARTER_S)
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


def test_a_quarantined_ven_is_not_heard(stranger: Stranger, asking: str) -> None:
    """Nothing that it reports is stored among the fleet's."""
    command({"venId": stranger.ven_id, "quarantined": True}, Context())
    stranger.report(asking, ("DEMAND", 3.0), ("LOAD_SHED_DELTA_AVAILABLE", 1.0))
    assert stranger.telemetry() == []
    assert stranger.row["shedAvailabilityKw"] == 4.0


def test_a_command_for_a_ven_of_openadr_is_refused(stranger: Stranger) -> None:
    """There is no way to bring it there, and whoever sends it is told so."""
    answer = command({"venId": stranger.ven_id, "op": "ping"}, Context())
    assert (answer["ok"], answer["field"]) == (False, "venId")
    assert "takes events and no commands" in answer["error"]
