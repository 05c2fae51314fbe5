"""The sentences of a report, the same on the terminal and on its page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from contracts.api.reports import Baseline, Delivered, EventReport, Participation, VenReport
from ven_twin.webkit.formatting import (
    DASH,
    duration,
    energy,
    figure,
    local,
    percent,
    period,
    power,
    printable,
    share,
)

TITLES: dict[Baseline, str] = {
    "caiso_10_of_10": "CAISO 10 of 10",
    "residential_5_of_10": "residential 5 of 10",
    "pjm_3_day_types_saa": "PJM 3 day types",
    "nyiso_5_of_10": "NYISO 5 of 10",
    "weather_regression": "weather regression",
    "meter_before": "meter before",
    "clone": "uncurtailed house",
}
DIFFERENT_KW = 0.005
"""Powers that differ by less are written alike."""


def band(delivered: Delivered) -> str:
    """The 80 % band of the delivered power, kW; a dash where there is none."""
    if delivered.low_kw is None or delivered.high_kw is None:
        return DASH
    return f"{figure(delivered.low_kw)} … {figure(delivered.high_kw)}"


def event_time(report: EventReport) -> str:
    """The event's local date and time, with the offset from UTC."""
    start = local(report.start_ts)
    zone = start.utcoffset() or timedelta(0)
    offset = "UTC" if not zone else f"UTC{start:%z}"
    return f"{start:%a} {start.day} {start:%b %Y}, {period(report.start_ts, report.end_ts)} {offset}"


def headline(report: EventReport) -> str:
    """Requested, dispatched and delivered, in two sentences."""
    request = f"Requested {power(report.requested_kw)} for {duration(report.end_ts - report.start_ts)}"
    if abs(report.dispatched_kw - report.requested_kw) >= DIFFERENT_KW:
        request += f", dispatched {power(report.dispatched_kw)}"
    if report.settled_by is None:
        return f"{request}. The delivered power is not known."
    delivered = report.delivered[report.settled_by]
    return (
        f"{request}. Delivered {power(delivered.delivered_kw)} "
        f"({percent(share(delivered.delivered_kw, report.requested_kw))}), "
        f"{energy(delivered.delivered_kwh)} kWh, by {TITLES[report.settled_by]}."
    )


def participation(people: Participation) -> str:
    """The VENs' participation, in a sentence or two."""
    reasons = ", ".join(f"{printable(reason)} {count}" for reason, count in sorted(people.reasons.items()))
    why = f" ({reasons})" if reasons else ""
    text = (
        f"VENs: {people.called} called, {people.answered} answered, {people.delivered} delivered half"
        f" or more, {people.opted_out} opted out{why}, {people.silent} sent nothing."
    )
    if people.response_s is not None and people.slowest_response_s is not None:
        median, most = figure(people.response_s, 1), figure(people.slowest_response_s, 1)
        text += f" Active after {median} s (median), at most {most} s."
    return text


def rebound_and_data(report: EventReport) -> str:
    """Rebound and data quality."""
    sentences = []
    if report.rebound_1h_kwh is not None:
        rebound = figure(report.rebound_1h_kwh, 3)
        sentences.append(f"Rebound in the hour after, as far as stored: {rebound} kWh.")
    if report.quality is not None:
        coverage, gap = percent(report.quality.coverage), duration(report.quality.longest_gap_s)
        sentences.append(f"Telemetry covers {coverage} of the event, longest gap {gap}.")
    return " ".join(sentences)


def settlement_status(report: EventReport) -> str:
    """Cancelled or not; final, or from when on the final report can be made."""
    status = "final"
    if report.preliminary:
        status = f"preliminary; final when requested from {local(report.final_from_ts):%a %H:%M} on"
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
        f"{TITLES[name]}: {note}" for name, delivered in report.delivered.items() for note in delivered.notes
    ]
    return [printable(note) for note in (*report.notes, *of_baselines, *of_vens)]
