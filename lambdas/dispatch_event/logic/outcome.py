"""The outcome of a redispatch, in its kind and in words. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from contracts.store.plans import Plan
from contracts.wire.ids import VenId
from contracts.wire.units import instant_text
from lambdas.shared.rows import EventRow

LEAST_SHOWN_KW = 0.0005


class Outcome(StrEnum):
    """The end of a redispatch; its value is the words for people."""

    NOT_BEGUN = "has not begun: it starts at {start_ts}"
    OVER = "is over since {end_ts}"
    NO_POWER = "the interval in force asks for no power to be shed"
    NOT_SHARED = "each VEN has a value of its own: there is nothing to share out again"
    IN_TOLERANCE = "delivers {delivered_kw:.3f} of {requested_kw:.3f} kW{expected}: nothing to change"
    EXHAUSTED = "delivers {delivered_kw:.3f} of {requested_kw:.3f} kW{expected}: nobody has more to give"
    CHANGED = (
        "delivers {delivered_kw:.3f} of {requested_kw:.3f} kW{expected}: "
        "{vens} VENs are called for another share"
    )


class Rebalanced(NamedTuple):
    """The outcome: a plan in place of the one in force and the VENs that it changes, or neither.

    *delivered_kw* is what rows bear out, *expected_kw* what is expected besides, which no row tells of yet.
    """

    outcome: Outcome
    row: EventRow
    plan: Plan | None = None
    changed: frozenset[VenId] = frozenset()
    delivered_kw: float | None = None
    requested_kw: float = 0.0
    expected_kw: float = 0.0

    @property
    def note(self) -> str:
        """The outcome in words."""
        return self.outcome.format(
            start_ts=instant_text(self.row.start_ts),
            end_ts=instant_text(self.row.end_ts),
            delivered_kw=self.delivered_kw,
            requested_kw=self.requested_kw,
            expected=self._expected,
            vens=len(self.changed),
        )

    @property
    def _expected(self) -> str:
        shown = self.expected_kw >= LEAST_SHOWN_KW
        return f" by its rows, {self.expected_kw:.3f} kW more expected" if shown else ""
