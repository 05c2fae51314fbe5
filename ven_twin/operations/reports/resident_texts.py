"""The sentences of a report on what followed an event, what cut it, and what it was to the residents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

from contracts.api.aftermath import Aftermath, CircuitReport, Cut, CutKind
from contracts.api.reports import EventReport
from ven_twin.house.tariff import Tariff
from ven_twin.operations.reports.money import bought_kwh, event_money, money
from ven_twin.operations.reports.texts import site_zone, unknown
from ven_twin.webkit.formatting import (
    counted,
    energy,
    figure,
    local,
    opt_out_reason,
    period,
    printable,
)

MOST_CUT_VENS = 8
"""VENs whose parts were cut are named up to so many."""
CIRCUITS_NOTE = (
    "By the word of the VENs. {} is against the same circuit without the event, over it; at the start is "
    "what was {} what the circuit drew or was about to draw."
)


def aftermath(report: EventReport) -> list[str]:
    """Rebound and payback, each with the time that it counts; the hour after it of an older report."""
    if report.rebound_4h is None and report.payback_24h is None:
        if report.rebound_1h_kwh is None:
            return [f"Rebound: {unknown(report)}."]
        return [f"Rebound: {figure(report.rebound_1h_kwh, 3)} kWh in the hour after."]
    return [
        f"{name} ({hours} h): {aftermath_text(report, tail, from_ts)}."
        for name, hours, tail, from_ts in aftermath_tails(report)
    ]


def aftermath_tails(report: EventReport) -> list[tuple[str, int, Aftermath, int]]:
    """Rebound and payback: name, hours, what was counted, and from when it is counted on, UTC s."""
    from_ts = report.final_from_ts if report.preliminary else report.payback_from_ts
    named = (
        ("Rebound", 4, report.rebound_4h, from_ts),
        ("Payback", 24, report.payback_24h, report.payback_from_ts),
    )
    return [(name, hours, tail, from_ts) for name, hours, tail, from_ts in named if tail is not None]


def aftermath_text(report: EventReport, tail: Aftermath, from_ts: int) -> str:
    """The energy above the house without events, and until when it was counted where that is not all."""
    amount = unknown(report)
    if tail.kwh is not None:
        side = "below" if tail.kwh < 0 else "above"
        amount = f"{energy(abs(tail.kwh))} kWh {side} the house without events"
    state = aftermath_state(report, tail) if tail.kwh is not None else ""
    if not state:
        return amount
    on = f"; counted on from {_time(from_ts, report, site_zone(report))}" if _goes_on(report, tail) else ""
    return f"{amount}, {state}{on}"


def aftermath_state(report: EventReport, tail: Aftermath) -> str:
    """Until when a part was counted, and why no longer; empty of one that is whole."""
    if tail.whole:
        return ""
    until = _time(tail.until_ts, report, site_zone(report))
    if _goes_on(report, tail):
        return f"counted until {until} so far"
    if not tail.cut:
        return f"counted until {until}, where the stored telemetry ends"
    other = f"event {printable(tail.cut_by)}" if tail.cut_by else "another event"
    if tail.vens <= 1:
        return f"counted until {until}, when {other} began"
    return f"counted until {until} at the latest; of {counted(tail.cut, 'VEN')} only until {other} began"


def counted_time(report: EventReport, tail: Aftermath, hours: int) -> str:
    """The time that a part is counted over, in few words."""
    if tail.whole:
        return f"in {hours} h"
    return f"of {hours} h, until {_time(tail.until_ts, report, site_zone(report))}"


def _goes_on(report: EventReport, tail: Aftermath) -> bool:
    return report.counting and not tail.whole and not tail.cut


def cuts(report: EventReport) -> list[str]:
    """The cuts of the event and of the VENs' parts in it, in plain words with the times."""
    zone = site_zone(report)
    lines = [f"The event was {_cut(cut, report, zone)}." for cut in report.cuts]
    of_vens = [(ven.ven_id, ven.cuts) for ven in report.vens if ven.cuts]
    for ven_id, ven_cuts in of_vens[:MOST_CUT_VENS]:
        lines.append(f"{printable(ven_id)} {'; '.join(_cut(cut, report, zone) for cut in ven_cuts)}.")
    left = len(of_vens) - MOST_CUT_VENS
    return lines + (
        [f"The parts of {counted(left, 'more VEN')} were cut too; --json has them."] if left > 0 else []
    )


def _cut(cut: Cut, report: EventReport, zone: tzinfo | None) -> str:
    at = _time(cut.from_ts, report, zone)
    until = None if cut.until_ts is None else _time(cut.until_ts, report, zone)
    times = f"at {at}" if cut.until_ts is None else f"from {period(cut.from_ts, cut.until_ts, zone)}"
    words: dict[CutKind, str] = {
        "cancelled": f"cancelled at {at}, while it ran; it was to go on until {until}",
        "revised": f"revised at {at}, while it ran; from then on it was to end at {until}",
        "opted_out": f"opted out at {at} ({printable(opt_out_reason(cut.reason))})",
        "called_later": f"was called from {until} on, when the event ran already",
        "let_go": f"was let go at {at}, before the event's end",
        "other_event": f"acted on event {printable(cut.event_id or '')} {times}",
        "silent": f"sent nothing {times}",
    }
    return words[cut.kind]


def _time(ts: float, report: EventReport, zone: tzinfo | None) -> str:
    """A time at the sites, with its day where that is not the event's; seconds only where they are not 0."""
    at = local(ts, zone)
    exact = f"{at:%H:%M}" if at.second == 0 else f"{at:%H:%M:%S}"
    return exact if at.date() == local(report.start_ts, zone).date() else f"{at:%a} {at.day} {at:%b} {exact}"


def residents(report: EventReport, tariff: Tariff | None) -> list[str]:
    """Energy, cost, CO2 and comfort of the event to its residents, and its pay, one sentence each."""
    return list(_residents(report, tariff))


def _residents(report: EventReport, tariff: Tariff | None) -> Iterator[str]:
    more_kwh = bought_kwh(report)
    at = None if tariff is None else event_money(report, tariff)
    who = "The resident" if len(report.vens) == 1 else "The residents"
    if more_kwh is not None:
        side = "less" if more_kwh < 0 else "more"
        text = f"{who} bought {energy(abs(more_kwh))} kWh {side} over the event and what was counted after it"
        if at is not None and at.amount is not None:
            text += f", and paid {money(at.amount)} {at.currency} {'less' if at.amount < 0 else 'more'}"
        yield f"{text}."
    if at is not None and at.co2_kg is not None:
        yield f"That is {energy(abs(at.co2_kg))} kg of CO2 {'less' if at.co2_kg < 0 else 'more'}."
    if at is not None and at.incentive is not None:
        yield f"The program pays {money(at.incentive)} {at.currency} for what settles."
    if report.comfort_minutes_lost is not None:
        limits = report.comfort_minutes_beyond_limits
        beyond = "" if limits is None else f", {figure(limits, 0)} min beyond the comfort limits"
        yield (
            f"Comfort: {figure(report.comfort_minutes_lost, 0)} min beyond the setpoints{beyond}, "
            f"reported by {counted(report.comfort_vens, 'VEN')}."
        )


def circuits_head(report: EventReport) -> tuple[str, str, str]:
    """The names of the columns after a circuit's name."""
    return ("more kWh" if report.loads_up else "less kWh", "at the start kW", "VENs")


def circuits_note(report: EventReport) -> str:
    """The note below a table of circuits."""
    return CIRCUITS_NOTE.format(*(("More", "put on top of") if report.loads_up else ("Less", "taken off")))


def circuit_row(circuit: CircuitReport) -> tuple[str, str, str, str]:
    """Name, energy delivered, power at the start, and of how many VENs."""
    return (
        printable(circuit.name),
        energy(circuit.delivered_kwh),
        figure(circuit.curtailed_kw),
        str(circuit.vens),
    )
