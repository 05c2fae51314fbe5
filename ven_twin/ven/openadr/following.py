"""The prices of a VTN's events, followed by the twin as one curve."""

from __future__ import annotations

import logging
from math import inf

from contracts.openadr.objects import OadrEvent
from contracts.openadr.price_curves import EventCurve
from ven_twin.ven.openadr.book import BookOfEvents
from ven_twin.ven.runtime import Twin

logger = logging.getLogger(__name__)


class PriceFollower:
    """Has *twin* follow prices, and says so."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self._curves: tuple[tuple[EventCurve, ...], ...] = ()
        self._curve_until_ts = inf
        self._followed: tuple[OadrEvent, ...] = ()

    def follow(self, book: BookOfEvents, now_ts: float) -> None:
        """Have the twin follow the prices of *book*, made one curve when they change or end."""
        events = [booked for booked in book.events.values() if booked.curves and not booked.gone]
        curves = tuple(booked.curves for booked in events)
        if curves == self._curves and now_ts < self._curve_until_ts:
            return
        curve = book.price_curve(now_ts)
        self._curves, self._curve_until_ts = curves, inf if curve is None else curve.end_ts
        self._twin.on_vtn_prices(curve)
        line = self._twin.snapshot().price_line
        followed = tuple(booked.event for booked in events) if line is not None else ()
        if line is not None and followed != self._followed:
            logger.info("this VEN follows the VTN's prices: %s", line)
        elif line is None and self._followed:
            logger.info("there are no prices of the VTN any more: the house runs as it does without")
        self._followed = followed
