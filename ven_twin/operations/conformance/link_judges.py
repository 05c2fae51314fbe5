"""The judges of connection, shadow, commands and telemetry: a timeline in, a judgement out. Pure."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from contracts.wire.telemetry import DERIVED_BOOT_ID
from ven_twin.operations.conformance.judgement import (
    OFFLINE_HINT,
    OFFLINE_PING,
    PING,
    REFUSED,
    CaseVerdict,
    Judgement,
    failed,
    not_applicable,
    not_shown,
    passed,
)
from ven_twin.operations.conformance.timeline import (
    LEAST_ROWS,
    SKEW_S,
    ObservedCommand,
    ObservedRow,
    Timeline,
)
from ven_twin.webkit.formatting import counted, figure, power, span

ANSWER_S = 10.0
"""A command is answered within this time. Source: `ven-twin cmd`, its default."""
GAP_INTERVALS, GAP_SLACK_S = 2.0, 2.0
"""A row may be late by an interval, and by the second that its time is cut to. Interpretation: ours."""
LEAST_WATCH_S = 30.0


def connects(timeline: Timeline) -> Judgement:
    """It was connected under its id as the client id."""
    if any(presence.online for presence in timeline.presences):
        return passed("recorded as connected under its id")
    if timeline.rows:
        return not_shown("its rows come, and AWS IoT told of no connection")
    return failed("never recorded as connected")


def stays_connected(timeline: Timeline) -> Judgement:
    """Its connection was not lost unless it was to be."""
    until_ts = timeline.ended_ts if timeline.offline_ts is None else timeline.offline_ts
    orders = {presence.order for presence in timeline.presences if presence.seen_ts <= until_ts}
    if not orders or not timeline.presences[0].online:
        return not_shown("it was not connected at the beginning")
    watched = span(until_ts - timeline.begun_ts)
    if len(orders) > 1:
        return failed(f"{counted(len(orders) - 1, 'change')} of its connection in {watched}")
    if until_ts - timeline.begun_ts < LEAST_WATCH_S:
        return not_shown(f"watched for {watched} alone")
    return passed(f"one connection throughout {watched}")


def reconnects(timeline: Timeline) -> Judgement:
    """After it was disconnected it came again by itself."""
    if timeline.offline_ts is None:
        return not_shown(OFFLINE_HINT)
    after = [presence for presence in timeline.presences if presence.seen_ts >= timeline.offline_ts]
    lost = next((presence for presence in after if not presence.online), None)
    if lost is None:
        return not_shown("it was not disconnected in time")
    back = next((presence for presence in after if presence.online and presence.seen_ts > lost.seen_ts), None)
    if back is None:
        return failed("it did not come again")
    return passed(f"connected again after {span(back.seen_ts - lost.seen_ts)}")


def acknowledges(timeline: Timeline) -> Judgement:
    """No command from before the reconnection was delivered, and answered, once more after it."""
    if reconnects(timeline).verdict is not CaseVerdict.PASSED:
        return not_shown("it shows after a reconnection: run with --offline")
    answered = [command for command in timeline.commands.values() if command.ack is not None]
    again = [command for command in answered if command.answered_again]
    if again:
        return failed(f"{counted(len(again), 'command')} answered once more after the reconnection")
    return passed(f"none of {counted(len(answered), 'command')} answered once more")


def resumes_session(timeline: Timeline) -> Judgement:
    """A command that was sent while it was not connected was answered later."""
    if reconnects(timeline).verdict is not CaseVerdict.PASSED:
        return not_shown(OFFLINE_HINT)
    command = timeline.commands.get(OFFLINE_PING)
    if command is not None and command.ack is not None:
        return passed("the command that was sent meanwhile was answered")
    return not_applicable("it begins a clean session: what was sent meanwhile did not reach it")


def reports_state(timeline: Timeline) -> Judgement:
    """Its shadow has a reported state."""
    if timeline.has_reported:
        return passed("its shadow has a reported state")
    return failed("its shadow has no reported state")


def applies_settings(timeline: Timeline) -> Judgement:
    """A desired setting came to be reported."""
    if timeline.setting_applied is None:
        return not_shown("no setting was desired")
    if timeline.setting_applied:
        return passed("a desired report_interval_seconds came to be reported")
    return failed("a desired report_interval_seconds was not reported")


def offers(timeline: Timeline) -> Judgement:
    """It reports how many kW it can shed."""
    if timeline.offer_kw is None:
        return failed("reports no metrics.shedAvailabilityKw in its shadow")
    return passed(f"{power(timeline.offer_kw)} on offer")


def answers_ping(timeline: Timeline) -> Judgement:
    """It answered a ping under the ping's correlation id."""
    command = timeline.commands.get(PING)
    if command is None:
        return not_shown("no ping was sent")
    if command.ack is None:
        return failed(f"no ack under its correlation id within {span(ANSWER_S)}")
    if command.ack.ok:
        return passed(f"answered after {figure(_answered_s(command), 1)} s")
    return failed("refused")


def answers_all(timeline: Timeline) -> Judgement:
    """It answered every other command, with that command's operation."""
    names = [name for name in timeline.commands if name not in {PING, OFFLINE_PING}]
    commands = [timeline.commands[name] for name in names]
    if not commands:
        return not_shown("no command was sent")
    missing = [command.op for command in commands if command.ack is None]
    if missing:
        return failed(f"no ack of {', '.join(missing)}")
    wrong = [command.op for command in commands if command.ack and command.ack.op != command.op]
    if wrong:
        return failed(f"the ack of {', '.join(wrong)} names another operation")
    return passed(f"{counted(len(commands), 'command')} answered")


def refuses(timeline: Timeline) -> Judgement:
    """It refused, with a reason, to switch a circuit that it does not have."""
    command = timeline.commands.get(REFUSED)
    if command is None or command.ack is None:
        return not_shown("no ack to judge")
    if command.ack.ok:
        return failed("it took a setLoad of a circuit that it does not have")
    if not command.ack.has_reason:
        return failed("refused without error or field")
    return passed("refused with its reason")


def _answered_s(command: ObservedCommand) -> float:
    return max(0.0, command.ack.received_ts - command.sent_ts) if command.ack else 0.0


def keeps_interval(timeline: Timeline) -> Judgement:
    """No two rows were further apart than the interval allows, while it was connected."""
    times = sorted(at_ts for row in timeline.rows if (at_ts := timeline.at_ts(row)) >= timeline.steady_ts)
    if timeline.offline_ts is not None:
        times = [at_ts for at_ts in times if at_ts <= timeline.offline_ts]
    if not timeline.rows and connects(timeline).verdict is CaseVerdict.PASSED:
        return failed("no row was stored")
    if len(times) < LEAST_ROWS:
        return not_shown("too few rows to judge")
    gap_s = max(later - earlier for earlier, later in pairwise(times))
    seen = f"{counted(len(times), 'row')}, at most {span(gap_s)} apart, of {span(timeline.interval_s)}"
    allowed_s = GAP_INTERVALS * timeline.interval_s + GAP_SLACK_S
    return passed(seen) if gap_s <= allowed_s else failed(seen)


def numbers_rows(timeline: Timeline) -> Judgement:
    """The rows of a boot have a bootId and a seq without a gap."""
    if not timeline.rows:
        return not_shown("no row was stored")
    boots = defaultdict[str, list[ObservedRow]](list)
    for row in timeline.rows:
        boots[row.boot_id].append(row)
    if DERIVED_BOOT_ID in boots:
        return failed("rows without bootId or seq: a lost one cannot be told")
    lost = sum(
        max(row.seq for row in rows) - min(row.seq for row in rows) + 1 - len(rows) for rows in boots.values()
    )
    if lost:
        return failed(f"{counted(lost, 'row')} missing by their seq")
    return passed(f"{counted(len(timeline.rows), 'row')} without a gap")


def tells_time(timeline: Timeline) -> Judgement:
    """Its clock is right to ten seconds."""
    if timeline.skew_s is None:
        return not_shown("no row was stored")
    seen = f"rows come {figure(timeline.skew_s, 1)} s after their time"
    return passed(seen) if abs(timeline.skew_s) <= SKEW_S else failed(seen)
