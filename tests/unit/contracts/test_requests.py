"""Requests and query strings at their bounds; the body that an event can be revised from."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contracts.api.parameters import FleetQuery, PageQuery, TelemetryQuery, VensQuery
from contracts.api.requests import DispatchEvent, Rotated, RotationOp, RotationRequest, event_etag
from contracts.api.resources import EventBody, EventSummary
from contracts.errors import FieldError
from contracts.wire import codec
from contracts.wire.events import Interval, Phase, Signal

INTERVALS = [{"durationS": 600, "signal": "shedKw", "value": 2}]


@pytest.mark.parametrize("query", [VensQuery, TelemetryQuery, PageQuery, FleetQuery])
def test_a_page_lists_between_one_and_a_thousand(query: type[Any]) -> None:
    """The bounds are allowed, one beyond them is refused by its name."""
    for limit in ("1", "1000"):
        assert codec.convert(query, {"limit": limit}, strict=False).limit == int(limit)
    for limit in ("0", "1001"):
        with pytest.raises(FieldError) as refusal:
            codec.convert(query, {"limit": limit}, strict=False)
        assert refusal.value.field == "limit"


def test_a_page_lists_a_hundred_and_the_fleet_a_thousand_unless_a_limit_is_named() -> None:
    """The fleet is one page as large as any; the other lists begin with a short one."""
    assert [query().limit for query in (VensQuery, TelemetryQuery, PageQuery)] == [100, 100, 100]
    assert FleetQuery().limit == 1000


@pytest.mark.parametrize("action", ["create", "redispatch"])
def test_an_etag_is_refused_where_no_caller_can_hold_one(action: str) -> None:
    """A new event has no etag yet, and a redispatch changes nothing that the etag stands for."""
    request = {"action": action, "eventId": "e1", "intervals": INTERVALS}
    assert codec.convert(DispatchEvent, request).action == action
    with pytest.raises(FieldError) as refusal:
        codec.convert(DispatchEvent, {**request, "ifMatch": "0123456789abcdef"})
    assert refusal.value.field == "ifMatch"


@pytest.mark.parametrize("action", ["revise", "cancel", "delete"])
def test_a_change_can_be_made_on_condition_of_an_etag(action: str) -> None:
    """The etag is passed on as it is."""
    request = {"action": action, "eventId": "e1", "intervals": INTERVALS, "ifMatch": "0123456789abcdef"}
    assert codec.convert(DispatchEvent, request).if_match == "0123456789abcdef"


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"action": "create"}, "intervals"),
        ({"action": "revise", "eventId": "e1"}, "intervals"),
        *(
            ({"action": action, "intervals": INTERVALS}, "eventId")
            for action in ("revise", "cancel", "delete", "redispatch")
        ),
    ],
)
def test_an_action_without_what_it_needs_is_refused(request_: dict[str, Any], field: str) -> None:
    """Intervals to create and revise, an id for every event that there is already."""
    with pytest.raises(FieldError) as refusal:
        codec.convert(DispatchEvent, request_)
    assert refusal.value.field == field


def test_a_cancellation_needs_no_intervals() -> None:
    """The id says all."""
    assert codec.convert(DispatchEvent, {"action": "cancel", "eventId": "e1"}).intervals == ()


@pytest.mark.parametrize(
    ("field", "allowed", "refused"),
    [
        ("priority", (0, 1_000_000), (-1, 1_000_001)),
        ("randomizeStartS", (0, 3600), (-1, 3601)),
        ("targets", ([], ["v"] * 10_000), (["v"] * 10_001,)),
        ("ifMatch", ("e", "e" * 64), ("", "e" * 65)),
    ],
)
def test_a_request_is_held_to_its_bounds(
    field: str, allowed: tuple[Any, ...], refused: tuple[Any, ...]
) -> None:
    """What lies on a bound is allowed, what lies beyond is refused by its name."""
    request = {"action": "revise", "eventId": "e1", "intervals": INTERVALS}
    for value in allowed:
        codec.convert(DispatchEvent, {**request, field: value})
    for value in refused:
        with pytest.raises(FieldError) as refusal:
            codec.convert(DispatchEvent, {**request, field: value})
        assert refusal.value.field.startswith(field)


def test_an_event_gives_the_body_that_a_revision_replaces() -> None:
    """All that an operator can request of it, and nothing that is computed."""
    body = EventBody(
        intervals=(Interval(duration_s=600, signal=Signal.SHED_KW, value=2.0),),
        start_ts=1_800_000_000,
        targets=("north",),
        priority=3,
        randomize_start_s=60,
        program="summer",  # type: ignore[arg-type] - as an id of a program
        allocation="proportional",
    )
    fields = {name: getattr(body, name) for name in body.__struct_fields__}
    summary = EventSummary(
        event_id="e1",  # type: ignore[arg-type] - as an id of an event
        etag="t", phase=Phase.FAR, revision=1, end_ts=1_800_000_600, created_ts=0.0, **fields,
    )  # fmt: skip
    assert summary.body == body
    assert msgspec.convert(msgspec.to_builtins(summary.body), EventBody) == body


def test_a_rotation_that_tells_nothing_did_nothing() -> None:
    """No VEN was begun, finished, left or failed; and it is no refusal."""
    assert msgspec.to_builtins(Rotated()) == {
        **dict.fromkeys(("certificateId", "changedOver", "certificatesOffS", "connectionEndedS", "ofStack")),
        **dict.fromkeys(("begun", "finished", "failed", "left", "collected"), 0),
        "ok": True,
    }


@pytest.mark.parametrize("op", RotationOp)
def test_every_rotation_but_a_sweep_is_of_a_ven(op: RotationOp) -> None:
    """Without one it cannot be read; a sweep can, and has none to give."""
    assert codec.convert(RotationRequest, {"op": op, "venId": "ven-1"}).of_ven() == "ven-1"
    request = {"op": op}
    if op is RotationOp.SWEEP:
        with pytest.raises(FieldError, match="venId"):
            codec.convert(RotationRequest, request).of_ven()
        return
    with pytest.raises(FieldError, match="venId"):
        codec.convert(RotationRequest, request)


def test_an_etag_changes_with_the_request_the_edition_and_a_cancellation() -> None:
    """Sixteen signs of the digest; the first edition has no number."""
    digest = "0123456789abcdef0123"
    assert event_etag(digest, 0, cancelled=False) == "0123456789abcdef"
    assert event_etag(digest, 2, cancelled=False) == "0123456789abcdef-2"
    assert event_etag(digest, 1, cancelled=True) == "0123456789abcdef-1-c"
