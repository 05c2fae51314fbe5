"""The search for an offer: the highest level that is kept, for each duration. Pure.

    level, kW   future 1   future 2   …   future 9      A level is kept for a duration when it is kept in each
    3.2         kept       broken                       future, but for those that the confidence spares. By
    2.6         kept       kept       …   kept          bisection the highest such level is looked for, for
                                                        15 min first, then for each longer duration.

The future that broke a promise last is tried first. A search begins with what was on offer before: where
nothing has changed it tries that level and the next above. It is a value, and goes on by so many steps of a
house at a time, so that it delays nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import NamedTuple

from contracts.wire.events import Signal
from ven_twin.control.futures import Future
from ven_twin.control.house_pair import HousePair
from ven_twin.control.offers import (
    DURATIONS_S,
    LATER_S,
    LEVELS_KW,
    NONE,
    OFFERED_SHARE,
    WINDOWS_S,
    HouseOffer,
    Trial,
    spared,
    trial_step_s,
)


class Attempt(NamedTuple):
    """A level in one future as far as it was tried, for windows of each length at once.

    *after_s* is how far that is, and *pair* the houses then; *short_s* when the first window began that was
    short, for each of `WINDOWS_S`; *quarter_kws* what the quarter hour at hand has had so far.
    """

    pair: HousePair
    after_s: float = 0.0
    short_s: tuple[float, ...] = (inf,) * len(WINDOWS_S)
    quarter_kws: float = 0.0

    def sustained_s(self, window_s: float) -> float:
        """Until when it was kept in means of *window_s*, s."""
        return min(self.after_s, self.short_s[WINDOWS_S.index(window_s)])

    def until(
        self, trial: Trial, kw: float, for_s: float, window_s: float, share: float = OFFERED_SHARE
    ) -> Attempt:
        """Go on until *for_s*, or the first window of *window_s* with less than *share* of *kw*."""
        attempt, length = self, WINDOWS_S.index(window_s)
        while attempt.after_s < for_s and attempt.short_s[length] == inf:
            attempt = attempt._further(trial, kw, share)
        return attempt

    def _further(self, trial: Trial, kw: float, share: float) -> Attempt:
        """Go on by the shortest window."""
        shortest_s, quarter_s = WINDOWS_S
        window = trial.window(self.pair, self.after_s, shortest_s, kw)
        short_s, short_quarter_s = self.short_s
        quarter_kws = self.quarter_kws + window.delivered_kw * shortest_s
        if window.delivered_kw < share * kw:
            short_s = min(short_s, self.after_s)
        if window.after_s % quarter_s == 0.0:
            if quarter_kws < share * kw * quarter_s:
                short_quarter_s = min(short_quarter_s, window.after_s - quarter_s)
            quarter_kws = 0.0
        return Attempt(window.pair, window.after_s, (short_s, short_quarter_s), quarter_kws)


@dataclass(frozen=True, slots=True)
class Search:
    """A search for the offer in means of *window_s*, s of house time.

    Attributes:
        trials: the trial in each future.
        window_s: the length of a window.
        hints: levels to try first, by duration: an earlier offer's.
        floors: levels that are kept for sure, by duration.
        levels: the levels of the durations that are done.
        least: the highest level that is kept for the duration at hand.
        most: the highest that may be.
        passed: the futures in which the level at hand was kept so far.
        failed: those in which it was not.
        order: the futures, those that broke a promise last first.
        attempts: what was tried, by level and future.
    """

    trials: tuple[Trial, ...]
    window_s: float
    hints: tuple[int, ...] = ()
    floors: tuple[int, ...] = ()
    levels: tuple[int, ...] = ()
    least: int = NONE
    most: int = len(LEVELS_KW) - 1
    passed: int = 0
    failed: int = 0
    order: tuple[int, ...] = ()
    attempts: Mapping[tuple[int, int], Attempt] = field(default_factory=dict)

    @classmethod
    def of(cls, trial: Trial, futures: Iterable[Future], before: HouseOffer) -> Search:
        """Search for what *trial* keeps in *futures* in means of five minutes, from the offer *before* on."""
        trials = tuple(trial.within(future) for future in futures)
        return cls(trials, WINDOWS_S[0], before.levels, order=tuple(range(len(trials))))

    def in_quarters(self, before: HouseOffer) -> Search:
        """Go on in means of quarter hours: what is kept in each five minutes is kept in those."""
        return replace(
            self,
            window_s=WINDOWS_S[1],
            hints=before.levels or self.levels,
            floors=self.levels,
            levels=(),
            least=self.levels[0],
            most=len(LEVELS_KW) - 1,
        )

    def loading_up(self, before: HouseOffer) -> Search:
        """Go on with what the house can draw more, in means of five minutes, from the offer *before* on."""
        trials = tuple(trial.loading_up for trial in self.trials)
        return Search(trials, WINDOWS_S[0], before.levels, order=self.order)

    @property
    def loads_up(self) -> bool:
        """True of a search for what the house can draw more."""
        return self.trials[0].signal is Signal.LOAD_UP_KW

    @property
    def offer(self) -> HouseOffer:
        """The offer as far as it was searched."""
        return HouseOffer(self.window_s, self.levels)

    @property
    def done(self) -> bool:
        """True when every duration was searched."""
        return self.offer.is_whole

    def advanced(self, steps: int) -> Search:
        """Go on for about so many steps of a house; no more than one window beyond them."""
        search, left = self, steps
        while not search.done and left > 0:
            search, used = _attempted(search, left)
            left -= used
        return search


def _attempted(search: Search, steps: int) -> tuple[Search, int]:
    """Try the level at hand in the next future for so many *steps*; the search then, and how many it took."""
    level, number = _level(search), search.order[search.passed + search.failed]
    trial, for_s = search.trials[number], DURATIONS_S[len(search.levels)]
    before = search.attempts.get((level, number), Attempt(trial.pair))
    step_s = trial_step_s(before.after_s)
    until_s = min(for_s, before.after_s + steps * step_s)
    if before.after_s < LATER_S:
        until_s = min(until_s, LATER_S)
    after = before.until(trial, LEVELS_KW[level], until_s, search.window_s)
    steps = 1 + round((after.after_s - before.after_s) / step_s)
    sustained_s = after.sustained_s(search.window_s)
    search = replace(search, attempts={**search.attempts, (level, number): after})
    may_fail = spared(len(search.trials))
    if sustained_s == after.after_s < for_s:
        return search, steps
    if sustained_s >= for_s:
        if search.passed + 1 < len(search.trials) - may_fail:
            return replace(search, passed=search.passed + 1), steps
        return _settled(replace(search, least=level)), steps
    search = replace(search, order=(number, *(other for other in search.order if other != number)))
    if search.failed < may_fail:
        return replace(search, failed=search.failed + 1), steps
    return _settled(replace(search, most=level - 1)), steps


def _level(search: Search) -> int:
    """The level at hand: the hint, the next above it, otherwise the middle of what is open."""
    goal, middle = len(search.levels), (search.least + search.most + 1) // 2
    hint = search.hints[goal] if goal < len(search.hints) else search.most if goal else middle
    hint = min(hint, search.most)
    if hint < search.least:
        return middle
    return hint + 1 if hint == search.least else hint


def _settled(search: Search) -> Search:
    """Go over to the next duration once this one's level is certain; none is above a shorter one's."""
    search = replace(search, passed=0, failed=0)
    while search.least == search.most and not search.done:
        levels = (*search.levels, search.least)
        floor = search.floors[len(levels)] if len(levels) < len(search.floors) else NONE
        search = replace(search, levels=levels, least=floor, most=search.least)
    return search
