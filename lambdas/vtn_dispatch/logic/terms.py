"""An event of the VTN as a request to dispatch it to the stage's own VENs, or the reason for none. Pure.

    event ──▶ intervals that are acted on? ──▶ not over? ──▶ targets of ours? ──▶ DispatchEvent
                 │ no                           │ no           │ no
                 └──────────────── a reason in words ──────────┘

A target of OpenADR is a free string. One that is the id of a VEN of this stage, or the name of a group, is
that; and so are the VENs of OpenADR in the fleet that are granted it. An event without targets is for every
VEN.
"""

from __future__ import annotations

from collections.abc import Collection
from math import inf
from typing import NamedTuple

from contracts.api.oadr_programs import program_id_of, sharing_rules
from contracts.api.requests import DispatchEvent
from contracts.errors import FieldError
from contracts.openadr.dr_events import NotActedOn, actionable
from contracts.openadr.objects import OadrEvent, OadrProgram
from contracts.openadr.times import read_date_time
from contracts.wire.ids import EVENT_ID, VEN_ID, EventId, VenId

NO_TARGETS = "none of its targets is a VEN or a group of this stage"
LOOK_AGAIN_S = 300.0
"""For a target that is no VEN and no group yet."""
NO_SIGNAL_AGAIN_S = 3600.0
"""A window without a signal is followed by another, which may have one."""


class Wanted(NamedTuple):
    """The *request* to dispatch an event; None for the *reason* that there is none.

    At *renew_ts*, UTC s, it is to be looked at again though it does not change; None for never.
    """

    request: DispatchEvent | None = None
    reason: str | None = None
    renew_ts: float | None = None


def named_targets(event: OadrEvent) -> frozenset[str]:
    """The targets of *event* that can be a VEN's id or a group's name."""
    return frozenset(target for target in event.targets or () if VEN_ID.fullmatch(target))


def wanted(
    event: OadrEvent,
    program: OadrProgram,
    ours: Collection[str],
    granted: Collection[VenId] = (),
    *,
    now_ts: float,
) -> Wanted:
    """The request that *event* is at *now_ts*.

    *ours* are its targets that are VENs or groups of the stage, *granted* the VENs of OpenADR that read it.
    Its now is its making. The request has no event id yet.
    """
    try:
        rules = sharing_rules(program.attributes)
    except FieldError as error:
        return Wanted(reason=f"its program's {error}")
    made_ts = read_date_time(event.created_date_time)
    made = actionable(
        event,
        program,
        event_id=EventId("e"),
        ven_id=None,
        read_ts=now_ts if made_ts is None else made_ts,
        now_ts=now_ts,
    )
    if isinstance(made, NotActedOn):
        again = now_ts + NO_SIGNAL_AGAIN_S if made is NotActedOn.NO_SIGNAL and event.intervals else None
        return Wanted(reason=made.value, renew_ts=again)
    dr_event = made.event
    renew_ts = None if made.renew_ts == inf else made.renew_ts
    if dr_event.end_ts + dr_event.randomize_start_s <= now_ts:
        return Wanted(reason=NotActedOn.OVER.value, renew_ts=renew_ts)
    if event.targets and not ours and not granted:
        return Wanted(reason=NO_TARGETS, renew_ts=now_ts + LOOK_AGAIN_S)
    return Wanted(
        DispatchEvent(
            start_ts=dr_event.start_ts,
            intervals=dr_event.intervals,
            targets=(*(target for target in event.targets or () if target in ours), *sorted(granted)),
            priority=dr_event.priority,
            randomize_start_s=dr_event.randomize_start_s,
            program=program_id_of(program),
            allocation=rules.allocation,
        ),
        renew_ts=renew_ts,
    )


def nth_event_id(first: EventId, generation: int) -> EventId:
    """The id of the DR event that follows on *generation* others, all of which have ended.

    Interpretation: a DR event that was cancelled stays so, and a VTN may change an event after that.
    """
    if not generation:
        return first
    ending = f"-{generation + 1}"
    name = f"{first[: 64 - len(ending)]}{ending}"
    return EventId(name if EVENT_ID.fullmatch(name) else first)
