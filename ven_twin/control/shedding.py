"""The circuits to curtail, and how far, to shed the needed kW at the least discomfort.

    needed_kw ─▶ guards: barred, must stay off ─▶ relays: 2ⁿ cases ─▶ dials fill each case, cheapest first
                                                                          │
    ShedPlan: control and decision by circuit ◀── the case that costs least: shortfall, overshoot, discomfort

Solved anew every tick, so an error of one tick is corrected in the next. The cases and their cost are in
`ven_twin.control.shed_cases`.

    net of the house   + ├──── sheds what draws ────┤ 0 ├── battery and car give more ──┤ −export_kw
                                                        (where PV exports more: not beyond that)

A house that may not export sheds at most what it draws. One that may goes on below zero, as far as its
interconnection allows: together with what the PV gives, which is never curtailed.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import overload

import msgspec

from contracts.wire.acks import CircuitCurtailed
from ven_twin.control.guards import FUTILE_KW, CircuitReason, CircuitView, must_stay_off, refusal
from ven_twin.control.shed_cases import best_case, filled_kw, options, small_relays_kw
from ven_twin.house.control import FREE, Control


class Decisions(Sequence[CircuitCurtailed]):
    """The decision for each circuit, put into words when somebody reads them: few of a search's plans are."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], tuple[CircuitCurtailed, ...]]) -> None:
        self._make = make
        self._made: tuple[CircuitCurtailed, ...] | None = None

    @property
    def whole(self) -> tuple[CircuitCurtailed, ...]:
        """All of them."""
        if self._made is None:
            self._made = self._make()
        return self._made

    @overload
    def __getitem__(self, index: int) -> CircuitCurtailed: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[CircuitCurtailed, ...]: ...

    def __getitem__(self, index: int | slice) -> CircuitCurtailed | tuple[CircuitCurtailed, ...]:
        return self.whole[index]

    def __len__(self) -> int:
        return len(self.whole)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self.whole == tuple(other)

    def __hash__(self) -> int:
        return hash(self.whole)

    def __repr__(self) -> str:
        return repr(self.whole)


class ShedPlan(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A control and a decision for each circuit, and what they come to."""

    needed_kw: float
    shed_kw: float
    controls: dict[str, Control]
    decisions: Sequence[CircuitCurtailed]

    @property
    def shortfall_kw(self) -> float:
        """The needed kW that cannot be shed."""
        return max(self.needed_kw - self.shed_kw, 0.0)

    @property
    def curtailed(self) -> dict[str, bool]:
        """True for each circuit that is curtailed."""
        return {
            circuit_id: control is not FREE and not control.raises
            for circuit_id, control in self.controls.items()
        }

    @property
    def raised(self) -> frozenset[str]:
        """The circuits that a load up has draw more."""
        return frozenset(circuit_id for circuit_id, control in self.controls.items() if control.raises)

    @property
    def curtailed_kw(self) -> dict[str, float]:
        """The kW taken off each circuit that gives something up."""
        return {decision.id: kw for decision in self.decisions if (kw := decision.curtailed_kw) > 0.0}


def plan_shed(views: Iterable[CircuitView], needed_kw: float, export_kw: float = 0.0) -> ShedPlan:
    """The plan that sheds *needed_kw* off what *views* would draw, or as near to it as the guards let.

    Never a critical circuit, never the whole house, never more than the house would draw and *export_kw*
    beyond. A circuit that was switched off too recently to come on again stays off, even when nothing is
    needed any more. One that has come to its relaxed setpoint stays relaxed while something is needed, and
    draws what it takes.
    """
    views = tuple(views)
    off = {view.id for view in views if must_stay_off(view)}
    if needed_kw <= 0.0 and not off:
        return ShedPlan(
            needed_kw=0.0,
            shed_kw=0.0,
            controls=dict.fromkeys([view.id for view in views], FREE),
            decisions=Decisions(partial(_all_left_alone, views)),
        )
    barred = {view.id: reason for view in views if (reason := refusal(view))}
    last = _last_on(views, barred, off)
    if last is not None:
        barred[last.id] = CircuitReason.LAST_ON
    relays, small, dials = options([view for view in views if view.id not in barred and view.id not in off])
    off_kw = sum(max(view.sheddable_kw, 0.0) for view in views if view.id in off)
    target_kw = min(needed_kw, _most_shed_kw(views, export_kw))
    best = best_case(relays, dials, target_kw, off_kw)
    curtailed_kw = filled_kw(relays, dials, target_kw, best)
    if more_kw := small_relays_kw(small, curtailed_kw, target_kw - off_kw):
        curtailed_kw = filled_kw(relays, dials, target_kw - sum(more_kw.values()), best) | more_kw
    for view in views:
        if view.id in off:
            curtailed_kw[view.id] = max(view.sheddable_kw, 0.0)
            barred[view.id] = CircuitReason.MINIMUM_OFF
    return _plan(views, max(needed_kw, 0.0), curtailed_kw, barred, off)


def shed_available_kw(views: Iterable[CircuitView], export_kw: float = 0.0) -> float:
    """The sheddable kW of all circuits that no guard forbids, at most what the house draws and may export."""
    views = tuple(views)
    off = {view.id for view in views if must_stay_off(view)}
    barred = {view.id: reason for view in views if view.id not in off and (reason := refusal(view))}
    last = _last_on(views, barred, off)
    available_kw = sum(
        max(view.sheddable_kw, 0.0) for view in views if view.id not in barred and view is not last
    )
    return min(available_kw, _most_shed_kw(views, export_kw))


def needed_kw(demand_kw: float, baseline_kw: float, requested_kw: float) -> float:
    """The kW to curtail in this tick, so that the house ends *requested_kw* below its baseline.

    *demand_kw* is what the house would draw now if left alone, *baseline_kw* what its counterfactual
    draws. The two drift apart during an event (a compressor starts earlier, a car has more left to
    charge), and what counts is the distance to the clone.
    """
    return max(demand_kw - (baseline_kw - requested_kw), 0.0)


def _most_shed_kw(views: tuple[CircuitView, ...], export_kw: float) -> float:
    """The kW from what the house would draw, the PV left out, down to the most that it may export.

    With a car that may not export it is no more than the other stores give and the house imports beside.
    """
    drawn_kw = generated_kw = 0.0
    inward = False
    for view in views:
        kw = view.demand_kw
        if kw < 0.0 and not view.continuous:
            generated_kw -= kw
        else:
            drawn_kw += kw
        inward = inward or not view.exports
    most_kw = max(drawn_kw + max(export_kw - generated_kw, 0.0), 0.0)
    if inward:
        beside_kw = sum(view.demand_kw for view in views if not view.is_store)
        stores_kw = sum(max(view.demand_kw, 0.0) for view in views if view.is_store and not view.exports)
        stores_kw += sum(
            view.sheddable_kw for view in views if view.is_store and view.exports and not view.blocked
        )
        most_kw = min(most_kw, max(beside_kw, 0.0) + stores_kw)
    return most_kw


def _last_on(
    views: tuple[CircuitView, ...], barred: dict[str, CircuitReason], off: set[str]
) -> CircuitView | None:
    """The circuit to leave on when every one that draws could be shed to nothing; none when some stays on."""
    drawing = [view for view in views if view.demand_kw > FUTILE_KW and view.id not in off]
    if not drawing or any(view.id in barred or view.floor_kw > FUTILE_KW for view in drawing):
        return None
    return min(drawing, key=lambda view: view.priority)


def _plan(
    views: tuple[CircuitView, ...],
    needed_kw: float,
    curtailed_kw: dict[str, float],
    barred: dict[str, CircuitReason],
    off: set[str],
) -> ShedPlan:
    """Controls and decisions that carry out what is taken off each circuit."""
    controls: dict[str, Control] = {}
    for view in views:
        kw = curtailed_kw.get(view.id, 0.0)
        sheds = kw > 0.0 or view.id in off
        stays = needed_kw > 0.0 and _stays(view)
        controls[view.id] = control_for(view, kw) if sheds or stays else FREE
    return ShedPlan(
        needed_kw=needed_kw,
        shed_kw=sum(curtailed_kw.values()),
        controls=controls,
        decisions=Decisions(partial(_decided, views, curtailed_kw, barred, off)),
    )


def _decided(
    views: tuple[CircuitView, ...],
    curtailed_kw: dict[str, float],
    barred: dict[str, CircuitReason],
    off: set[str],
) -> tuple[CircuitCurtailed, ...]:
    """The decision for each circuit, of what is taken off it."""
    return tuple(
        _curtailed(view, kw, barred.get(view.id))
        if (kw := curtailed_kw.get(view.id, 0.0)) > 0.0 or view.id in off
        else _left_alone(view, barred.get(view.id, CircuitReason.NOT_NEEDED))
        for view in views
    )


def _all_left_alone(views: tuple[CircuitView, ...]) -> tuple[CircuitCurtailed, ...]:
    return tuple(_left_alone(view, refusal(view) or CircuitReason.NOT_NEEDED) for view in views)


def _stays(view: CircuitView) -> bool:
    """True for a circuit that stays as it is while something is shed.

    One at its relaxed setpoint stays relaxed. A battery that covers what the house draws goes on giving what
    it gave: it would give less as others shed, and undo that.
    """
    return not view.critical and (view.at_limit or (view.follows_house and not view.blocked))


def control_for(view: CircuitView, kw: float) -> Control:
    """The control of a circuit that gives up *kw*."""
    if view.continuous:
        return Control(limit_kw=view.demand_kw - kw)
    if view.shed_offset_c > 0.0:
        return Control(setpoint_offset_c=view.shed_offset_c)
    return Control(limit_kw=0.0)


def _curtailed(view: CircuitView, kw: float, reason: CircuitReason | None) -> CircuitCurtailed:
    final_kw = view.demand_kw - kw
    words = view.note if reason is None else reason.words(view)
    if view.continuous:
        words = f"{words} to {final_kw:.2f} kW" if final_kw >= 0.0 else f"discharges {-final_kw:.2f} kW"
    return _decision(view, kw, words)


def _left_alone(view: CircuitView, reason: CircuitReason) -> CircuitCurtailed:
    return _decision(view, 0.0, reason.words(view))


def _decision(view: CircuitView, kw: float, words: str) -> CircuitCurtailed:
    return CircuitCurtailed(
        id=view.id,
        name=view.name,
        breaker_amps=view.breaker_amps,
        original_kw=view.demand_kw,
        curtailed_kw=kw,
        final_kw=view.demand_kw - kw,
        critical=view.critical,
        reason=words,
    )
