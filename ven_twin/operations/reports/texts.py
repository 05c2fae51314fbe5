"""The sentences of a report, the same on the terminal and on its page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from contracts.api.reports import Baseline, Delivered, EventReport, EventResult, Participation, VenReport
from ven_twin.webkit.formatting import (
    DASH,
    duration,
    energy,
    figure,
    kw,
    local,
    percent,
    period,
    power,
    printable,
    share,
    zone_named,
)

TITLES: dict[Baseline, str] = {
    "caiso_10_of_10": "CAISO 10 of 10",
    "residential_5_of_10": "residential 5 of 10",
    "pjm_3_day_types_saa": "PJM 3 day types",
    "nyiso_5_of_10": "NYISO 5 of 10",
    "weather_regression": "weather regression",
    "meter_before": "meter before",
    "clone": "house without events",
}
DIFFERENT_KW = 0.005
"""Powers that differ by less are written alike."""


def band(delivered: Delivered) -> str:
    """The 80 % band of the delivered power, kW; a dash where there is none."""
    if delivered.low_kw is None or delivered.high_kw is None:
        return DASH
    return f"{figure(delivered.low_kw)} … {figure(delivered.high_kw)}"


def site_zone(report: EventReport) -> tzinfo | None:
    """The time zone of the report's sites; None, for the reader's own, where that is not known here."""
    return zone_named(report.time_zone)


def event_time(report: EventReport) -> str:
    """The event's date and time at its sites, with their time zone."""
    zone = site_zone(report)
    start = local(report.start_ts, zone)
    name = start.tzname() or ""
    if zone is not None and name != report.time_zone:
        name = f"{name} ({report.time_zone})" if name.isalpha() else str(report.time_zone)
    lasted = report.end_ts > report.start_ts
    times = period(report.start_ts, report.end_ts, zone) if lasted else f"{start:%H:%M}"
    return f"{start:%a} {start.day} {start:%b %Y}, {times} {name}"


def headline(report: EventReport) -> str:
    """The outcome in a sentence or two: what was shed of what was requested, what is paid, and why."""
    settled, truth = delivered_by(report, report.settled_by), delivered_by(report, "clone")
    best = delivered_by(report, truth_of(report))
    if report.cancelled and report.end_ts <= report.start_ts:
        return "The event was cancelled before it started: nothing was shed for it."
    if best is None:
        return f"{power(report.requested_kw)} were requested. What was delivered is not known."
    who = report.vens[0].ven_id if len(report.vens) == 1 else "The fleet"
    by = "" if truth else f", by {TITLES[report.settled_by]}" if report.settled_by else ""
    text = f"{printable(who)} {_shed(report, best, by)}"
    if abs(report.dispatched_kw - report.requested_kw) >= DIFFERENT_KW:
        text += f"; {power(report.dispatched_kw)} were dispatched"
    if truth is not None and settled is not None and report.settled_by != "clone":
        text += f"; {_paid(report, settled, truth)}"
    return f"{text}.{_instead(report)}"


def result(of: EventResult, *, loads_up: bool) -> str:
    """The outcome of an event for a list: the delivered power and its share of the request."""
    if of.delivered_kw <= -DIFFERENT_KW:
        return f"drew {power(-of.delivered_kw)} {'less' if loads_up else 'more'}"
    of_request = share(of.delivered_kw, of.requested_kw)
    delivered = f"delivered {power(of.delivered_kw)}{' more' if loads_up else ''}"
    return delivered if of_request is None else f"{delivered}, {percent(of_request)}"


def truth_first(report: EventReport) -> list[tuple[Baseline, Delivered]]:
    """The deliveries as they are shown: the truth where it is known, and then the others."""
    return sorted(report.delivered.items(), key=lambda named: named[0] != "clone")


def delivered_by(report: EventReport | VenReport, baseline: Baseline | None) -> Delivered | None:
    """The delivery by *baseline*; None where it could not be worked out."""
    return report.delivered.get(baseline) if baseline is not None else None


def truth_of(report: EventReport) -> Baseline | None:
    """The baseline that a report shows as delivered: a twin's house without events, else what settles."""
    return report.shown_by


def _shed(report: EventReport, delivered: Delivered, by: str) -> str:
    """The delivered power beside the requested, its share, for how long and *by* which baseline."""
    requested, lasting = power(report.requested_kw), f"for {duration(report.end_ts - report.start_ts)}"
    if report.loads_up:
        return _drawn_more(report, delivered, f"{lasting}{by}")
    if delivered.delivered_kw <= -DIFFERENT_KW:
        more = power(-delivered.delivered_kw)
        return f"drew {more} more than without the event {lasting}{by}; {requested} less were requested"
    return (
        f"shed {kw(delivered.delivered_kw)} of {requested} requested{_share(report, delivered)} {lasting}{by}"
    )


def _drawn_more(report: EventReport, delivered: Delivered, how: str) -> str:
    """The power drawn on top in an event that requested more, beside the requested."""
    requested = power(report.requested_kw)
    if delivered.delivered_kw <= -DIFFERENT_KW:
        less = power(-delivered.delivered_kw)
        return f"drew {less} less than without the event {how}; {requested} more were requested"
    more = kw(delivered.delivered_kw)
    return f"drew {more} of {requested} more that were requested{_share(report, delivered)} {how}"


def _share(report: EventReport, delivered: Delivered) -> str:
    of_request = share(delivered.delivered_kw, report.requested_kw)
    return "" if of_request is None else f" ({percent(of_request)})"


def _paid(report: EventReport, settled: Delivered, truth: Delivered) -> str:
    """The power that is paid, and the reason where that is not what was shed."""
    whose = "the program's baseline" if report.settled_by == report.program_baseline else "the baseline"
    name = TITLES[report.settled_by or "clone"]
    if settled.delivered_kw <= -DIFFERENT_KW:
        paid = f"{whose}, {name}, pays nothing"
    else:
        paid = f"{whose}, {name}, pays for {power(settled.delivered_kw)}{_share(report, settled)}"
    away_kw = settled.baseline_kw - truth.baseline_kw
    if abs(away_kw) < DIFFERENT_KW:
        return paid
    side = "above" if away_kw > 0 else "below"
    return f"{paid}, because it is {power(abs(away_kw))} {side} what would have been drawn"


def _instead(report: EventReport) -> str:
    """The reason why another baseline settles than the program's; empty where it does."""
    meant, settled_by = report.program_baseline, report.settled_by
    if meant is None or settled_by is None or settled_by == meant:
        return ""
    title = TITLES[settled_by]
    why = printable(report.instead_because or "it cannot be worked out")
    return f" {title[0].upper()}{title[1:]} settles, since {TITLES[meant]} {why}."


def participation(people: Participation) -> str:
    """The VENs' participation, in a sentence or two."""
    reasons = ", ".join(f"{printable(reason)} {count}" for reason, count in sorted(people.reasons.items()))
    why = f" ({reasons})" if reasons else ""
    text = (
        f"VENs: {people.called} called, {people.answered} answered, {people.delivered} delivered half"
        f" or more, {people.opted_out} opted out{why}, {people.silent} sent nothing."
    )
    if people.slowest_response_s is not None:
        text += f" The slowest was active after {figure(people.slowest_response_s, 1)} s."
    return text


def energy_and_response(report: EventReport) -> str:
    """Energy and response, as measured or not yet; and data quality."""
    best = delivered_by(report, truth_of(report))
    unknown_yet = unknown(report)
    direction = "more" if report.loads_up else "less"
    saved = f"{energy(best.delivered_kwh)} kWh {direction} drawn" if best else unknown_yet
    people = report.participation
    waited_s = people.response_s if people else None
    response = f"{figure(waited_s, 1)} s (median)" if waited_s is not None else unknown_yet
    text = f"Energy: {saved}. Response: {response}."
    if report.quality is not None:
        coverage, gap = percent(report.quality.coverage), duration(report.quality.longest_gap_s)
        text += f" Telemetry covers {coverage} of the event, longest gap {gap}."
    return text


def unknown(report: EventReport) -> str:
    """The words for a figure that the report has not."""
    return "not measured yet" if report.preliminary else "not measured"


def settlement_status(report: EventReport) -> str:
    """Cancelled or not; final, or from when on it is made final."""
    status = "final"
    if report.preliminary:
        status = (
            f"preliminary; final by itself from {local(report.final_from_ts, site_zone(report)):%a %H:%M} on"
        )
    return f"cancelled, {status}" if report.cancelled else status


def ven_status(ven: VenReport) -> str:
    """A VEN's participation in a word or two; empty for one that answered."""
    if ven.end_ts <= ven.start_ts:
        return "not called"
    if ven.opted_out:
        return f"opted out: {printable(ven.opt_out_reason or DASH)}"
    if not ven.quality.rows:
        return "silent"
    return "" if ven.acknowledged else "no answer"


def coverage(ven: VenReport) -> float | None:
    """The share of a VEN's time in the event that is stored; None of one that had no time in it."""
    return ven.quality.coverage if ven.end_ts > ven.start_ts else None


def all_notes(report: EventReport, vens: Sequence[VenReport]) -> list[str]:
    """The notes on the report, its baselines and *vens*; one that several VENs share stands once."""
    by_note: dict[str, list[str]] = {}
    for ven in vens:
        for note in ven.notes:
            by_note.setdefault(note, []).append(ven.ven_id)
    of_vens = [
        f"{', '.join(ids) if len(ids) <= 3 else f'{len(ids)} VENs'}: {note}" for note, ids in by_note.items()
    ]
    of_baselines = [
        f"{TITLES[name]}: {note}" for name, delivered in truth_first(report) for note in delivered.notes
    ]
    return [printable(note) for note in (*report.notes, *of_baselines, *of_vens)]
