"""The fleet on the terminal: its table, and one screen with as much as fits. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from contracts.api.fleet import Fleet, FleetVen
from contracts.wire.ids import EventId
from ven_twin.operations.fleet import texts
from ven_twin.operations.fleet.fleet_state import (
    COMING,
    RUNNING,
    FleetState,
    ListedEvent,
    ListedStatus,
    status_of,
)
from ven_twin.operations.fleet.texts import NO_VENS, STATUSES
from ven_twin.webkit.formatting import clock, counted, kw, reduction, reduction_cell, share_text, span

WIDE_COLUMNS, SHARE_COLUMNS = 110, 80
"""From how many columns on there are bars, and from how many an event has its share."""
COLUMNS = ("VEN", "now", "requested", "gives", "", "uses", "offers", "for", "event")
"""The headings of a VEN's row; the one without a heading is the share."""
_FROM_COLUMNS = (0, 0, 0, 0, 0, 80, 70, 80, 0)
"""From how many columns of the terminal on each is shown."""
EVENTS_SHARE = 4
"""Events take one in so many lines of the screen, and never less than two."""
COLOURS = {
    ListedStatus.SHEDDING: "green",
    ListedStatus.OPTED_OUT: "yellow",
    ListedStatus.DISABLED: "yellow",
    ListedStatus.READY: "",
    ListedStatus.SILENT: "red",
    ListedStatus.OFFLINE: "red",
    ListedStatus.NEVER_SEEN: "dim",
}


def frame(state: FleetState, width: int, height: int) -> RenderableType:
    """The screen of *width* columns and *height* lines; no line is longer, and no more lines are used."""
    rows: list[RenderableType] = [_head(state, width)]
    if state.fleet is None:
        return Group(*rows)
    rows += _totals(state, state.fleet, width)
    shown = _shown_events(state.events, max(2, height // EVENTS_SHARE))
    numbers = {event.event_id: f"#{number}" for number, event in enumerate(shown, 1)}
    letters = Text(texts.dead_letters(state.dead_letters), "dim" if state.dead_letters is None else "red")
    rows += [Rule(letters, align="left", style="dim"), *_events(state, shown, numbers, width)]
    if not state.fleet.total:
        return Group(*rows, Rule(style="dim"), Text(NO_VENS))
    used = 1 + 3 + 1 + max(1, len(shown)) + bool(_left_out(state, shown)) + 1
    return Group(*rows, Rule(style="dim"), *_vens(state.fleet, numbers, width, height - used))


def _head(state: FleetState, width: int) -> RenderableType:
    name = Text.assemble(("Fleet ", "bold"), (state.place, "dim"))
    if state.cloud.reached:
        status = Text.assemble(("● ", "green"), clock(state.ts))
    elif state.cloud.why is None:
        status = Text("calling the cloud …", "dim")
    else:
        heard = state.cloud.heard_ts
        last = "" if heard is None else f"What is shown is of {clock(heard)}. "
        words = Text.assemble(("● The cloud is not reached. ", "bold red"), last, (state.cloud.why, "red"))
        return words if state.fleet is None else _line(words, width)  # with nothing below there is room
    grid = Table.grid(expand=True)
    grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    grid.add_column(no_wrap=True, justify="right")
    grid.add_row(name, status)
    return grid


def _totals(state: FleetState, fleet: Fleet, width: int) -> Iterator[RenderableType]:
    counts = [(f"{fleet.online} of {fleet.total}", "online", ""), (str(fleet.shedding), "in event", "green")]
    counts += [(str(fleet.opted_out), "opted out", "yellow" if fleet.opted_out else "")]
    if state.silent is not None:
        counts.append((str(state.silent), "silent", "red" if state.silent else ""))
    if state.never_seen:
        counts.append((str(state.never_seen), "never seen", ""))
    yield _line(
        Text("   ").join(Text.assemble((n, f"bold {style}"), f" {what}") for n, what, style in counts), width
    )
    yield _line(
        Text.assemble(
            "Requested ",
            (reduction(state.requested_kw), "bold"),
            "   delivered ",
            (reduction(state.delivered_kw), "bold"),
            "   ",
            *_bar(state.delivered_kw, state.requested_kw, 24 if width >= WIDE_COLUMNS else 16),
        ),
        width,
    )
    offers = texts.offers(fleet.holds)
    yield _line(Text.assemble("Flexibility ", (kw(fleet.flexibility_kw), "bold"), f" kW: {offers}"), width)
    if ahead := texts.forecast(fleet.forecast, state.ts):
        yield _line(Text(f"Expected {ahead}"), width)


def _events(
    state: FleetState, shown: Sequence[ListedEvent], numbers: Mapping[EventId, str], width: int
) -> Iterator[RenderableType]:
    if not shown:
        yield Text("No events. Create one: ven-twin event create --help", "dim")
        return
    if width < SHARE_COLUMNS:
        yield from _narrow_events(state, shown, numbers, width)
        return
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(no_wrap=True, min_width=14)
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=width // 3)
    table.add_column(no_wrap=True, min_width=24 if width >= WIDE_COLUMNS else 5)
    for event in shown:
        table.add_row(numbers[event.event_id], *_event(event, state.ts, width), style=_event_style(event))
    yield table
    if (words_left := _left_out(state, shown)) is not None:
        yield _line(Text(words_left, "dim"), width)


def _narrow_events(
    state: FleetState, shown: Sequence[ListedEvent], numbers: Mapping[EventId, str], width: int
) -> Iterator[RenderableType]:
    """A line each, with its id whole: what follows it is cut first."""
    for event in shown:
        words = "  ".join(cell.plain for cell in list(_event(event, state.ts, width))[:3])
        yield _line(Text(f"{numbers[event.event_id]}  {words}", _event_style(event)), width)
    if (words_left := _left_out(state, shown)) is not None:
        yield _line(Text(words_left, "dim"), width)


def _event(event: ListedEvent, now_ts: float, width: int) -> Iterator[Text]:
    yield Text(event.event_id)
    yield Text(texts.countdown(event, now_ts))
    if event.phase not in RUNNING:
        yield Text(event.result or event.request)
        yield Text("")
        return
    sign = -1.0 if event.requested_kw < 0 else 1.0
    delivered = f"{kw(sign * (event.delivered_kw or 0.0))} of {reduction(event.requested_kw)}"
    yield Text(f"{event.request}: {delivered}" if width >= WIDE_COLUMNS else delivered)
    if width >= WIDE_COLUMNS:
        yield Text.assemble(*_bar(event.delivered_kw or 0.0, event.requested_kw, 16))
    else:
        yield Text(share_text(event.delivered_kw, event.requested_kw))


def _event_style(event: ListedEvent) -> str:
    return "bold" if event.phase in RUNNING else "" if event.phase in COMING else "dim"


def _shown_events(events: Sequence[ListedEvent], most: int) -> list[ListedEvent]:
    """The events that run or come, as many as there is room for; else the last that is over."""
    live = [event for event in events if event.phase in RUNNING | COMING]
    return (live or list(events[:1]))[:most]


def _left_out(state: FleetState, shown: Sequence[ListedEvent]) -> str | None:
    live = sum(event.phase in RUNNING | COMING for event in state.events)
    more = live - len(shown)
    return f"… {counted(more, 'more event')}" if more > 0 else None


def _vens(fleet: Fleet, numbers: Mapping[EventId, str], width: int, room: int) -> Iterator[RenderableType]:
    rows = max(1, room - 1)  # less the table's head
    vens = fleet.vens
    if len(vens) > rows or fleet.left_off:
        vens = vens[: max(1, rows - 1)]
    yield ven_table(vens, numbers, fleet.ts, width)
    left_out = fleet.total - len(vens)
    if left_out:
        yield Text(f"… {left_out} more", "dim")


def ven_table(vens: Sequence[FleetVen], numbers: Mapping[EventId, str], now_ts: float, width: int) -> Table:
    """A row a VEN: its figures whole, and its event by number or the reason that it cannot be counted on.

    Where it is narrow there is less of them: names go before figures that can be read elsewhere.

    Args:
        vens: in the order of the rows.
        numbers: of the events, by event id.
        now_ts: UTC s.
        width: columns of the terminal.
    """
    wide = width >= WIDE_COLUMNS
    shown = [place for place, least in enumerate(_FROM_COLUMNS) if width >= least]
    long: dict[str, Any] = {"no_wrap": True, "overflow": "ellipsis"}
    table = Table(box=None, pad_edge=False, padding=(0, 2 if wide else 1, 0, 0), expand=True)
    table.add_column("VEN", ratio=3, min_width=8, **long)
    table.add_column("now", no_wrap=True, min_width=10)
    for place in shown[2:-1]:
        table.add_column(COLUMNS[place], justify="right", no_wrap=True)
    table.add_column("event", ratio=3, min_width=8, **long)
    for ven in vens:
        cells = ven_cells(ven, numbers, now_ts)
        cells[1] = Text(cells[1], COLOURS[status_of(ven)])
        table.add_row(*(cells[place] for place in shown))
    return table


def ven_cells(ven: FleetVen, numbers: Mapping[EventId, str], now_ts: float) -> list[Any]:
    """The texts of a VEN's row, by `COLUMNS`."""
    event = "" if ven.event_id is None else numbers.get(ven.event_id, ven.event_id)
    sustain = span(ven.sustain_s) if ven.sustain_s is not None and ven.offers_kw else ""
    figures = (
        reduction_cell(ven.requested_kw),
        reduction_cell(ven.delivered_kw),
        share_text(ven.delivered_kw, ven.requested_kw),
        kw(ven.used_kw),
        kw(ven.offers_kw),
        sustain,
    )
    name = f"{ven.oadr_ven_name} of OpenADR" if ven.oadr_ven_name else ""
    about = ", ".join(text for text in (name, event, texts.why_until(ven, now_ts)) if text)
    return [ven.ven_id, STATUSES[status_of(ven)], *figures, about]


def _bar(delivered_kw: float, requested_kw: float, cells: int) -> tuple[tuple[str, str], ...]:
    """The share that is delivered as a bar and in percent; a text where nothing is requested."""
    if not requested_kw:
        return (("nothing is requested", "dim"),)
    full = round(cells * min(1.0, max(0.0, delivered_kw / requested_kw)))
    return (
        ("━" * full, "green"),
        ("━" * (cells - full), "dim"),
        (f" {share_text(delivered_kw, requested_kw)}", ""),
    )


def _line(text: Text, width: int) -> Text:
    text.no_wrap = True
    text.truncate(width, overflow="ellipsis")
    return text
