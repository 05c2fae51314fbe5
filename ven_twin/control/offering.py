"""The offer of a VEN that runs: searched anew each minute of house time, a slice of the search a tick. Pure.

    tick ─▶ is a search under way? ─yes─▶ go on by a slice ─done─▶ its offer is the new one
                    │ no
                    └─▶ a minute over, or settings, limit, commands or event changed? ─yes─▶ begin one

A search is for the offer in means of five minutes, then of quarter hours, then for what can be drawn more.
One that has begun is brought to its end on the house as it was then, even when something changes:
so a VEN that is flooded with changes still has an offer, and its ticks cost no more than others.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf
from typing import NamedTuple

from contracts.wire.ids import EventId
from contracts.wire.units import S_PER_H
from ven_twin.control.futures import Future, are_possible, futures
from ven_twin.control.offer_search import Search
from ven_twin.control.offers import WINDOWS_S, HouseOffer, Trial
from ven_twin.house.house_environment import HouseEnvironment

OFFER_PERIOD_S = 60.0
"""An offer is searched anew after this, s of house time."""
LEAST_PERIOD_S = 20.0
"""And not before this, s of the wall: a house that lives faster costs no more, and its offers are older."""
SLICE_PERIOD_S = 0.9
"""A search goes on once in so long (s of the wall) at most, however many ticks there are."""
SLICE_STEPS = 40
"""So many steps of a house are tried in a slice, where a house lives as fast as the wall clock."""
MOST_SLICE_STEPS = 320
"""And so many at most in all slices of a process together, beyond `SLICE_STEPS` each."""


NO_OFFER, NO_QUARTERS = (HouseOffer(window_s) for window_s in WINDOWS_S)


def slice_steps(speed: float, vens: int = 1) -> int:
    """The steps of a slice in a house that lives *speed* times as fast, with so many *vens* in its process.

    Where a house lives fast an offer is soon old, so that it is searched faster, as far as the machine has
    room for it.
    """
    return max(SLICE_STEPS, min(round(SLICE_STEPS * speed), MOST_SLICE_STEPS // vens))


class Basis(NamedTuple):
    """The settings and commands that an offer depends on; when they change it is searched anew."""

    settings: object
    limit_kw: float | None
    sheds: object
    acting: EventId | None


@dataclass(frozen=True, slots=True)
class Offering:
    """The offer, and the search for the next one.

    Attributes:
        offer: the offer of the last search, in means of five minutes; of the first one as far as it is.
        quarters: the same in means of quarter hours.
        load_up: the kW that the house keeps drawing more, in means of five minutes.
        search: the search that is under way, or None.
        basis: what the last search began with.
        began_ts: when it began, UTC s of the house.
        began_s: the same, monotonic s.
        sliced_s: when it last went on, monotonic s.
        futures: the futures that it tries.
        slice_s: it goes on once in so long, s of the wall; 0 where the VENs of a process take turns.
    """

    offer: HouseOffer = NO_OFFER
    quarters: HouseOffer = NO_QUARTERS
    load_up: HouseOffer = NO_OFFER
    search: Search | None = field(default=None, compare=False)
    basis: Basis | None = None
    began_ts: float = -inf
    began_s: float = -inf
    sliced_s: float = -inf
    futures: tuple[Future, ...] = field(default=(), compare=False)
    slice_s: float = SLICE_PERIOD_S

    @property
    def is_under_way(self) -> bool:
        """True of a search in turns that has not come to its end: a forecast waits for it."""
        return self.slice_s == 0.0 and self.search is not None

    def advanced(
        self,
        trial: Trial,
        environment: HouseEnvironment,
        acting: EventId | None,
        now_s: float,
        steps: int = SLICE_STEPS,
    ) -> Offering:
        """Go on with the search by so many *steps*, or begin one on *trial* when it is time.

        *now_s* is monotonic.
        """
        offering = self
        if self.search is None:
            sheds = frozenset((name, shed.reduce_kw) for name, shed in trial.load_sheds.items())
            basis = Basis(trial.settings, trial.limit_kw, sheds, acting)
            is_recent = (
                trial.from_ts < self.began_ts + OFFER_PERIOD_S or now_s < self.began_s + LEAST_PERIOD_S
            )
            if basis == self.basis and is_recent:
                return self
            offering = self._begun(trial, environment, basis, now_s)
        elif now_s < self.sliced_s + self.slice_s:
            return self
        return _sliced(offering, now_s, steps)

    def put_away(self) -> Offering:
        """The same offers without the futures that they were tried in, which are drawn again."""
        return replace(self, futures=())

    def set_aside(self) -> Offering:
        """The same offers, and no search under way: the next one begins anew."""
        return replace(self, search=None, basis=None, futures=())

    def anew(self) -> Offering:
        """The same offers, until a search has others: the house is set to another time."""
        return replace(self, search=None, basis=None, began_ts=-inf, began_s=-inf, futures=())

    def _begun(self, trial: Trial, environment: HouseEnvironment, basis: Basis, now_s: float) -> Offering:
        at_ts, ahead = trial.from_ts, self.futures
        same_hour = self.began_ts // S_PER_H == at_ts // S_PER_H
        if not (ahead and same_hour and are_possible(ahead, environment, at_ts)):
            ahead = futures(environment, at_ts)
        search = Search.of(trial, ahead, self.offer)
        return replace(self, search=search, basis=basis, began_ts=at_ts, began_s=now_s, futures=ahead)


def _sliced(offering: Offering, now_s: float, steps: int) -> Offering:
    """Go on with the search by a slice.

    The first one of all goes on until there is something to offer, but in a process whose VENs take turns:
    this would keep the others from their connection.
    """
    search = offering.search
    if search is None:
        return offering
    search, is_alone = search.advanced(steps), offering.slice_s > 0.0
    while is_alone and not offering.offer.levels and not search.levels:
        search = search.advanced(steps)
    offering = replace(offering, search=search, sliced_s=now_s)
    if search.loads_up:
        return replace(offering, load_up=search.offer, search=None) if search.done else offering
    if search.window_s != offering.offer.window_s:
        loading_up = search.loading_up(offering.load_up)
        return replace(offering, quarters=search.offer, search=loading_up) if search.done else offering
    if search.done:
        return replace(offering, offer=search.offer, search=search.in_quarters(offering.quarters))
    return offering if offering.offer.is_whole else replace(offering, offer=search.offer)
