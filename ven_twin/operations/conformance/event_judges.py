"""The judges of events: a timeline in, a judgement out. Pure."""

from __future__ import annotations

from contracts.wire.events import Phase
from ven_twin.operations.conformance.judgement import (
    EVENT,
    RESTORE,
    CaseVerdict,
    Judgement,
    failed,
    not_applicable,
    not_shown,
    passed,
)
from ven_twin.operations.conformance.link_judges import reconnects
from ven_twin.operations.conformance.timeline import END_GRACE_S, ROW_S, ObservedEvent, Timeline, TrialEvent
from ven_twin.webkit.formatting import counted, power, span

DELIVERED_SHARE = 0.5
"""An event is obeyed from this share of the request. Source: `ven-twin up`, its main job."""
BY_SHADOW = (
    TrialEvent.SHADOW,
    TrialEvent.REVISED,
    TrialEvent.CANCELLED,
    TrialEvent.RESTORED,
    TrialEvent.OPTED_OUT,
)


def _acts(timeline: Timeline, trial: TrialEvent) -> Judgement:
    event = timeline.events.get(trial)
    if event is None:
        return not_shown("no event was made")
    if event.refusal is not None:
        return failed(f"not dispatched: {event.refusal}")
    if rows := timeline.rows_of(event):
        return passed(f"{counted(len(rows), 'row')} of it")
    if event.became_active or Phase.ACTIVE in event.phases:
        return passed("reported as active")
    return failed("no row, ack or reported state of it")


def _ends(timeline: Timeline, trial: TrialEvent) -> Judgement:
    """The VEN acted on the event of *trial* until its end and no longer."""
    event = timeline.events.get(trial)
    rows = timeline.rows_of(event) if event is not None else []
    if event is None or not rows:
        return not_shown("it was not seen to act on such an event")
    latest_ts = event.end_ts + END_GRACE_S + timeline.row_gap_s
    if event.faulty_end_ts <= latest_ts:
        return not_shown(f"the event was too short for rows every {span(timeline.row_gap_s)}")
    beyond_s = max(timeline.at_ts(row) for row in rows) - event.end_ts
    if event.end_ts + beyond_s > latest_ts:
        return failed(f"it still acted {span(beyond_s)} after the end")
    until_ts = timeline.ended_ts if timeline.marks_rows else event.seen_until_ts - ROW_S
    if not any(latest_ts < timeline.at_ts(row) <= until_ts for row in timeline.rows):
        return not_shown("no row came after the end")
    return passed("no row of it after the end")


def _refused(timeline: Timeline, name: str) -> bool:
    command = timeline.commands.get(name)
    return command is not None and command.ack is not None and not command.ack.ok


def acts_by_shadow(timeline: Timeline) -> Judgement:
    """It acted on an event of its shadow."""
    return _acts(timeline, TrialEvent.SHADOW)


def acts_by_command(timeline: Timeline) -> Judgement:
    """It acted on an event by command, unless it refuses these."""
    if _refused(timeline, EVENT):
        return not_applicable("it refuses events by command")
    return _acts(timeline, TrialEvent.COMMAND)


def delivers(timeline: Timeline) -> Judgement:
    """In each event that it acted on it shed half of the request at least."""
    shed = _most_shed(timeline)
    if not shed:
        return not_shown("it was not seen to act on an event")
    worst = min(shed, key=lambda pair: pair[1] - DELIVERED_SHARE * pair[0])
    seen = f"{power(worst[1])} of {power(worst[0])}"
    return passed(seen) if worst[1] >= DELIVERED_SHARE * worst[0] else failed(seen)


def _most_shed(timeline: Timeline) -> list[tuple[float, float]]:
    """Of each event in kW that it acted on: the request and the most that it shed, kW."""
    events = [
        timeline.events[trial]
        for trial in (TrialEvent.SHADOW, TrialEvent.COMMAND)
        if trial in timeline.events
    ]
    return [
        (event.requested_kw, max(row.shed_kw for row in rows))
        for event in events
        if (rows := timeline.rows_of(event))
    ]


def late(timeline: Timeline) -> Judgement:
    """It acted for the rest of an event that it learned of late, not for the whole of it."""
    return _ends(timeline, TrialEvent.SHADOW)


def duplicates(timeline: Timeline) -> Judgement:
    """A command that came twice did not lengthen the event."""
    return _ends(timeline, TrialEvent.COMMAND)


def revised(timeline: Timeline) -> Judgement:
    """It ended with the revision."""
    return _ends(timeline, TrialEvent.REVISED)


def cancelled(timeline: Timeline) -> Judgement:
    """It ended with the cancellation."""
    return _ends(timeline, TrialEvent.CANCELLED)


def restores(timeline: Timeline) -> Judgement:
    """It ended by `restore`, unless it refuses that."""
    if _refused(timeline, RESTORE):
        return not_applicable("it refuses restore")
    return _ends(timeline, TrialEvent.RESTORED)


def opts_out(timeline: Timeline) -> Judgement:
    """It left the event when it was opted out, if it knows opt-outs."""
    if TrialEvent.OPTED_OUT in timeline.events and not timeline.has_opt_out:
        return not_applicable("its shadow takes up no optOut")
    return _ends(timeline, TrialEvent.OPTED_OUT)


def picks_up(timeline: Timeline) -> Judgement:
    """It acted on an event that was created while it was not connected."""
    if reconnects(timeline).verdict is not CaseVerdict.PASSED:
        return not_shown("it was not disconnected and connected again: run with --offline")
    return _acts(timeline, TrialEvent.OFFLINE)


def acks_phases(timeline: Timeline) -> Judgement:
    """It acknowledged the start of each event of its shadow, by the correlation id of a phase."""
    events = [timeline.events[trial] for trial in BY_SHADOW if trial in timeline.events]
    acted = [event for event in events if timeline.rows_of(event) or event.became_active or event.phases]
    if not acted:
        return not_shown("it was not seen to act on an event of its shadow")
    silent = [event for event in acted if Phase.ACTIVE not in event.phases]
    if silent:
        return failed(f"no ack of the start of {len(silent)} of {counted(len(acted), 'event')}")
    odd = sum(not _is_phase_id(event, phase) for event in acted for phase in event.phases)
    if odd:
        return failed(f"{counted(odd, 'ack')} of a phase without event, revision and phase as its id")
    return passed(f"{counted(sum(len(event.phases) for event in acted), 'phase')} acknowledged")


def _is_phase_id(event: ObservedEvent, phase: str) -> bool:
    head, _, tail = event.phases[phase].removeprefix(f"{event.event_id}:").partition(":")
    return head.isdecimal() and int(head) <= event.revision and tail == phase


def marks_rows(timeline: Timeline) -> Judgement:
    """From the first row of an event to its last, every row has the event's id."""
    acted = [event for event in timeline.events.values() if timeline.rows_of(event)]
    if not acted:
        return not_shown("it was not seen to act on an event")
    if not timeline.marks_rows:
        return failed("no row has an eventId")
    bare = sum(_bare_rows(timeline, event) for event in acted)
    if bare:
        return failed(f"{counted(bare, 'row')} between rows of an event without its id")
    return passed(f"the rows of {counted(len(acted), 'event')} have its id")


def _bare_rows(timeline: Timeline, event: ObservedEvent) -> int:
    times = [row.timestamp for row in timeline.rows_of(event)]
    return sum(min(times) < row.timestamp < max(times) and row.event_id is None for row in timeline.rows)
