"""The page's part on events: what each gave, what it put off, what it cost the resident."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from html import escape

from contracts.wire.events import DrEvent, Signal
from ven_twin.house.circuit import Circuit
from ven_twin.house.tariff import Tariff
from ven_twin.simulation.event_tally import EventTally
from ven_twin.simulation.scenario import PAYBACK_HORIZON_S, REBOUND_HORIZON_S
from ven_twin.webkit.formatting import energy, figure, fixed

REBOUND_H, PAYBACK_H = REBOUND_HORIZON_S // 3600, PAYBACK_HORIZON_S // 3600
MOST_NOTES = 6
LEAST_KWH = 0.0005
"""A circuit whose energy an event moved by less is not shown."""
CUT_MARK = "*"
BOUGHT_NOTE = "Bought more over the event and its payback than without it; below zero is saved."
MINUTES_NOTE = (
    "Minutes are those beyond in the house less those in the same house without events: air counts once it "
    "is a deadband past a setpoint, water once it is below its deadband."
)


def events_html(
    tallies: Sequence[EventTally], circuits: Sequence[Circuit], tariff: Tariff | None, zone: timezone
) -> list[str]:
    """The tables of the events, each with what has to be known of it."""
    return [
        "<h2>Events</h2>",
        _delivered_table(tallies, zone),
        *_cut_notes(tallies, zone),
        "<h2>What the events gave, by circuit</h2>",
        _circuit_table(tallies, circuits),
        _note("Against the same house without events. After is until the payback's count ends."),
        "<h2>What the events cost the resident</h2>",
        _resident_table(tallies, tariff, zone),
        *_resident_notes(tariff),
    ]


def request_text(event: DrEvent) -> str:
    """The request of an event, in words."""
    interval = event.intervals[0]
    if interval.signal is Signal.SHED_KW:
        return f"shed {interval.value:g} kW"
    if interval.signal is Signal.LOAD_UP_KW:
        return f"draw {interval.value:g} kW more"
    if interval.signal is Signal.IMPORT_LIMIT_KW:
        return f"import at most {interval.value:g} kW"
    return f"level {interval.value:g}"


def cut_text(tally: EventTally, zone: timezone) -> str | None:
    """The counts that the next event ended before their time, in a sentence; None when both are whole."""
    if tally.payback_is_whole:
        return None
    until = _time(tally.payback_until_s, zone)
    what = "payback" if tally.rebound_is_whole else "rebound and payback"
    return f"{what} counted until {until}, when the next event began"


def money(amount: float, tariff: Tariff) -> str:
    """An amount in the tariff's currency."""
    return f"{fixed(amount, 2)} {tariff.currency}"


def _delivered_table(tallies: Sequence[EventTally], zone: timezone) -> str:
    head = ("Event", "Request", "Requested kW", "Delivered kW", "Short kWh", f"Rebound {REBOUND_H} h kWh")
    rows = [
        (
            _time(tally.event.start_ts, zone),
            request_text(tally.event),
            figure(tally.requested_kw),
            figure(tally.delivered_kw),
            figure(tally.short_kwh),
            figure(tally.rebound_4h_kwh) + ("" if tally.rebound_is_whole else CUT_MARK),
            figure(tally.rebound_4h_peak_kw),
            figure(tally.payback_24h_kwh) + ("" if tally.payback_is_whole else CUT_MARK),
        )
        for tally in tallies
    ]
    return _table((*head, "Its peak kW", f"Payback {PAYBACK_H} h kWh"), rows)


def _cut_notes(tallies: Sequence[EventTally], zone: timezone) -> list[str]:
    texts = [
        f"{CUT_MARK} {_time(tally.event.start_ts, zone)}: {text}."
        for tally in tallies
        if (text := cut_text(tally, zone)) is not None
    ]
    if not texts:
        return []
    left = len(texts) - MOST_NOTES
    shown = texts[:MOST_NOTES] + ([f"{CUT_MARK} So it is with {left} more events."] if left > 0 else [])
    rest = "What an event had put off and not caught up by then falls into the time of the next one."
    return [_note(text) for text in (*shown, rest)]


def _circuit_table(tallies: Sequence[EventTally], circuits: Sequence[Circuit]) -> str:
    rows = []
    for spec in circuits:
        less_kwh = sum(tally.circuits_kwh.get(spec.id, 0.0) for tally in tallies)
        after_kwh = sum(tally.circuits_after_kwh.get(spec.id, 0.0) for tally in tallies)
        if max(abs(less_kwh), abs(after_kwh)) >= LEAST_KWH:
            rows.append((spec.name, figure(less_kwh), figure(after_kwh), figure(after_kwh - less_kwh)))
    less_kwh = sum(tally.delivered_kwh for tally in tallies)
    after_kwh = sum(tally.payback_24h_kwh for tally in tallies)
    rows.append(("House", figure(less_kwh), figure(after_kwh), figure(after_kwh - less_kwh)))
    head = ("Circuit", "Less in events kWh", "More after kWh", "Bought in all kWh")
    return _table(head, rows, "figures")


def _resident_table(tallies: Sequence[EventTally], tariff: Tariff | None, zone: timezone) -> str:
    cost_head = ("Cost",) if tariff else ()
    head = ("Event", "Bought kWh", *cost_head, "Air beyond setpoints", "Air beyond limits")
    rows = []
    for tally in tallies:
        minutes = [f"{round(value)} min" for value in tally.lost_min.values()]
        cost = (money(tally.cost, tariff),) if tariff else ()
        rows.append((_time(tally.event.start_ts, zone), figure(tally.bought_kwh), *cost, *minutes))
    return _table((*head, "Water below setpoint", "Water below limit"), rows, "figures")


def _resident_notes(tariff: Tariff | None) -> list[str]:
    notes = [BOUGHT_NOTE, MINUTES_NOTE]
    if tariff is None:
        notes.append("No money: the house file has no [tariff].")
    return [_note(text) for text in notes]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], kind: str = "") -> str:
    cells = "".join(f"<th>{escape(name)}" for name in head)
    body = "".join(
        f"<tr><th>{escape(row[0])}" + "".join(f"<td>{escape(cell)}" for cell in row[1:]) for row in rows
    )
    mark = f' class="{kind}"' if kind else ""
    return f'<div class="wide"><table{mark}><thead><tr>{cells}</thead>{body}</table></div>'


def _note(text: str) -> str:
    return f"<p class=note>{escape(text)}</p>"


def _time(at_s: float, zone: timezone) -> str:
    return f"{datetime.fromtimestamp(at_s, zone):%Y-%m-%d %H:%M}"


def line(tally: EventTally, tariff: Tariff | None, zone: timezone) -> str:
    """The event in a terminal, in two or three sentences."""
    text = (
        f"rebound {energy(tally.rebound_4h_kwh)} kWh in {REBOUND_H} h, "
        f"payback {energy(tally.payback_24h_kwh)} kWh in {PAYBACK_H} h"
    )
    cut = cut_text(tally, zone)
    lost = tally.lost_min
    setpoints, limits = (
        round(lost[f"air_{what}"] + lost[f"tank_{what}"]) for what in ("setpoints", "limits")
    )
    return (
        f"{text}{f' ({cut})' if cut else ''}. The resident bought {_more_or_less(tally, tariff)}, "
        f"and had {setpoints} min beyond the setpoints, {limits} beyond the limits."
    )


def _more_or_less(tally: EventTally, tariff: Tariff | None) -> str:
    side = "less" if tally.bought_kwh < 0.0 else "more"
    text = f"{energy(abs(tally.bought_kwh))} kWh {side}"
    if tariff is None:
        return text
    side = "less" if tally.cost < 0.0 else "more"
    return f"{text} and paid {money(abs(tally.cost), tariff)} {side}"
