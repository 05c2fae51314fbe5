"""The prices of an OpenADR event as a curve over time, and the one curve of several events. Pure.

    payload          unit          a step
    ─────────────    ──────────    ──────────────────────────────────
    PRICE            KWH           currency for a kWh that is drawn
    EXPORT_PRICE     KWH           currency for a kWh that is fed in
    GHG              GHG           g of CO2 for a kWh that is drawn

    high priority         ┌──0.45──┐
    low priority     ┌────┼──0.20──┼─────┐
    in force         │0.20│  0.45  │0.20 │      no price in a gap

Of events whose prices overlap the one with the higher priority counts, then the one that began last.
A program's period cuts its events.

Source: OpenADR 3.1.0, Definition, payload types and units; User Guide, 7.3 to 7.5.
Interpretation: a price without a unit is for a KWH. Prices beat greenhouse gas: that is followed where no
price is ahead. Two currencies cannot be compared: the one of the first event counts, and prices in another
are left out. A random start is not for prices.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import islice, pairwise
from math import inf

import msgspec

from contracts.openadr.dr_events import NotActedOn, program_bounds
from contracts.openadr.objects import OadrEventRequest, OadrProgramRequest
from contracts.openadr.timeline import (
    INTERVALS_MOST,
    PlacedInterval,
    UnplacedError,
    end_ts,
    in_force,
    start_ts,
    unrolled,
)
from contracts.openadr.values import EventPayloadDescriptor
from contracts.wire.events import LOWEST_PRIORITY
from contracts.wire.telemetry import EARLIEST_TS, LATEST_TS
from contracts.wire.units import S_PER_DAY, S_PER_H

PRICE_MAX = 1_000_000.0
"""A price beyond this, either way, is no price."""
BEHIND_S = float(S_PER_DAY)
"""A curve has the steps of the last day too: they tell what is dear and what is cheap."""
AHEAD_S = 2.0 * S_PER_DAY
RENEW_S = S_PER_H
"""A curve that goes on beyond its window is unrolled again after this, s."""


class PriceKind(StrEnum):
    """The payload types that have prices."""

    PRICE = "PRICE"
    EXPORT = "EXPORT_PRICE"
    GHG = "GHG"


UNITS = {PriceKind.PRICE: "KWH", PriceKind.EXPORT: "KWH", PriceKind.GHG: "GHG"}


class PriceStep(msgspec.Struct, frozen=True, array_like=True):
    """A price from a time to another, UTC s."""

    start_ts: float
    end_ts: float
    price: float


class EventCurve(msgspec.Struct, frozen=True, kw_only=True):
    """The prices of one kind in an event.

    Attributes:
        kind: the payload type.
        currency: as it was read; empty where the event names none, or of greenhouse gas.
        priority: of the event; 0 counts most.
        begin_ts: when the event begins, UTC s.
        steps: the steps from a day ago to two days ahead, one after the other.
        renew_ts: when the next of them are to be unrolled, UTC s; None where these are all.
    """

    kind: PriceKind
    currency: str = ""
    priority: int = LOWEST_PRIORITY
    begin_ts: float
    steps: tuple[PriceStep, ...]
    renew_ts: float | None = None

    @property
    def end_ts(self) -> float:
        """The end of the last step, UTC s."""
        return self.steps[-1].end_ts


class PriceCurve(msgspec.Struct, frozen=True, kw_only=True):
    """The one curve that a site follows, of all events.

    Attributes:
        kind: `PriceKind.PRICE` or `PriceKind.GHG`.
        currency: of the prices; empty where their event names none, or of greenhouse gas.
        steps: what a kWh that is drawn costs; none overlap, and a gap has no price.
        exports: what a kWh that is fed in earns; nothing where no step is.
    """

    kind: PriceKind
    currency: str = ""
    steps: tuple[PriceStep, ...]
    exports: tuple[PriceStep, ...] = ()

    @property
    def unit(self) -> str:
        """The unit of its prices, for people."""
        if self.kind is PriceKind.GHG:
            return "g/kWh"
        return f"{self.currency}/kWh" if self.currency else "per kWh"

    @property
    def end_ts(self) -> float:
        """The end of the last step, UTC s."""
        return self.steps[-1].end_ts


def event_curves(
    event: OadrEventRequest, program: OadrProgramRequest | None, *, read_ts: float, now_ts: float
) -> tuple[EventCurve, ...] | NotActedOn:
    """The curves of *event* around *now_ts*, none without a price in it; or the reason that it has none.

    *read_ts* is when the event was first read, UTC s: its now.
    """
    payloads = {payload.type for interval in event.intervals or () for payload in interval.payloads}
    kinds = [kind for kind in PriceKind if kind in payloads]
    if not kinds:
        return ()
    try:
        begin_ts = start_ts(event, read_ts)
        lasts = end_ts(event, read_ts) > begin_ts
        spans, renew_ts = _window(event, program_bounds(program), read_ts, now_ts)
    except UnplacedError:
        return NotActedOn.NO_PLACE
    if not spans:
        return NotActedOn.OVER if lasts else NotActedOn.NO_LENGTH
    if not EARLIEST_TS <= spans[0].start_ts <= LATEST_TS:
        return NotActedOn.OUT_OF_TIME
    curves = []
    for kind in kinds:
        unit, currency = _descriptor(kind, event, program)
        steps = _steps(kind, spans) if unit == UNITS[kind] else NotActedOn.PRICE_UNIT
        if isinstance(steps, NotActedOn):
            return steps
        if not steps:
            continue
        curve = EventCurve(
            kind=kind,
            currency=currency,
            priority=LOWEST_PRIORITY if event.priority is None else min(event.priority, LOWEST_PRIORITY),
            begin_ts=begin_ts,
            steps=steps,
            renew_ts=renew_ts,
        )
        curves.append(curve)
    return tuple(curves)


def price_curve(curves: Iterable[EventCurve], now_ts: float) -> PriceCurve | None:
    """The one curve of *curves*; None where no price is ahead of *now_ts*."""
    ranked = sorted(curves, key=lambda curve: (curve.priority, -curve.begin_ts))
    ahead = [curve for curve in ranked if curve.end_ts > now_ts and curve.kind is not PriceKind.EXPORT]
    first = min(ahead, key=lambda curve: curve.kind is not PriceKind.PRICE, default=None)
    if first is None:
        return None
    alike = [curve for curve in ranked if curve.currency == first.currency]
    is_price = first.kind is PriceKind.PRICE
    return PriceCurve(
        kind=first.kind,
        currency=first.currency,
        steps=_overlaid([curve for curve in alike if curve.kind is first.kind]),
        exports=_overlaid([curve for curve in alike if is_price and curve.kind is PriceKind.EXPORT]),
    )


def _window(
    event: OadrEventRequest, bounds: tuple[float, float], read_ts: float, now_ts: float
) -> tuple[list[PlacedInterval], float | None]:
    """The intervals of *event* around *now_ts*, and when the next ones are due. Raises UnplacedError.

    Of an event with very many intervals those of the last day are left out.
    """
    begin_ts, until_ts = bounds
    spans: list[PlacedInterval] = []
    for behind_s in (BEHIND_S, 0.0):
        from_ts = max(begin_ts, now_ts - behind_s)
        spans = list(islice(unrolled(event, read_ts, from_ts=from_ts), INTERVALS_MOST))
        if len(spans) < INTERVALS_MOST:
            break
    last_ts = min(until_ts, max(now_ts, spans[0].start_ts if spans else now_ts) + AHEAD_S)
    goes_on = len(spans) >= INTERVALS_MOST or any(span.end_ts > last_ts for span in spans)
    renew_ts = now_ts + RENEW_S if goes_on and last_ts < until_ts else None
    cut = [
        span._replace(start_ts=max(span.start_ts, from_ts), end_ts=min(span.end_ts, last_ts))
        for span in spans
    ]
    return [span for span in cut if span.end_ts > span.start_ts], renew_ts


def _steps(kind: PriceKind, spans: Sequence[PlacedInterval]) -> tuple[PriceStep, ...] | NotActedOn:
    """The prices of *kind* in *spans*; refused where one of them is none."""
    steps: list[PriceStep] = []
    for from_ts, to_ts, span in in_force(spans):
        payload = next((one for one in (span.payloads if span else ()) if one.type == kind), None)
        if payload is None:
            continue
        value = payload.values[0] if payload.values else None
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= PRICE_MAX:
            return NotActedOn.PRICE_VALUE
        steps.append(PriceStep(from_ts, to_ts, float(value)))
    return _merged(steps)


def _overlaid(ranked: Sequence[EventCurve]) -> tuple[PriceStep, ...]:
    """The steps of curves, the first of which counts where they overlap."""
    edges = sorted({ts for curve in ranked for step in curve.steps for ts in (step.start_ts, step.end_ts)})
    prices: list[float | None] = [None] * max(0, len(edges) - 1)
    index = {ts: number for number, ts in enumerate(edges)}
    for curve in reversed(ranked):
        for step in curve.steps:
            start, end = index[step.start_ts], index[step.end_ts]
            prices[start:end] = [step.price] * (end - start)
    spans = zip(pairwise(edges), prices, strict=True)
    return _merged(PriceStep(begin, end, price) for (begin, end), price in spans if price is not None)


def _merged(steps: Iterable[PriceStep]) -> tuple[PriceStep, ...]:
    """*steps*; neighbours with the same price are one."""
    merged: list[PriceStep] = []
    for step in steps:
        last = merged[-1] if merged else PriceStep(-inf, -inf, 0.0)
        if (last.end_ts, last.price) == (step.start_ts, step.price):
            merged[-1] = PriceStep(last.start_ts, step.end_ts, step.price)
        else:
            merged.append(step)
    return tuple(merged)


def _descriptor(
    kind: PriceKind, event: OadrEventRequest, program: OadrProgramRequest | None
) -> tuple[str, str]:
    """Unit and currency of *kind*: the event's own descriptor, else that of its program."""
    unit, currency = UNITS[kind], ""
    for owner in (program, event):
        for descriptor in (owner.payload_descriptors if owner is not None else None) or ():
            if isinstance(descriptor, EventPayloadDescriptor) and descriptor.payload_type == kind:
                unit, currency = descriptor.units or unit, descriptor.currency or currency
    return unit, "" if kind is PriceKind.GHG else currency
