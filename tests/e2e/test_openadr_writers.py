"""Many who write to the VTN at one time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.support.outside_vtn import OutsideStand, route_at

WRITERS = 16


def test_events_that_are_made_at_one_time_are_all_made(stand: OutsideStand) -> None:
    """Each change of events writes the same version, and nobody is sent away for it."""
    route, program = route_at("POST", "/events"), stand.objects["PROGRAM"]["id"]

    def make(number: int) -> Any:
        return stand.bl.call(route, json={"programID": program, "eventName": f"event {number}"})

    with ThreadPoolExecutor(WRITERS) as pool:
        answers = list(pool.map(make, range(WRITERS)))
    made = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    try:
        assert [answer.status_code for answer in answers] == [201] * WRITERS
        assert set(made) <= {event["id"] for event in stand.bl.get("/events", programID=program)}
    finally:
        for event_id in made:
            stand.gone(route, event_id)
