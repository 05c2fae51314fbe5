"""The fleet on one terminal screen: as much of it as fits, and how much does not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from contracts.api.fleet import Fleet, FleetVen
from contracts.wire.units import S_PER_MIN
from ven_twin.operations.fleet import words
from ven_twin.operations.fleet.fleet_state import (
    COMING,
    RUNNING,
    EventLine,
    FleetState,
    ListedStatus,
    status_of,
)
from ven_twin.operations.fleet.words import NO_VENS, STATUSES
from ven_twin.webkit.formatting import kw, share_text, span

WIDE = 110
EVENTS_SHARE = 4
"""Events take no more than this part of the screen, one in so many lines; and never less than two lines."""
COLOURS = {
    ListedStatus.SHEDDING: "green",
    ListedStatus.OPTED_OUT: "yellow",
    ListedStatus.DISABLED: "yellow",
    ListedStatus.READY: "",
    ListedStatus.SILENT: "red",
    ListedStatus.OFFLINE: "red",
    ListedStatus.NEVER_SEEN: "dim",
}


def frame(board: FleetState, width: int, height: int) -> RenderableType:
    """The screen of *width* columns and *height* lines; no line is longer, and no more lines are used."""
    parts: list[RenderableType] = [_head(board, width)]
    if board.fleet is None:
        return Group(*parts)
    parts += _totals(board, board.fleet, width)
    shown = _shown_events(board.events, max(2, height // EVENTS_SHARE))
    numbers = {event.event_id: f"#{number}" for number, event in enumerate(shown, 1)}
    parts += [Rule(style="dim"), *_events(board, shown, numbers, width)]
    if not board.fleet.known:
        return Group(*parts, Rule(style="dim"), Text(NO_VENS))
    used = 1 + 3 + 1 + max(1, len(shown)) + bool(_left_out(board, shown)) + 1
    return Group(*parts, Rule(style="dim"), *_vens(board.fleet, numbers, width, height - used))


def _head(board: FleetState, width: int) -> RenderableType:
    name = Text.assemble(("Fleet ", "bold"), (board.place, "dim"))
    if board.cloud.reached:
        state = Text.assemble(("● ", "green"), words.clock(board.ts))
    elif board.cloud.why is None:
        state = Text("asking the cloud …", "dim")
    else:
        heard = board.cloud.heard_ts
        last = "" if heard is None else f"What is shown is of {words.clock(heard)}. "
        return _line(
            Text.assemble(("● The cloud is not reached. ", "bold red"), last, (board.cloud.why, "red")), width
        )
    grid = Table.grid(expand=True)
    grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    grid.add_column(no_wrap=True, justify="right")
    grid.add_row(name, state)
    return grid


def _totals(board: FleetState, fleet: Fleet, width: int) -> Iterator[RenderableType]:
    counts = [(f"{fleet.online} of {fleet.known}", "online", ""), (str(fleet.shedding), "shedding", "green")]
    counts += [(str(fleet.opted_out), "opted out", "yellow" if fleet.opted_out else "")]
    if board.silent is not None:
        counts.append((str(board.silent), "silent", "red" if board.silent else ""))
    if board.never_seen:
        counts.append((str(board.never_seen), "never seen", ""))
    yield _line(
        Text("   ").join(Text.assemble((n, f"bold {style}"), f" {what}") for n, what, style in counts), width
    )
    yield _line(
        Text.assemble(
            "Asked ",
            (kw(board.requested_kw), "bold"),
            " kW   delivered ",
            (kw(board.delivered_kw), "bold"),
            " kW   ",
            *_bar(board.delivered_kw, board.requested_kw, 24 if width >= WIDE else 16),
        ),
        width,
    )
    held = ", ".join(f"{kw(each.kw)} for {span(each.minutes * S_PER_MIN)}" for each in fleet.holds)
    yield _line(Text.assemble("Flexibility ", (kw(fleet.flexibility_kw), "bold"), f" kW: {held}"), width)


def _events(
    board: FleetState, shown: Sequence[EventLine], numbers: Mapping[str, str], width: int
) -> Iterator[RenderableType]:
    if not shown:
        yield Text("No events. Create one: ven-twin event create --help", "dim")
        return
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(no_wrap=True, min_width=14)
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=width // 3)
    table.add_column(no_wrap=True, min_width=24 if width >= WIDE else 5)
    for event in shown:
        table.add_row(numbers[event.event_id], *_event(event, board.ts, width), style=_event_style(event))
    yield table
    if (words_left := _left_out(board, shown)) is not None:
        yield _line(Text(words_left, "dim"), width)


def _event(event: EventLine, now_ts: float, width: int) -> Iterator[RenderableType]:
    yield Text(event.event_id)
    yield Text(words.when(event, now_ts))
    if event.phase not in RUNNING:
        yield Text(event.request)
        yield Text("")
        return
    given = f"{kw(event.delivered_kw)} of {kw(event.requested_kw)} kW"
    yield Text(f"{event.request}: {given}" if width >= WIDE else given)
    if width >= WIDE:
        yield Text.assemble(*_bar(event.delivered_kw or 0.0, event.requested_kw, 16))
    else:
        yield Text(share_text(event.delivered_kw, event.requested_kw))


def _event_style(event: EventLine) -> str:
    return "bold" if event.phase in RUNNING else "" if event.phase in COMING else "dim"


def _shown_events(events: Sequence[EventLine], most: int) -> list[EventLine]:
    """Those that run and come, as many as there is room for; else the last that is over."""
    live = [event for event in events if event.phase in RUNNING | COMING]
    return (live or list(events[:1]))[:most]


def _left_out(board: FleetState, shown: Sequence[EventLine]) -> str | None:
    live = sum(event.phase in RUNNING | COMING for event in board.events)
    more = live - len(shown)
    return f"… {more} more event{'s' if more > 1 else ''}" if more > 0 else None


def _vens(fleet: Fleet, numbers: Mapping[str, str], width: int, room: int) -> Iterator[RenderableType]:
    rows = max(1, room - 1)  # less the table's head
    vens = fleet.vens
    if len(vens) > rows or fleet.left_off:
        vens = vens[: max(1, rows - 1)]
    table = Table(box=None, pad_edge=False, padding=(0, 2 if width >= WIDE else 1, 0, 0), expand=True)
    table.add_column("VEN", no_wrap=True, overflow="ellipsis", ratio=3, min_width=8)
    table.add_column("now", no_wrap=True, min_width=10)
    table.add_column("event", no_wrap=True, overflow="ellipsis", max_width=8 if width < WIDE else 24)
    for name in ("asked", "gives", "", "uses", "offers", "for"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("why", no_wrap=True, overflow="ellipsis", ratio=3, min_width=8)
    for ven in vens:
        table.add_row(*_ven(ven, numbers, fleet.ts))
    yield table
    left_out = fleet.known - len(vens)
    if left_out:
        yield Text(f"… {left_out} more", "dim")


def _ven(ven: FleetVen, numbers: Mapping[str, str], now_ts: float) -> Iterable[RenderableType]:
    status = status_of(ven)
    event = "" if ven.event_id is None else numbers.get(ven.event_id, ven.event_id)
    held = span(ven.sustain_s) if ven.sustain_s is not None and ven.offers_kw else ""
    figures = (
        kw(ven.requested_kw),
        kw(ven.delivered_kw),
        share_text(ven.delivered_kw, ven.requested_kw),
        kw(ven.used_kw),
        kw(ven.offers_kw),
        held,
    )
    return (
        Text(ven.ven_id),
        Text(STATUSES[status], COLOURS[status]),
        Text(event),
        *map(Text, figures),
        Text(words.why_until(ven, now_ts)),
    )


def _bar(part: float, whole: float, cells: int) -> tuple[tuple[str, str], ...]:
    """*part* of *whole* as a bar and in percent; nothing where nothing is asked."""
    if whole <= 0:
        return (("nothing is asked", "dim"),)
    full = round(cells * min(1.0, max(0.0, part / whole)))
    return (("━" * full, "green"), ("━" * (cells - full), "dim"), (f" {share_text(part, whole)}", ""))


def _line(text: Text, width: int) -> Text:
    text.no_wrap = True
    text.truncate(width, overflow="ellipsis")
    return text
