"""``ven-twin oadr events``: what a person reads of the VTN's events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

import pytest

from contracts.api.oadr_events import OadrEventState, OadrEventStatus
from contracts.openadr.ids import ObjectId
from contracts.wire.ids import EventId, ProgramId
from ven_twin.cli.oadr_events import NONE, list_oadr_events

COMMAND = cast("Any", list_oadr_events).__wrapped__


class ListedEvents:
    """A cloud side with these events of a VTN."""

    def __init__(self, *events: OadrEventStatus) -> None:
        self.events = events

    def oadr_events(self) -> Iterator[OadrEventStatus]:
        """Them."""
        return iter(self.events)


def status(object_id: str, state: OadrEventState, reason: str | None = None, **more: Any) -> OadrEventStatus:
    """An event of the program peak."""
    return OadrEventStatus(
        oadr_event_id=ObjectId(object_id),
        program=ProgramId("peak"),
        state=state,
        reason=reason,
        changed_ts=1_800_000_000.0,
        **more,
    )


EVENTS = (
    status("e3", OadrEventState.NOT_ACTED_ON, "it is over", event_name="heat"),
    status("e2", OadrEventState.DISPATCHED, event_id=EventId("e2")),
    status("e1", OadrEventState.DISPATCHED, event_id=EventId("e1-2")),
)


def run(*events: OadrEventStatus, limit: int = 50, json_output: bool = False) -> None:
    """Run it."""
    COMMAND(aggregator=lambda: ListedEvents(*events), limit=limit, json_output=json_output)


def test_each_event_says_what_became_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Its name, its program, and the reason or the DR event where that has another id."""
    run(*EVENTS)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("e3  heat, peak, ")
    assert [line.strip() for line in lines[1::2]] == [
        "not acted on: it is over",
        "dispatched",
        "dispatched as e1-2",
    ]


def test_no_more_events_are_listed_than_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """The latest of them; all fields as JSON."""
    run(*EVENTS, limit=1, json_output=True)
    (only,) = json.loads(capsys.readouterr().out)
    assert (only["oadrEventId"], only["state"], only["reason"]) == ("e3", "notActedOn", "it is over")


def test_without_events_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """In a sentence, and not as an empty table."""
    run()
    assert capsys.readouterr().out.strip() == NONE
