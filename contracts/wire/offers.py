"""Offers by duration: ``metrics.offers`` as far as they are believed, and the one for an event. Pure.

    kW │ 3.2 ────────┐
       │             └─ 1.4 ─────────┐
       │                             └─ 0.6 ───────────────┐
       └─────────── 15 min ────── 60 min ──────────── 240 min ──▶ length of the event

An event is promised what the VEN keeps for all of its length. Beyond the longest duration nothing is
promised: the VEN is called for what it keeps longest, after those that sustain the event.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from contracts.wire.events import MAX_DURATION_S
from contracts.wire.telemetry import LARGEST_POWER_KW

MEAN_MAX_S = 300.0
"""Offers in means of longer windows are passed over. Interpretation: redispatch looks at rows of less than a
minute, and would call of others what a quarter hour evens out."""
LEVELS_MAX = 8
"""So many durations of a VEN are stored, the longest ones; a VEN of ours tells five."""


class OfferLevel(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """The kW that a VEN keeps for *sustain_s* (s)."""

    kw: float
    sustain_s: float


OfferLevels = tuple[OfferLevel, ...]
"""Ever longer, and ever less."""


def read_levels(offers: object) -> OfferLevels:
    """Read ``metrics.offers``, whatever it is; none of what is no list.

    An entry that has no kW or no duration is passed over. What is beyond `LARGEST_POWER_KW`, a week or below
    0 counts as the bound. Of two entries the longer one is enough where it is no less.
    """
    if not isinstance(offers, list | tuple):
        return ()
    levels: list[OfferLevel] = []
    for kw, sustain_s in sorted(_entries(offers), key=lambda entry: (-entry[1], -entry[0])):
        if not levels or kw > levels[-1].kw:
            levels.append(OfferLevel(kw, sustain_s))
    return tuple(reversed(levels[:LEVELS_MAX]))


def lasting_offer(
    kw: float | None, sustain_s: float | None, levels: Sequence[OfferLevel], length_s: float
) -> tuple[float | None, float | None]:
    """The kW that is good for an event of *length_s*, and for how long it is kept (s).

    *kw* and *sustain_s* are ``shedAvailabilityKw`` and ``sustainS``. A VEN that tells no *levels* is taken at
    these for every length. The levels never raise the kW: a longer event gets no more than a shorter one.
    """
    if kw is None or not levels or (sustain_s is not None and sustain_s >= length_s):
        return kw, sustain_s
    for level in levels:
        if level.sustain_s >= length_s:
            break
    return min(kw, level.kw), level.sustain_s


def _entries(offers: Iterable[object]) -> Iterator[tuple[float, float]]:
    for entry in offers:
        if not isinstance(entry, Mapping):
            continue
        kw, sustain_s = (json_figure(entry.get(name)) for name in ("kw", "sustainS"))
        mean_s = json_figure(entry.get("meanS", 0.0))
        if kw is not None and sustain_s is not None and mean_s is not None and mean_s <= MEAN_MAX_S:
            yield min(max(kw, 0.0), LARGEST_POWER_KW), min(max(sustain_s, 0.0), float(MAX_DURATION_S))


def json_figure(value: object) -> float | None:
    """A number that JSON can have; None for a truth value, a text, or what no float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= sys.float_info.max else None
