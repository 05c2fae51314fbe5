"""Reports that the stage has filed, for whoever reads them or is told of them."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.openadr.ids import STAGE_CLIENT
from contracts.store.vtn_changes import VtnChange
from contracts.store.vtn_keys import owned_key, shared_key
from contracts.wire import codec
from tests.support.joined_vtn import Joined, waiting
from tests.support.stage_reports import dispatched, drew, of_ven, over


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
    changes = [codec.decode(VtnChange, body.encode()) for body in waiting("CHANGES_QUEUE")]
    assert [(change.operation, change.object.client_id) for change in changes] == [  # type: ignore[union-attr]
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
