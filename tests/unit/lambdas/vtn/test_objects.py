"""Objects as they are made, replaced and deleted."""

from __future__ import annotations

import io
import json

import pytest

from lambdas.vtn import handler
from lambdas.vtn.operations import writing
from tests.support.vtn import Vtn, subscription
from tests.unit.lambdas.vtn.bodies import PATHS, Furnished, furnish

OWNED = ("REPORT", "SUBSCRIPTION", "VEN", "RESOURCE")
PERIOD = {"start": "0001-01-01T00:00:00", "duration": "P9999Y", "randomizeStart": "PT60M"}
EVENT = {
    "eventName": "event",
    "priority": 0,
    "intervalPeriod": PERIOD,
    "payloadDescriptors": [
        {"objectType": "EVENT_PAYLOAD_DESCRIPTOR", "payloadType": "X_OURS", "units": "kW?"}
    ],
    "reportDescriptors": [{"payloadType": "USAGE", "startInterval": -1, "historical": True}],
    "intervals": [
        {
            "id": 7,
            "intervalPeriod": {"start": "0001-01-01"},
            "payloads": [{"type": "X_OURS", "values": [1, 1.0, "a", True, {"x": 1.5, "y": -2.0}]}],
        },
        {"id": -3, "payloads": []},
    ],
}


@pytest.fixture
def stand(vtn: Vtn) -> Furnished:
    """A VTN with one object of each type."""
    return furnish(vtn)


@pytest.mark.parametrize("kind", PATHS)
def test_the_vtn_says_id_times_type_and_client(stand: Furnished, kind: str) -> None:
    """Those in a body are ignored: also a VEN's clientID, which is its token's."""
    client = stand.bl if kind in {"PROGRAM", "EVENT"} else stand.ven
    mine = {
        "id": "mine",
        "createdDateTime": "2001-01-01T00:00:00Z",
        "modificationDateTime": "never",
        "clientID": "ven-9",
        "extra": {"of": "3.0"},
    }
    if kind not in {"VEN", "RESOURCE"}:
        mine["objectType"] = "NONSENSE"
    made = client.made(PATHS[kind], **(stand.body(kind, client) | mine))
    assert made["objectType"] == kind
    assert made["id"] != "mine"
    assert made["createdDateTime"] == made["modificationDateTime"] != mine["createdDateTime"]
    assert made["createdDateTime"].endswith("Z")
    assert made.get("clientID") == ("ven-1" if kind in OWNED else None)
    assert "extra" not in made
    assert client.get(f"{PATHS[kind]}/{made['id']}").json == made
    assert made in client.get(PATHS[kind]).json


@pytest.mark.parametrize("kind", PATHS)
def test_an_object_is_replaced_and_deleted(vtn: Vtn, stand: Furnished, kind: str) -> None:
    """PUT changes all but id and creation; DELETE answers the object, which is gone then."""
    client = stand.bl if kind in {"PROGRAM", "EVENT"} else stand.ven
    before, path = stand.objects[kind], stand.path(kind)
    vtn.told.changes.clear()
    changed = client.put(
        path, **(stand.body(kind, client) | {"clientName": "renamed", "eventName": "renamed"})
    )
    assert changed.status == 200
    for name in ("id", "createdDateTime", "objectType"):
        assert changed.json[name] == before[name]
    assert client.get(path).json == changed.json != before
    gone = client.delete(path)
    assert (gone.status, gone.json) == (200, changed.json)
    assert client.get(path).status == client.delete(path).status == 404
    assert client.get(PATHS[kind]).json == []
    told = [(each.operation, each.object.id) for each in vtn.told.changes]
    assert told[0] == ("UPDATE", before["id"])
    assert ("DELETE", before["id"]) in told


def test_what_a_client_spells_is_answered_so(stand: Furnished) -> None:
    """Now, for ever, equal durations and numbers come back as they were; any type and unit is legal."""
    made = stand.bl.made("/events", programID=stand.objects["PROGRAM"]["id"], **EVENT)
    assert made.items() >= EVENT.items()
    text = stand.bl.get(f"/events/{made['id']}").text
    assert '"values":[1,1.0,"a",true,{"x":1.5,"y":-2.0}]' in text


@pytest.mark.parametrize("kind", PATHS)
def test_a_null_is_as_if_it_were_not_there(stand: Furnished, kind: str) -> None:
    """Clients that send every optional field as null are answered what others are."""
    client = stand.bl if kind in {"PROGRAM", "EVENT"} else stand.ven
    names = (
        "intervalPeriod programDescriptions payloadDescriptors attributes targets eventName duration "
        "priority reportDescriptors intervals reportName id createdDateTime modificationDateTime"
    )
    body = stand.body(kind, client)
    made = client.made(PATHS[kind], **(dict.fromkeys(names.split()) | body))
    assert None not in made.values()


@pytest.mark.parametrize(("kind", "field"), [("PROGRAM", "programName"), ("VEN", "venName")])
def test_a_name_is_one_objects(stand: Furnished, kind: str, field: str) -> None:
    """Taken is 409, also by PUT; kept is no conflict; given up it is free."""
    bl, path = stand.bl, PATHS[kind]
    first = stand.objects[kind][field]
    body = stand.body(kind, bl)
    other = bl.made(path, **body)
    assert bl.post(path, **(body | {field: first})).status == 409
    refused = bl.put(f"{path}/{other['id']}", **(body | {field: first}))
    assert (refused.status, refused.json["detail"].partition(":")[0]) == (409, field)
    assert bl.put(f"{path}/{other['id']}", **body).status == 200
    assert bl.put(f"{path}/{other['id']}", **(body | {field: "third"})).status == 200
    assert bl.post(path, **body).status == 201
    assert bl.delete(stand.path(kind)).status == 200
    assert bl.post(path, **(body | {field: first})).status == 201


def test_a_resources_name_is_one_within_its_ven(stand: Furnished) -> None:
    """Another VEN may have a resource of that name."""
    ven = stand.ven
    again = {"resourceName": "meter", "venID": stand.objects["VEN"]["id"]}
    assert ven.post("/resources", **again).status == 409
    second = ven.made("/vens", venName="second")
    assert ven.post("/resources", **(again | {"venID": second["id"]})).status == 201
    assert ven.put(stand.path("RESOURCE"), resourceName="meter", venID=second["id"]).status == 409
    assert ven.post("/resources", resourceName="x").status == 400  # of which of the two?


def test_what_depends_on_an_object_goes_with_it(vtn: Vtn, stand: Furnished) -> None:
    """A program's events and a VEN's resources; a report stays, and is still of its program."""
    program = stand.objects["PROGRAM"]["id"]
    for _ in range(25):
        stand.bl.made("/events", programID=program)
    vtn.told.changes.clear()
    assert stand.bl.delete(stand.path("PROGRAM")).status == 200
    assert stand.bl.get("/events").json == []
    assert len([each for each in vtn.told.changes if each.operation == "DELETE"]) == 27
    assert vtn.told.changes[-1].object.id == program
    assert stand.ven.get("/reports", programID=program).ids == [stand.objects["REPORT"]["id"]]
    report = {"eventID": stand.objects["EVENT"]["id"], "clientName": "corrected", "resources": []}
    assert stand.ven.put(stand.path("REPORT"), **report).status == 200
    assert stand.ven.delete(stand.path("VEN")).status == 200
    assert stand.ven.get("/resources").json == stand.bl.get("/resources").json == []
    assert stand.ven.made("/vens", venName="ven")


def test_a_change_on_condition_is_made_to_what_was_read(stand: Furnished) -> None:
    """If-Match of another state is 412; of the state, or any, it is made; without it the last one wins."""
    path = stand.path("PROGRAM")
    old = stand.bl.get(path).headers["ETag"]
    new = stand.bl.put(path, {"if-match": old}, programName="b").headers["ETag"]
    assert new == stand.bl.get(path).headers["ETag"] != old
    assert stand.bl.put(path, {"if-match": old}, programName="c").status == 412
    assert stand.bl.delete(path, {"if-match": old}).status == 412
    assert stand.bl.get(path).json["programName"] == "b"
    assert stand.bl.put(path, {"if-match": "*"}, programName="c").status == 200
    assert stand.bl.put(path, programName="d").status == 200


def test_what_is_read_can_be_sent_back(stand: Furnished) -> None:
    """An object as it was answered, objectType and all, is a body of its PUT for whoever read it."""
    for kind in PATHS:
        for client in (stand.bl, stand.ven):
            answer = client.put(stand.path(kind), **client.get(stand.path(kind)).json)
            assert answer.status in {200, 403}
    for kind in ("VEN", "RESOURCE"):
        assert stand.bl.get(stand.path(kind)).json["clientID"] == "ven-1"


def test_an_untold_change_is_done(vtn: Vtn, stand: Furnished) -> None:
    """The queue fails after the write: the client is answered what was made."""
    vtn.told.error = RuntimeError("no queue")
    made = stand.bl.made("/programs", programName="quiet")
    assert stand.bl.get(f"/programs/{made['id']}").json == made


def test_no_token_and_no_body_is_in_the_log(
    vtn: Vtn, stand: Furnished, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Operation, status and client are."""
    stream = io.StringIO()
    for logger in (handler.logger, writing.logger):
        monkeypatch.setattr(logger.registered_handler, "stream", stream)
    stand.ven.made("/subscriptions", **subscription(clientName="bodyword"))
    stand.ven.post("/subscriptions", **subscription(programID="bodyword"))
    vtn.told.error = RuntimeError("bodyword")
    stand.ven.made("/subscriptions", **subscription())
    log = stream.getvalue()
    last = json.loads(log.splitlines()[-1])
    assert (last["operation"], last["status"], last["client_id"]) == ("createSubscription", 201, "ven-1")
    for word in ("secret-word", "bodyword", "Bearer", "write_subscriptions"):
        assert word not in log
