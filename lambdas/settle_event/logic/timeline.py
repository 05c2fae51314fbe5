"""What was asked over time, of the fleet and of each VEN, from the plans that were in force. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from contracts.store.plans import Plan
from contracts.wire.events import DrEvent, Interval, Signal
from contracts.wire.units import kwh
from lambdas.settle_event.logic.energy import Window
from lambdas.shared.rows import EventRow


class Piece(NamedTuple):
    """A stretch of time in which the same was asked. *nominal* is the interval that it is of, as planned."""

    window: Window
    signal: Signal
    value: float
    nominal: Window


@dataclass(frozen=True, slots=True)
class Part:
    """An event as one VEN had it, or as the fleet did: what was asked when, in order."""

    pieces: tuple[Piece, ...]
    offset_s: float = 0.0

    @property
    def window(self) -> Window:
        """From when it was first called until it was no longer; of no length when it never was."""
        if not self.pieces:
            return Window(0.0, 0.0)
        return Window(self.pieces[0].window.start_ts, self.pieces[-1].window.end_ts)

    def shed_kwh(self, window: Window) -> float:
        """Energy to be shed within *window*, kWh, of the intervals that say so in kW."""
        return sum(
            kwh(piece.value, piece.window.cut(window).duration_s)
            for piece in self.pieces
            if piece.signal is Signal.SHED_KW
        )

    def others(self) -> Iterator[Window]:
        """When something else than a power to shed was asked; the VEN alone says how much that is."""
        return (piece.window for piece in self.pieces if piece.signal is not Signal.SHED_KW)


@dataclass(frozen=True, slots=True)
class Asked:
    """An event's asks: *fleet* is what the operator asked for, *vens* what each was called for."""

    fleet: Part
    vens: Mapping[str, Part]

    def intervals(self) -> tuple[Window, ...]:
        """The stretches in which the operator asked for the same; a redispatch divides none."""
        found: list[Piece] = []
        for piece in self.fleet.pieces:
            before = found[-1] if found else None
            if (
                before is not None
                and before[1:] == piece[1:]
                and before.window.end_ts == piece.window.start_ts
            ):
                found[-1] = before._replace(window=Window(before.window.start_ts, piece.window.end_ts))
            else:
                found.append(piece)
        return tuple(piece.window for piece in found)


def asked(event: EventRow, plans: Sequence[Plan]) -> Asked:
    """What *plans* asked for, the oldest first: each from when it was made until the next or a cancellation.

    A VEN's times are moved by its share of the randomised start.
    """
    ends_ts = [plan.from_ts for plan in plans[1:]] + [float("inf")]
    # The first plan is as old as the event; a plan that was made for a cancellation asks for nothing.
    froms_ts = [
        min(event.created_ts, plan.from_ts) if not index else plan.from_ts for index, plan in enumerate(plans)
    ]
    cancelled_ts = float("inf") if event.cancelled_ts is None else event.cancelled_ts
    fleet: list[Piece] = []
    vens: dict[str, list[Piece]] = {}
    offsets_s: dict[str, float] = {}
    for plan, from_ts, until_ts in zip(plans, froms_ts, ends_ts, strict=True):
        force = Window(from_ts, min(until_ts, cancelled_ts))
        values = [interval.value for interval in plan.intervals]
        fleet += _pieces(plan.start_ts, plan.intervals, values, force)
        for assignment in plan.assignments:
            ven_id = assignment.ven_id
            if ven_id not in offsets_s:
                offsets_s[ven_id] = _offset_s(event, ven_id)
            start_ts = plan.start_ts + offsets_s[ven_id]
            vens.setdefault(ven_id, []).extend(_pieces(start_ts, plan.intervals, assignment.values, force))
    return Asked(
        Part(tuple(fleet)),
        {ven_id: Part(_merged(pieces), offsets_s[ven_id]) for ven_id, pieces in sorted(vens.items())},
    )


def _pieces(
    start_ts: float, intervals: Sequence[Interval], values: Sequence[float], force: Window
) -> Iterator[Piece]:
    for interval, value in zip(intervals, values, strict=False):
        nominal = Window(start_ts, start_ts + interval.duration_s)
        window = nominal.cut(force)
        if window.duration_s > 0:
            yield Piece(window, interval.signal, value, nominal)
        start_ts = nominal.end_ts


def _merged(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """*pieces* with those that follow without a change made one: a plan is made each minute."""
    merged: list[Piece] = []
    for piece in pieces:
        last = merged[-1] if merged else None
        if last is not None and last[1:] == piece[1:] and last.window.end_ts == piece.window.start_ts:
            merged[-1] = last._replace(window=Window(last.window.start_ts, piece.window.end_ts))
        else:
            merged.append(piece)
    return tuple(merged)


def _offset_s(event: EventRow, ven_id: str) -> float:
    if not event.randomize_start_s:
        return 0.0
    drawn = DrEvent(
        event_id=event.event_id,
        start_ts=event.start_ts,
        intervals=(),
        randomize_start_s=event.randomize_start_s,
    )
    return drawn.start_offset_s(ven_id)
