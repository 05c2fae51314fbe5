"""The judges of the conformance suite over timelines made by hand: a faulty VEN fails its case alone."""

from __future__ import annotations

import json
from collections.abc import Callable

import msgspec
import pytest

from contracts.errors import FieldError
from contracts.wire.ids import CorrelationId, EventId, VenId
from ven_twin.operations.conformance.cases import CASES, chosen_cases, judge, trials_of
from ven_twin.operations.conformance.judgement import (
    EVENT,
    OFFLINE_PING,
    PING,
    REFUSED,
    RESTORE,
    CaseVerdict,
)
from ven_twin.operations.conformance.report import ConformanceReport, conforms, page, summary
from ven_twin.operations.conformance.timeline import (
    ObservedAck,
    ObservedCommand,
    ObservedEvent,
    ObservedRow,
    PresenceChange,
    Timeline,
    TrialEvent,
)

BEGUN_TS = 1_800_000_000
REQUESTED_KW = 2.0
SPANS = {trial: (BEGUN_TS + 40 * index, BEGUN_TS + 40 * index + 20) for index, trial in enumerate(TrialEvent)}
"""Start and end of the event of each trial: 20 s long, one each 40 s."""
OFFLINE_TS = SPANS[TrialEvent.OFFLINE][0] - 10.0
ENDED_TS = BEGUN_TS + 40 * len(SPANS)
REQUIRED = {case.case_id for case in CASES if case.required}
replace = msgspec.structs.replace


def event_of(trial: TrialEvent) -> ObservedEvent:
    """An event with the acks of its phases; a VEN with the fault of the trial ends it 15 s later."""
    start_ts, end_ts = SPANS[trial]
    event_id = EventId(f"conform-{trial}")
    return ObservedEvent(
        event_id=event_id,
        requested_kw=REQUESTED_KW,
        start_ts=start_ts,
        end_ts=end_ts,
        faulty_end_ts=end_ts + 15,
        seen_until_ts=start_ts + 38,
        phases={} if trial is TrialEvent.COMMAND else {"active": f"{event_id}:0:active"},
        became_active=True,
    )


def row_at(timestamp: int) -> ObservedRow:
    """The row of a second: it sheds in the events, and has their ids."""
    trial = next((trial for trial, span in SPANS.items() if span[0] < timestamp <= span[1]), None)
    return ObservedRow(
        timestamp=timestamp,
        received_ts=timestamp + 0.7,
        boot_id="b",
        seq=timestamp - BEGUN_TS,
        shed_kw=REQUESTED_KW if trial else 0.0,
        event_id=f"conform-{trial}" if trial else None,
    )


def command(name: str, op: str, *, ok: bool = True) -> ObservedCommand:
    """A command that was answered within a second."""
    ack = ObservedAck(op=op, ok=ok, received_ts=BEGUN_TS + 1.0, has_reason=not ok)
    return ObservedCommand(
        op=op, correlation_id=CorrelationId(f"conform-{name}"), sent_ts=float(BEGUN_TS), ack=ack
    )


GOOD = Timeline(
    ven_id=VenId("ven-1"),
    begun_ts=BEGUN_TS,
    ended_ts=ENDED_TS,
    presences=(
        PresenceChange(seen_ts=BEGUN_TS, online=True, order=2),
        PresenceChange(seen_ts=OFFLINE_TS + 3, online=False, order=3),
        PresenceChange(seen_ts=OFFLINE_TS + 8, online=True, order=4),
    ),
    rows=tuple(row_at(timestamp) for timestamp in range(BEGUN_TS, ENDED_TS)),
    commands={
        PING: command(PING, "ping"),
        REFUSED: command(REFUSED, "setLoad", ok=False),
        EVENT: command(EVENT, "event"),
        RESTORE: command(RESTORE, "restore"),
        OFFLINE_PING: command(OFFLINE_PING, "ping"),
    },
    events={trial: event_of(trial) for trial in TrialEvent},
    report_interval_s=1.0,
    steady_ts=BEGUN_TS,
    offer_kw=5.0,
    has_reported=True,
    setting_applied=True,
    has_opt_out=True,
    offline_ts=OFFLINE_TS,
)


def verdicts(timeline: Timeline) -> dict[str, CaseVerdict]:
    """The verdict of each case."""
    return {result.case_id: result.verdict for result in judge(CASES, timeline)}


def with_rows(change: Callable[[ObservedRow], ObservedRow]) -> Timeline:
    """The good timeline with its rows changed."""
    return replace(GOOD, rows=tuple(change(row) for row in GOOD.rows))


def prolonged(trial: TrialEvent) -> Timeline:
    """A VEN that goes on with the event of *trial* for 15 s."""
    end_ts = SPANS[trial][1]
    return with_rows(
        lambda row: (
            replace(row, event_id=f"conform-{trial}", shed_kw=REQUESTED_KW)
            if end_ts < row.timestamp <= end_ts + 15
            else row
        )
    )


def with_commands(**commands: ObservedCommand) -> Timeline:
    """The good timeline with other commands."""
    return replace(GOOD, commands={**GOOD.commands, **commands})


def with_event(trial: TrialEvent, **fields: object) -> Timeline:
    """The good timeline with an event changed."""
    return replace(GOOD, events={**GOOD.events, trial: replace(GOOD.events[trial], **fields)})


def ignoring(trial: TrialEvent) -> Timeline:
    """A VEN that does nothing about the event of *trial*."""
    event_id = GOOD.events[trial].event_id
    rows = with_rows(
        lambda row: replace(row, event_id=None, shed_kw=0.0) if row.event_id == event_id else row
    )
    return replace(with_event(trial, phases={}, became_active=False), rows=rows.rows)


def test_a_ven_that_conforms_passes_every_case() -> None:
    """Every case can be passed, and is by what a VEN of the guide does."""
    assert {name: verdict for name, verdict in verdicts(GOOD).items() if verdict != "passed"} == {}


FAULTS = {
    "connect": replace(
        GOOD, presences=(), rows=(), events={}, setting_applied=None, commands={}, offline_ts=None
    ),
    "stay-connected": replace(
        GOOD, presences=(GOOD.presences[0], replace(GOOD.presences[0], seen_ts=BEGUN_TS + 9, order=4),
                         *(replace(presence, order=presence.order + 4) for presence in GOOD.presences[1:])),
    ),
    "reconnect": replace(GOOD, presences=GOOD.presences[:2]),
    "puback": with_commands(**{RESTORE: replace(GOOD.commands[RESTORE], answered_again=True)}),
    "shadow-reported": replace(GOOD, has_reported=False),
    "shadow-update": replace(GOOD, setting_applied=False),
    "offer": replace(GOOD, offer_kw=None),
    "ping": with_commands(**{PING: replace(GOOD.commands[PING], ack=None)}),
    "acks": with_commands(**{RESTORE: replace(GOOD.commands[RESTORE], ack=None)}),
    "refusal": with_commands(**{REFUSED: command(REFUSED, "setLoad")}),
    "event-shadow": ignoring(TrialEvent.SHADOW),
    "event-command": ignoring(TrialEvent.COMMAND),
    "event-delivered": with_rows(lambda row: replace(row, shed_kw=row.shed_kw * 0.4)),
    "event-late": prolonged(TrialEvent.SHADOW),
    "event-duplicate": prolonged(TrialEvent.COMMAND),
    "event-revised": prolonged(TrialEvent.REVISED),
    "event-cancelled": prolonged(TrialEvent.CANCELLED),
    "event-restore": prolonged(TrialEvent.RESTORED),
    "event-opt-out": prolonged(TrialEvent.OPTED_OUT),
    "event-offline": ignoring(TrialEvent.OFFLINE),
    "phases": with_event(TrialEvent.SHADOW, phases={"active": "conform-shadow:active"}),
    "telemetry-event": with_rows(
        lambda row: replace(row, event_id=None) if row.timestamp == SPANS[TrialEvent.REVISED][0] + 5 else row
    ),
    "telemetry-interval": replace(
        GOOD, rows=tuple(replace(row, seq=index) for index, row in enumerate(
            row for row in GOOD.rows if not 25 <= row.timestamp - BEGUN_TS <= 35))
    ),
    "telemetry-sequence": replace(GOOD, rows=GOOD.rows[:7] + GOOD.rows[8:]),
    "clock": with_rows(lambda row: replace(row, timestamp=row.timestamp - 60)),
}  # fmt: skip
"""A VEN with one fault, by the case that it fails."""
NEVER_FAIL = {"session"}
"""Cases that a VEN passes or has no use for."""


def test_every_case_has_its_planted_fault() -> None:
    """A case that no VEN fails would be none."""
    assert FAULTS.keys() == {case.case_id for case in CASES} - NEVER_FAIL


@pytest.mark.parametrize("case_id", FAULTS)
def test_a_faulty_ven_fails_its_case_and_no_other(case_id: str) -> None:
    """What cannot be shown any more for the fault's sake is not shown, and not failed."""
    results = judge(CASES, FAULTS[case_id])
    assert [result.case_id for result in results if result.verdict == "failed"] == [case_id]
    assert conforms(results) is (case_id not in REQUIRED)


def test_a_connected_ven_that_sends_no_row_fails_by_its_interval() -> None:
    """Silence is no telemetry that is in order."""
    assert verdicts(replace(GOOD, rows=()))["telemetry-interval"] == "failed"


UNMARKED = with_rows(lambda row: replace(row, event_id=None))


def test_a_ven_that_marks_no_rows_is_judged_by_what_it_sheds() -> None:
    """It fails the advised case of the marks, and every other case is shown."""
    assert {name for name, verdict in verdicts(UNMARKED).items() if verdict != "passed"} == {
        "telemetry-event"
    }
    on = prolonged(TrialEvent.CANCELLED)
    unmarked = replace(on, rows=tuple(replace(row, event_id=None) for row in on.rows))
    assert {name for name, verdict in verdicts(unmarked).items() if verdict != "passed"} == {
        "telemetry-event",
        "event-cancelled",
    }


def test_a_ven_may_refuse_what_it_does_not_do() -> None:
    """A refused command, an opt-out that is not taken up and a clean session are no faults."""
    refusing = with_commands(
        **{EVENT: command(EVENT, "event", ok=False), RESTORE: command(RESTORE, "restore", ok=False)},
        **{OFFLINE_PING: replace(GOOD.commands[OFFLINE_PING], ack=None)},
    )
    without = verdicts(replace(refusing, has_opt_out=False))
    not_applicable = {name for name, verdict in without.items() if verdict == "not applicable"}
    assert not_applicable == {"session", "event-command", "event-restore", "event-opt-out"}
    assert "failed" not in without.values()


def test_an_event_that_is_not_dispatched_fails_with_the_clouds_reason() -> None:
    """The maker reads which key to report; the ends of events cannot be shown."""
    refused = replace(
        ignoring(TrialEvent.SHADOW),
        events={
            TrialEvent.SHADOW: replace(event_of(TrialEvent.SHADOW), refusal="reports no offer", phases={})
        },
    )
    results = {result.case_id: result for result in judge(CASES, refused)}
    assert "reports no offer" in results["event-shadow"].seen
    assert results["event-late"].verdict == results["event-cancelled"].verdict == "not shown"


def test_an_end_is_not_judged_by_rows_that_are_too_seldom() -> None:
    """With a row each half minute, or none after the end, nobody sees whether 15 s too much were shed."""
    seldom = replace(GOOD, rows=GOOD.rows[::30])
    assert verdicts(seldom)["event-late"] == "not shown"
    until_its_end = tuple(row for row in GOOD.rows if row.timestamp <= SPANS[TrialEvent.SHADOW][1])
    assert verdicts(replace(GOOD, rows=until_its_end))["event-late"] == "not shown"


def test_without_a_disconnection_its_cases_are_not_shown() -> None:
    """A run without ``--offline`` neither passes nor fails them."""
    there = replace(
        GOOD,
        offline_ts=None,
        presences=GOOD.presences[:1],
    )
    events = {trial: event for trial, event in there.events.items() if trial is not TrialEvent.OFFLINE}
    not_shown = {name for name, v in verdicts(replace(there, events=events)).items() if v == "not shown"}
    assert not_shown == {"reconnect", "puback", "session", "event-offline"}


def test_cases_are_chosen_by_their_ids() -> None:
    """A run makes the events of its cases alone; an id that is none is refused."""
    assert [case.case_id for case in chosen_cases(["ping"])] == ["ping"]
    assert trials_of(chosen_cases(["event-late", "reconnect"]), offline=False) == {TrialEvent.SHADOW}
    assert trials_of(chosen_cases([]), offline=True) == set(TrialEvent)
    with pytest.raises(FieldError, match=r"--only.*none of acks, clock"):
        chosen_cases(["png"])


def test_a_report_is_a_page_and_json_with_every_case() -> None:
    """A maker hands in the page; a program reads the same as JSON."""
    results = judge(CASES, FAULTS["event-late"])
    report = ConformanceReport(
        ven_id=GOOD.ven_id,
        stage="local",
        begun_at="2026-11-27T19:00:00Z",
        ended_at="2026-11-27T19:02:00Z",
        conforms=conforms(results),
        cases=results,
    )
    text = page(report)
    assert "**Does not conform**: 25 passed, 1 failed" in text
    assert summary(results) == "25 passed, 1 failed"
    assert all(text.count(f"| {case.case_id} | ") == 1 for case in CASES)
    assert [case["id"] for case in json.loads(msgspec.json.encode(report))["cases"]] == [
        case.case_id for case in CASES
    ]
