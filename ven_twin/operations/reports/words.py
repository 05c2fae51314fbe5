"""The words and numbers that every form of a report uses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from contracts.api.reports import Baseline, Delivered, EventReport, Participation, VenReport

TITLES: dict[Baseline, str] = {
    "caiso_10_of_10": "CAISO 10 of 10",
    "residential_5_of_10": "residential 5 of 10",
    "pjm_3_day_types_saa": "PJM 3 day types",
    "nyiso_5_of_10": "NYISO 5 of 10",
    "meter_before": "meter before",
    "clone": "uncurtailed clone",
}
DASH = "–"


def number(value: float | None, digits: int = 2) -> str:
    """A figure, or a dash where there is none; a minus sign, and no minus before nothing."""
    if value is None:
        return DASH
    text = f"{value:,.{digits}f}"
    return text.lstrip("-") if not text.strip("-0.,") else text.replace("-", "−")


def energy(value: float | None) -> str:
    """Energy, kWh: to the watt hour, a little to the tenth of it."""
    return number(value, 4 if value is not None and abs(value) < 0.1 else 3)


def share(delivered: float | None, asked: float) -> str:
    """What was delivered, in percent of what was asked."""
    return DASH if delivered is None or asked <= 0 else number(100 * delivered / asked, 0) + " %"


def percent(value: float | None, digits: int = 1) -> str:
    """A figure that is in percent already."""
    return DASH if value is None else f"{number(value, digits)} %"


def band(found: Delivered) -> str:
    """From and to, or a dash."""
    if found.low_kw is None or found.high_kw is None:
        return DASH
    return f"{number(found.low_kw)} … {number(found.high_kw)}"


def lasting(duration_s: float) -> str:
    """A duration in the units that one would say it in."""
    whole = round(duration_s)
    hours, rest = divmod(whole, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [f"{value} {unit}" for value, unit in ((hours, "h"), (minutes, "min"), (seconds, "s")) if value]
    return " ".join(parts[:2]) or "0 s"


def local(ts: float) -> datetime:
    """A time on the reader's clock."""
    return datetime.fromtimestamp(ts).astimezone()


def span(start_ts: float, end_ts: float) -> str:
    """From and to on the reader's clock; seconds only where they say something."""
    start, end = local(start_ts), local(end_ts)
    exact = "%H:%M" if start.second == end.second == 0 else "%H:%M:%S"
    far = "" if start.date() == end.date() else f"{end:%a} {end.day} {end:%b} "
    return f"{start:{exact}} to {far}{end:{exact}}"


def when(report: EventReport) -> str:
    """The event's day and time."""
    start = local(report.start_ts)
    zone = start.utcoffset() or timedelta(0)
    offset = "UTC" if not zone else f"UTC{start:%z}"
    return f"{start:%a} {start.day} {start:%b %Y}, {span(report.start_ts, report.end_ts)} {offset}"


def headline(report: EventReport) -> str:
    """What was asked and what came of it."""
    seconds = report.end_ts - report.start_ts
    asked = f"Asked {number(report.requested_kw)} kW for {lasting(seconds)}"
    if abs(report.dispatched_kw - report.requested_kw) >= 0.005:
        asked += f", called {number(report.dispatched_kw)} kW"
    if report.settled_by is None:
        return f"{asked}. What was delivered is not known."
    found = report.delivered[report.settled_by]
    return (
        f"{asked}. Delivered {number(found.delivered_kw)} kW "
        f"({share(found.delivered_kw, report.requested_kw)}), "
        f"{energy(found.delivered_kwh)} kWh, by {TITLES[report.settled_by]}."
    )


def took_part(people: Participation) -> str:
    """Who took part, in a sentence or two."""
    reasons = ", ".join(f"{printable(reason)} {count}" for reason, count in sorted(people.reasons.items()))
    why = f" ({reasons})" if reasons else ""
    words = (
        f"VENs: {people.called} called, {people.answered} answered, {people.delivered} delivered half"
        f" or more, {people.opted_out} opted out{why}, {people.silent} sent nothing."
    )
    if people.response_s is not None and people.slowest_response_s is not None:
        words += (
            f" Active after {people.response_s:.1f} s (median), at most {people.slowest_response_s:.1f} s."
        )
    return words


def after_and_data(report: EventReport) -> str:
    """Rebound and data quality."""
    words = []
    if report.rebound_kwh is not None:
        words.append(
            f"Drawn on top in the hour after, as far as stored: {number(report.rebound_kwh, 3)} kWh."
        )
    if report.quality is not None:
        gap = lasting(report.quality.longest_gap_s)
        words.append(f"Telemetry covers {report.quality.coverage:.0%} of the event, longest gap {gap}.")
    return " ".join(words)


def standing(report: EventReport) -> str:
    """Whether this is the last word."""
    if not report.preliminary:
        return "final"
    return f"preliminary; final when asked for from {local(report.final_from_ts):%a %H:%M} on"


def ven_state(ven: VenReport) -> str:
    """What there is to say of a VEN in a word or two."""
    if ven.end_ts <= ven.start_ts:
        return "not called"
    if ven.opted_out:
        return f"opted out: {printable(ven.opt_out_reason or DASH)}"
    if not ven.quality.rows:
        return "silent"
    return "" if ven.acknowledged else "no answer"


def all_notes(report: EventReport, vens: Sequence[VenReport]) -> list[str]:
    """The report's notes, then those of *vens*; what several say alike is said once."""
    said: dict[str, list[str]] = {}
    for ven in vens:
        for note in ven.notes:
            said.setdefault(note, []).append(ven.ven_id)
    by_ven = [
        f"{', '.join(ids) if len(ids) <= 3 else f'{len(ids)} VENs'}: {note}" for note, ids in said.items()
    ]
    own = [f"{TITLES[name]}: {note}" for name, found in report.delivered.items() for note in found.notes]
    return [printable(note) for note in (*report.notes, *own, *by_ven)]


def printable(text: str) -> str:
    """What a VEN said, without what would move a terminal's cursor."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)
