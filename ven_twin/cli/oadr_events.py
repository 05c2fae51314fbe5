"""``ven-twin oadr events``: the events of the VTN, and what became of each at the stage's own VENs."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.api.oadr_events import OadrEventState, OadrEventStatus
from ven_twin.cli.connection import JsonOption, with_aggregator
from ven_twin.cli.console import echo, print_json, refusals
from ven_twin.webkit.formatting import dated_clock

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.protocol import Aggregator

STATES = {
    OadrEventState.DISPATCHED: "dispatched",
    OadrEventState.NOT_ACTED_ON: "not acted on",
    OadrEventState.REFUSED: "refused",
    OadrEventState.WITHDRAWN: "withdrawn",
}
NONE = "The VTN has no events, or none that was looked at yet."


@with_aggregator
def list_oadr_events(
    *,
    limit: Annotated[int, typer.Option("--latest", min=1, help="So many events, the latest first.")] = 50,
    json_output: JsonOption = False,
    aggregator: Callable[[], Aggregator],
) -> None:
    """List the VTN's events: which are DR events of the stage's own VENs, and why the others are not.

    Examples:
        ven-twin oadr events
    """
    with refusals(json_output=json_output):
        events = tuple(islice(aggregator().oadr_events(), limit))
    if json_output:
        print_json(events)
        return
    if not events:
        echo(NONE)
        return
    now_ts = time.time()
    for event in events:
        named = ", ".join(
            filter(None, (event.event_name, event.program, dated_clock(event.changed_ts, now_ts)))
        )
        echo(f"{event.oadr_event_id}  {named}")
        echo(f"    {outcome_words(event)}")


def outcome_words(event: OadrEventStatus) -> str:
    """The state of an event in words: the reason why it is no DR event, or the id of the one that it is."""
    words = STATES[event.state]
    if event.reason is not None:
        return f"{words}: {event.reason}"
    if event.event_id is None or str(event.event_id) == event.oadr_event_id:
        return words
    return f"{words} as {event.event_id}"
