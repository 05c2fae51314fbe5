"""The cases: id, requirement, source, judge, and the trials that show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from contracts.errors import FieldError
from ven_twin.operations.conformance import event_judges, link_judges
from ven_twin.operations.conformance.judgement import CaseVerdict, Judge
from ven_twin.operations.conformance.timeline import Timeline, TrialEvent

ADVISOR = "AWS IoT Device Advisor, "
GUIDE = "docs/guides/bring-your-own-ven.md"
WIRE = "docs/reference/wire.md"


class Case(msgspec.Struct, frozen=True):
    """One case.

    Attributes:
        case_id: its name in reports and for `--only`.
        required: whether a VEN that fails it fails the suite.
        requirement: one sentence.
        source: where the requirement is from.
        judge: the verdict over a timeline.
        trials: the events that show it.
    """

    case_id: str
    required: bool
    requirement: str
    source: str
    judge: Judge
    trials: tuple[TrialEvent, ...] = ()


class CaseResult(msgspec.Struct, frozen=True, rename="camel"):
    """A case with its verdict, for the report."""

    case_id: str = msgspec.field(name="id")
    required: bool
    requirement: str
    source: str
    verdict: CaseVerdict
    seen: str


_BOTH = (TrialEvent.SHADOW, TrialEvent.COMMAND)
CASES: tuple[Case, ...] = (
    Case(
        "connect",
        True,
        "The VEN connects by TLS with its certificate, and its client id is its VEN id.",
        f"{ADVISOR}TLS Connect, MQTT Connect",
        link_judges.connects,
    ),
    Case(
        "stay-connected",
        True,
        "The VEN stays connected by its keep-alive.",
        f"{ADVISOR}MQTT Long Duration, MQTT Ping",
        link_judges.stays_connected,
    ),
    Case(
        "reconnect",
        True,
        "A VEN that was disconnected connects again by itself.",
        f"{ADVISOR}MQTT Connect Jitter Retries, MQTT Reconnect Backoff Retries On Unstable Connection",
        link_judges.reconnects,
        (TrialEvent.OFFLINE,),
    ),
    Case(
        "puback",
        True,
        "What the VEN has answered is not delivered to it again: QoS 1 messages have their PUBACK.",
        f"{ADVISOR}MQTT Publish QoS 1, MQTT Subscribe",
        link_judges.acknowledges,
        (TrialEvent.OFFLINE,),
    ),
    Case(
        "session",
        False,
        "With a persistent session, what was sent while the VEN was away is answered when it is back.",
        f"{ADVISOR}MQTT Persistent Session",
        link_judges.resumes_session,
        (TrialEvent.OFFLINE,),
    ),
    Case(
        "shadow-reported",
        True,
        "The VEN publishes its state to its shadow.",
        f"{ADVISOR}Shadow Publish Reported State",
        link_judges.reports_state,
    ),
    Case(
        "shadow-update",
        False,
        "A desired setting that differs is applied and reported.",
        f"{ADVISOR}Shadow Update Reported State",
        link_judges.applies_settings,
    ),
    Case(
        "offer",
        True,
        "The VEN reports how many kW it can shed, without which it is in no event in kW.",
        f"{GUIDE}#events-from-the-shadow",
        link_judges.offers,
    ),
    Case(
        "ping",
        True,
        "A command is answered within 10 s, under its correlation id.",
        f"{GUIDE}#commands-and-acks",
        link_judges.answers_ping,
    ),
    Case(
        "acks",
        True,
        "Each command has an ack of its operation, a refused one too.",
        f"{GUIDE}#commands-and-acks",
        link_judges.answers_all,
    ),
    Case(
        "refusal",
        True,
        "A command that cannot be carried out is refused by its ack, with the reason.",
        f"{WIRE}#commands",
        link_judges.refuses,
    ),
    Case(
        "event-shadow",
        True,
        "The VEN acts on an event that its shadow desires.",
        f"{GUIDE}#events-from-the-shadow",
        event_judges.acts_by_shadow,
        (TrialEvent.SHADOW,),
    ),
    Case(
        "event-command",
        False,
        "The VEN acts on an event that comes by command, or refuses it.",
        f"{WIRE}#commands",
        event_judges.acts_by_command,
        (TrialEvent.COMMAND,),
    ),
    Case(
        "event-delivered",
        True,
        "In an event the VEN sheds half of the request at least, by its own telemetry.",
        f"{GUIDE}#telemetry",
        event_judges.delivers,
        _BOTH,
    ),
    Case(
        "event-late",
        True,
        "An event that is learned of late lasts for the rest of it, never for the whole.",
        f"{GUIDE}#events-from-the-shadow",
        event_judges.late,
        (TrialEvent.SHADOW,),
    ),
    Case(
        "event-duplicate",
        True,
        "The same command twice has one outcome: the event ends when it would have ended.",
        f"{WIRE}#commands",
        event_judges.duplicates,
        (TrialEvent.COMMAND,),
    ),
    Case(
        "event-revised",
        True,
        "A higher revision replaces a lower one, in the event too.",
        f"{WIRE}#event",
        event_judges.revised,
        (TrialEvent.REVISED,),
    ),
    Case(
        "event-cancelled",
        True,
        "A cancelled event is over at once, and what was shed is given back.",
        f"{WIRE}#event",
        event_judges.cancelled,
        (TrialEvent.CANCELLED,),
    ),
    Case(
        "event-restore",
        True,
        "`restore` ends the event, unless the VEN refuses it.",
        f"{WIRE}#commands",
        event_judges.restores,
        (TrialEvent.RESTORED,),
    ),
    Case(
        "event-opt-out",
        True,
        "A VEN that takes up an opt-out leaves the event.",
        f"{WIRE}#opt-out",
        event_judges.opts_out,
        (TrialEvent.OPTED_OUT,),
    ),
    Case(
        "event-offline",
        True,
        "An event that was created while the VEN was away is taken up when it is back.",
        f"{GUIDE}#events-from-the-shadow",
        event_judges.picks_up,
        (TrialEvent.OFFLINE,),
    ),
    Case(
        "phases",
        False,
        "Each phase that an event enters is acknowledged, under `{eventId}:{revision}:{phase}`.",
        f"{GUIDE}#events-from-the-shadow",
        event_judges.acks_phases,
        (TrialEvent.SHADOW,),
    ),
    Case(
        "telemetry-event",
        False,
        "Every row of an event has its id.",
        f"{GUIDE}#telemetry",
        event_judges.marks_rows,
        _BOTH,
    ),
    Case(
        "telemetry-interval",
        True,
        "Rows come at the interval that the shadow reports, or every 30 s.",
        f"{GUIDE}#telemetry",
        link_judges.keeps_interval,
    ),
    Case(
        "telemetry-sequence",
        False,
        "Rows have a bootId and a seq without a gap, so that a lost one can be told.",
        f"{WIRE}#telemetry",
        link_judges.numbers_rows,
    ),
    Case(
        "clock",
        True,
        "The VEN's clock is right to 10 s.",
        f"{WIRE}#telemetry",
        link_judges.tells_time,
    ),
)
"""Every case, in the order of the report."""


def chosen_cases(names: Sequence[str]) -> tuple[Case, ...]:
    """The cases of *names*; all of them without any. Raises FieldError for a name that is none."""
    ids = {case.case_id for case in CASES}
    for name in names:
        if name not in ids:
            raise FieldError("--only", f"{name!r} is none of {', '.join(sorted(ids))}")
    return tuple(case for case in CASES if not names or case.case_id in names)


def trials_of(cases: Iterable[Case], *, offline: bool) -> set[TrialEvent]:
    """The events that show *cases*; the one for a disconnected VEN only when *offline*."""
    trials = {trial for case in cases for trial in case.trials}
    return trials if offline else trials - {TrialEvent.OFFLINE}


def judge(cases: Iterable[Case], timeline: Timeline) -> list[CaseResult]:
    """The verdict of each case over *timeline*."""
    results = []
    for case in cases:
        verdict, seen = case.judge(timeline)
        results.append(CaseResult(case.case_id, case.required, case.requirement, case.source, verdict, seen))
    return results
