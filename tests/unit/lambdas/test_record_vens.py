"""`record_vens`: presence, acks and reported state, in any order and any number of times."""

from __future__ import annotations

import base64
import json
from itertools import permutations
from typing import Any

import pytest

from contracts.store.keys import Key
from contracts.wire import codec
from harness.functions.loads.fleet import ven_items
from lambdas.shared import clients
from tests.support.older_vens import OK_ACK, OLDER_CIRCUIT, OLDER_LOAD, STATUS_ACK
from tests.support.ven_news import (
    CURTAILED,
    REPORTED,
    ack,
    called_house,
    documents,
    presence,
    send,
    transition,
)
from ven_twin.testing.function_world import NOW, World, body


@pytest.fixture
def house(world: World) -> World:
    """One VEN that has never connected, called by two events."""
    return called_house(world)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_presence_comes_to_the_same_in_any_order(house: World, order: tuple[int, ...]) -> None:
    """Of two connections, taken over without a break, the later connect stands whatever comes last."""
    events = [
        presence("connected", 1),
        presence("disconnected", 1, at_s=10),
        presence("connected", 2, at_s=9),
        presence("connected", 2, at_s=9),
    ]
    assert send(*(events[index] for index in order)) == []
    assert house.ven("house-1")["online"] is True


def test_a_disconnect_belongs_to_its_connect(house: World) -> None:
    """Connect and disconnect of one connection share a version; the disconnect is later."""
    send(presence("disconnected", 1, at_s=10), presence("connected", 1))
    assert house.ven("house-1")["online"] is False


def test_a_version_count_that_begins_anew_is_believed(house: World) -> None:
    """After an hour offline the broker counts from 0 again; the VEN must not stay offline for ever."""
    send(presence("connected", 7), presence("disconnected", 7, at_s=10))
    send(presence("connected", 0, at_s=7200))
    assert house.ven("house-1")["online"] is True


def test_a_ping_ack_is_stored(house: World) -> None:
    """An ack without an event id is an ack (defect 3), and lands beside its command."""
    house.commands.put_new({"venId": "house-1", "correlationId": "c1", "op": "ping", "issuedTs": NOW - 1})
    assert send(ack(pong=True)) == []
    row = house.commands.get(Key("house-1", "c1"))
    assert row is not None
    assert (row["issuedTs"], row["ack"]["pong"], row["ackReceivedTs"]) == (NOW - 1, True, NOW)


def test_an_ack_without_a_correlation_id_is_stored(house: World) -> None:
    """The refusal of what could not be read names no command; it is kept, once, and is no dead letter."""
    refusal = ack(
        "unknown", "", ok=False, status="rejected", error="payload: not valid JSON", field="payload"
    )
    assert send(refusal, refusal) == []
    row = house.commands.get(Key("house-1", f"unnamed-{round(NOW * 1000)}"))
    assert row is not None
    assert row["ack"]["field"] == "payload"


def test_an_ack_of_a_command_from_elsewhere_is_stored_too(house: World) -> None:
    """A command sent from a console has no row; its ack still has a place."""
    assert send(ack(op="get", data={"report_interval_s": 30, "note": None})) == []
    row = house.commands.get(Key("house-1", "c1"))
    assert row is not None
    assert (row["op"], row["ack"]["data"]) == ("get", {"report_interval_s": 30, "note": None})
    assert row["expiresTs"] > NOW


def test_a_late_first_ack_does_not_replace_the_later(house: World) -> None:
    """Acks of one command come in any order; the later one, by the VEN's time, stays."""
    send(ack(status="success", ts=int(NOW) + 5), ack(status="accepted", ts=int(NOW)))
    row = house.commands.get(Key("house-1", "c1"))
    assert row is not None
    assert row["ack"]["status"] == "success"


def test_transitions_land_in_the_vens_part_of_the_event(house: World) -> None:
    """Each phase has its time, what was shed and by which circuits; no command row is made of it."""
    active = transition("active", 10, actual_shed_kw=3.0, circuits_curtailed=[CURTAILED])
    assert send(transition("completed", 70), active, active) == []
    part = house.event_item("e1", "VEN#house-1")
    assert (part["active"]["ts"], part["active"]["actualShedKw"]) == (int(NOW) + 10, 3.0)
    assert part["active"]["circuits"] == [CURTAILED]
    assert part["completed"]["ts"] == int(NOW) + 70
    assert house.commands.get(Key("house-1", "e1:0:active")) is None


def test_a_repeated_transition_changes_nothing(house: World) -> None:
    """The first ack of a phase stays, with its receipt time."""
    send(transition("active", 10))
    first = house.event_item("e1", "VEN#house-1")
    send(transition("active", 99))
    assert house.event_item("e1", "VEN#house-1") == first


def test_the_ack_of_an_event_command_is_in_both_places(house: World) -> None:
    """An event sent as a command is answered under the command's id and says where the event stands."""
    send(ack("event", "c9", event_id="e1", phase="near"))
    assert house.commands.get(Key("house-1", "c9")) is not None
    assert "near" in house.event_item("e1", "VEN#house-1")


def test_a_refusal_is_no_participation(house: World) -> None:
    """An event that the VEN refuses leaves the reason, and no phase."""
    send(ack("event", "c9", event_id="e1", ok=False, status="rejected", error="over already"))
    part = house.event_item("e1", "VEN#house-1")
    assert part["refused"]["error"] == "over already"
    assert "active" not in part


def test_an_opt_out_is_recorded_with_its_reason(house: World) -> None:
    """A VEN that leaves an event says so with a negative ack: that is a phase with a reason, no refusal."""
    why = {"optOut": {"reason": "guests", "untilTs": int(NOW) + 600}, "byHand": ["ev1"]}
    assert send(transition("optedOut", 20, ok=False, status="rejected", data=why)) == []
    part = house.event_item("e1", "VEN#house-1")
    assert part["optedOut"]["data"] == why
    assert "refused" not in part


def test_what_a_ven_delivered_stays_for_each_revision(house: World) -> None:
    """A VEN that is let go and called again ends twice; what it metered is kept of both times, each once."""
    first = transition("cancelled", 20, data={"deliveredKwh": 0.5})
    again = ack(
        "event",
        "e1:3:completed",
        event_id="e1",
        phase="completed",
        ts=int(NOW) + 90,
        data={"deliveredKwh": 1.25},
    )
    assert send(first, again, again, first) == []
    part = house.event_item("e1", "VEN#house-1")
    assert (part["ownKwh#0"], part["ownKwh#3"]) == (0.5, 1.25)


def test_circuits_switched_by_hand_stand_in_the_row(house: World) -> None:
    """The circuits that a resident took out of an event, for as long as the VEN reports them."""
    send(documents(3, {**REPORTED, "ven": {"byHand": {"ev1": "e1"}}}))
    assert house.ven("house-1")["byHand"] == {"ev1": "e1"}
    send(documents(4, REPORTED))
    assert "byHand" not in house.ven("house-1")


def test_reported_state_is_what_dispatch_goes_by(house: World) -> None:
    """Availability, endurance, charge, event, opt-out, status and refused settings stand in the VEN's row."""
    assert send(documents(3, {**REPORTED, "optOut": {"reason": "economic", "untilTs": int(NOW) + 60}})) == []
    ven = house.ven("house-1")
    assert (ven["shedAvailabilityKw"], ven["sustainS"], ven["batterySoc"]) == (4.25, 7200, 0.8)
    assert (ven["enabled"], ven["status"], ven["shadowVersion"]) == (True, "idle", 3)
    assert ven["optOut"] == {"reason": "economic", "untilTs": int(NOW) + 60}
    assert ven["shadow_errors"] == {"loads.x": "is no circuit's id"}
    assert ven["reportIntervalS"] == 5


@pytest.mark.parametrize(
    ("reported", "attribute", "stored"),
    [
        ({"report_interval_seconds": 1e9}, "reportIntervalS", 3600),
        ({"report_interval_seconds": -5}, "reportIntervalS", 1),
        ({"batch_seconds": 1e9}, "batchS", 240),
        ({"batch_seconds": -1}, "batchS", 0),
        ({"metrics": {"sustainS": 1e9}}, "sustainS", 7 * 24 * 3600),
        ({"metrics": {"sustainS": -1}}, "sustainS", 0),
        ({"metrics": {"shedAvailabilityKw": 1e300}}, "shedAvailabilityKw", 10_000),
        ({"metrics": {"shedAvailabilityKw": -3}}, "shedAvailabilityKw", 0),
        ({"ven": {"status": "x" * 5000}}, "status", "x" * 64),
        ({"ven": {"byHand": {"l" * 500: "e" * 500}}}, "byHand", {"l" * 64: "e" * 64}),
        ({"ven": {"clockSkewS": -1e300}}, "clockSkewS", -4_102_444_800),
    ],
)
def test_what_a_ven_says_is_bounded_where_it_comes_in(
    house: World, reported: dict[str, Any], attribute: str, stored: object
) -> None:
    """Nothing beyond what there can be is stored, and the rest of the report counts all the same."""
    assert send(documents(3, {"enabled": True, **reported})) == []
    assert (house.ven("house-1")[attribute], house.ven("house-1")["enabled"]) == (stored, True)


@pytest.mark.parametrize(
    ("offers", "stored"),
    [
        ([{"kw": 3, "sustainS": 900, "meanS": 300}], [{"kw": 3, "sustainS": 900}]),
        ([{"kw": -3, "sustainS": 1e9}], [{"kw": 0, "sustainS": 604_800}]),
        ([{"kw": "many", "sustainS": 900}, 7, None], None),
        ({"kw": 3, "sustainS": 900}, None),
        ("3 kW", None),
        ([{"kw": n, "sustainS": 9} for n in range(3000)], [{"kw": 2999, "sustainS": 9}]),
    ],
)
def test_offers_by_duration_stand_in_the_row_bounded(house: World, offers: object, stored: object) -> None:
    """An entry that is no offer is left out, and the rest of the report counts all the same."""
    assert send(documents(3, {"enabled": True, "metrics": {"shedAvailabilityKw": 4, "offers": offers}})) == []
    row = house.ven("house-1")
    assert (row.get("offers"), row["enabled"], row["shedAvailabilityKw"]) == (stored, True, 4)


def test_a_row_that_has_all_that_a_ven_tells_is_written_in_one_unit(house: World) -> None:
    """The bill counts one write unit, 1 KB, for each shadow update; offers by duration are in it."""
    offers = [{"kw": 9.9 - n, "sustainS": 900 * 2**n, "meanS": 300} for n in range(5)]
    house.vens.update(
        Key("house-1"), {name: value for name, value in ven_items()[0].items() if name != "venId"}
    )
    send(
        documents(
            2000,
            {
                **REPORTED,
                "metrics": {**REPORTED["metrics"], "offers": offers},
                "timeZone": "America/New_York",
            },
        )
    )
    row = house.ven("house-1")
    assert len(row["offers"]) == 5
    assert len(codec.encode(row)) < 1024


@pytest.mark.parametrize(
    ("summary", "stored"),
    [
        (
            {"eventId": "e1", "comfortMinutesLost": 12, "comfortMinutesBeyondLimits": 0},
            {"eventId": "e1", "minutesLost": 12.0, "minutesBeyondLimits": 0.0},
        ),
        ({"eventId": "e1", "comfortMinutesLost": 1e12}, {"eventId": "e1", "minutesLost": 11_520.0}),
        ({"eventId": "e1", "comfortMinutesLost": -5}, {"eventId": "e1", "minutesLost": 0.0}),
        ({"eventId": "e1", "comfortMinutesLost": "many"}, None),
        ({"eventId": "<b>", "comfortMinutesLost": 5}, None),
        ({"comfortMinutesLost": 5}, None),
        ({"eventId": "e1"}, None),
        ([1, 2], None),
    ],
)
def test_the_comfort_that_an_event_took_stands_in_the_row_bounded(
    house: World, summary: object, stored: object
) -> None:
    """A value that is no number of minutes is left out, and the rest of the report counts all the same."""
    assert send(documents(3, {"enabled": True, "metrics": {"lastEventSummary": summary}})) == []
    row = house.ven("house-1")
    assert (row.get("lastEventComfort"), row["enabled"]) == (stored, True)


def test_a_time_that_no_clock_shows_says_nothing_of_the_clock(house: World) -> None:
    """A report dated beyond 2100 leaves what is known of the VEN's clock as it is."""
    house.vens.update(Key("house-1"), {"clockSkewS": 90})
    assert send(documents(3, {"ven": {"lastPublishTs": 1e300}})) == []
    assert house.ven("house-1")["clockSkewS"] == 90


def test_a_sites_time_zone_stands_in_the_row_with_the_one_before(house: World) -> None:
    """A VEN that moved: the zone that it had, and when that ended; another change keeps both."""
    moved = {**REPORTED, "timeZone": "America/Denver"}
    send(documents(3, {**REPORTED, "timeZone": "America/New_York"}))
    assert house.ven("house-1")["timeZone"] == "America/New_York"
    assert "timeZoneBefore" not in house.ven("house-1")
    send(documents(4, moved, at_s=60, before={"timeZone": "America/New_York"}))
    send(documents(5, moved, at_s=90, before=moved))
    ven = house.ven("house-1")
    assert (ven["timeZone"], ven["timeZoneBefore"]) == ("America/Denver", "America/New_York")
    assert ven["timeZoneTs"] == int(NOW) + 60


def test_what_is_no_time_zones_name_is_refused_by_its_field(house: World) -> None:
    """A text of another form goes to no table and no report."""
    (failed_id,) = send(documents(3, {**REPORTED, "timeZone": "<b>here</b>"}))
    assert failed_id
    assert "timeZone" not in house.ven("house-1")


@pytest.mark.parametrize(
    ("published_s", "skew_s"), [(-1200, 1200), (1200, -1200), (-11, 11), (-10, None), (0, None), (10, None)]
)
def test_a_clock_that_is_off_stands_in_the_row(house: World, published_s: int, skew_s: int | None) -> None:
    """By the time at which the VEN says to have published, beside the shadow's; ten seconds are none."""
    ven = {**REPORTED["ven"], "lastPublishTs": int(NOW) + published_s}
    send(documents(3, {**REPORTED, "ven": ven}))
    assert house.ven("house-1").get("clockSkewS") == skew_s


def test_a_clock_is_known_by_what_the_ven_has_written_alone(house: World) -> None:
    """Ten minutes later an operator desires something: the VEN's clock stays as it was last known."""
    ven = {**REPORTED["ven"], "lastPublishTs": int(NOW) - 1200}
    send(documents(3, {**REPORTED, "ven": ven}))
    send(documents(4, {**REPORTED, "ven": ven}, at_s=600, before={**REPORTED, "ven": ven}))
    assert house.ven("house-1")["clockSkewS"] == 1200
    right = {**REPORTED["ven"], "lastPublishTs": int(NOW) + 900}
    send(documents(5, {**REPORTED, "ven": right}, at_s=900, before={**REPORTED, "ven": ven}))
    assert "clockSkewS" not in house.ven("house-1")


def test_a_clock_is_as_the_ven_itself_reports_where_it_says_no_time(house: World) -> None:
    """One that compares its clock with the cloud's says so."""
    send(documents(3, {**REPORTED, "ven": {**REPORTED["ven"], "clockSkewS": -420}}))
    assert house.ven("house-1")["clockSkewS"] == -420
    send(documents(4, REPORTED))
    assert "clockSkewS" not in house.ven("house-1")


def test_what_is_no_longer_reported_is_gone(house: World) -> None:
    """A null deletes in a shadow: the opt-out that was lifted is no longer in the row."""
    send(documents(3, {**REPORTED, "optOut": True}))
    assert house.ven("house-1")["optOut"]["reason"] == "notParticipating"
    send(documents(4, {"metrics": {"shedAvailabilityKw": 1}}))
    ven = house.ven("house-1")
    assert "optOut" not in ven
    assert "shadow_errors" not in ven
    assert ven["shedAvailabilityKw"] == 1


def test_an_older_shadow_version_changes_nothing(house: World) -> None:
    """Documents out of order: the higher version stays."""
    send(documents(4, {"metrics": {"shedAvailabilityKw": 1}}), documents(3, REPORTED))
    assert house.ven("house-1")["shedAvailabilityKw"] == 1


def test_a_shadow_made_anew_is_believed(house: World) -> None:
    """After a deletion the version may start over."""
    send(documents(40, REPORTED), documents(1, {"metrics": {"shedAvailabilityKw": 2}}, at_s=600))
    assert house.ven("house-1")["shedAvailabilityKw"] == 2


def test_a_throttled_write_is_a_partial_failure(house: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that DynamoDB refuses comes back with its message; the rest is recorded."""
    dynamodb = clients.dynamodb()
    real = dynamodb.update_item

    def update(**call: Any) -> Any:
        if call["TableName"] == "commands":
            error = {"Error": {"Code": "ThrottlingException"}}
            raise dynamodb.exceptions.ClientError(error, "UpdateItem")  # type: ignore[arg-type]
        return real(**call)

    monkeypatch.setattr(dynamodb, "update_item", update)
    assert send(ack(), presence("connected", 1)) == ["m0"]
    assert house.ven("house-1")["online"] is True


def test_an_ack_of_128_kib_is_recorded(house: World) -> None:
    """The largest payload that AWS IoT takes, in an envelope that is a third larger."""
    text = ack()
    raw = base64.b64decode(json.loads(text)["payload"]).ljust(codec.PAYLOAD_MAX_BYTES)
    assert send(body("ven/ack/house-1", raw), body("ven/ack/house-1", raw + b" ")) == ["m1"]
    assert house.commands.get(Key("house-1", "c1")) is not None


def test_the_metrics_tell_recorded_failed_and_unknown_apart(house: World, capsys: Any) -> None:
    """Of five messages two are recorded, one is malformed and two are no VEN's."""
    assert house.ven("house-1")
    stranger = [ack(ven_id="stranger-1"), presence("connected", 1, ven_id="stranger-1")]
    assert send(ack(), "no envelope", *stranger, presence("connected", 1)) == ["m1"]
    written = json.loads(capsys.readouterr().out.splitlines()[-1])
    names = ("MessagesReceived", "VenMessagesRecorded", "VenMessagesFailed", "UnknownVenMessages")
    assert [written[name] for name in names] == [[5.0], [2.0], [1.0], [2.0]]


@pytest.mark.parametrize("message", [STATUS_ACK, OK_ACK], ids=["status", "ok"])
def test_an_older_vens_ack_stands_beside_its_command(house: World, message: dict[str, Any]) -> None:
    """Either shape is recorded with both words, under the command's id."""
    own = {name: item for name, item in message.items() if name != "venId"}
    assert send(body("ven/ack/house-1", own)) == []
    row = house.commands.get(Key("house-1", message["correlationId"])) or {}
    assert (row["op"], row["ack"]["ok"], row["ack"]["status"]) == (message["op"], True, "success")


def test_an_older_vens_ack_of_an_event_stands_in_the_event(house: World) -> None:
    """Circuits without reasons are recorded with the event's acceptance."""
    message = STATUS_ACK | {
        "op": "event", "event_id": "evt-1", "status": "accepted", "circuits_curtailed": [OLDER_CIRCUIT],
    }  # fmt: skip
    assert send(body("ven/ack/house-1", message)) == []
    accepted = house.event_item("evt-1", "VEN#house-1")["accepted"]
    assert [circuit["curtailed_kw"] for circuit in accepted["circuits"]] == [5.1]


def test_an_older_vens_shadow_with_a_list_of_loads_is_recorded(house: World) -> None:
    """Its loads do not say whether they are on; what it can shed counts."""
    reported = {"loads": [OLDER_LOAD], "metrics": {"shedAvailabilityKw": 3.0}}
    assert send(documents(1, reported)) == []
    assert house.ven("house-1")["shedAvailabilityKw"] == 3.0
