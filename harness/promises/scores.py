"""The promises of one state, and how they went in the same world and in changed ones."""

from __future__ import annotations

import random
from collections.abc import Iterable
from time import process_time
from typing import NamedTuple

from contracts.wire.units import S_PER_MIN
from harness.promises.states import HouseState
from harness.promises.worlds import WARMER_C, changed_world, same_world, sustained_s
from ven_twin.control.futures import Future, futures
from ven_twin.control.offer_search import Attempt, Search
from ven_twin.control.offers import SUSTAINED_SHARE, WINDOWS_S, HouseOffer, Promise, Trial, spared

QUESTIONS_KW = (0.5, 1.0, 2.0, 4.0)
QUESTIONS_MIN = (15.0, 60.0, 120.0)


class TriedPromise(NamedTuple):
    """A promise, and whether it was kept in the same world, and in each changed one."""

    promise: Promise
    same: bool
    changed: tuple[bool, ...]


class Answer(NamedTuple):
    """A question to can-hold, its answer, and an oracle's for each changed world that it knows."""

    kw: float
    minutes: float
    window_s: float
    holds: bool
    oracle: tuple[bool, ...]


class StateScore(NamedTuple):
    """The promises and answers of a state, and the CPU time of the search, s."""

    promises: tuple[TriedPromise, ...]
    answers: tuple[Answer, ...]
    search_s: float

    def offer(self, window_s: float) -> TriedPromise | None:
        """The first promise in means of so long: what the VEN reports as its offer."""
        return next((tried for tried in self.promises if tried.promise.mean_s == window_s), None)


class PromiseRate(NamedTuple):
    """So many *successes* *of* so many."""

    successes: int
    of: int

    @property
    def share(self) -> float:
        """0 to 1; 1 where there were none."""
        return self.successes / self.of if self.of else 1.0


def score(state: HouseState, chance: random.Random) -> StateScore:
    """Make the promises of *state* and live through what comes."""
    worlds = [changed_world(state, chance, warmer_c) for warmer_c in (WARMER_C, -WARMER_C)]
    began_s = process_time()
    offers = _offers(state)
    search_s = process_time() - began_s
    promises = tuple(_tried(state, worlds, promise) for offer in offers for promise in offer.promises)
    answers = tuple(
        answer
        for window_s in WINDOWS_S
        for kw in QUESTIONS_KW
        for answer in _answers(state, worlds, kw, window_s)
    )
    return StateScore(promises, answers, search_s)


def _offers(state: HouseState) -> list[HouseOffer]:
    """The offers of *state* in means of each window, searched without earlier ones."""
    none, quarters = (HouseOffer(window_s) for window_s in WINDOWS_S)
    search = Search.of(_trial(state), futures(state.environment, state.at_ts), none).advanced(10**6)
    return [search.offer, search.in_quarters(quarters).advanced(10**6).offer]


def _trial(state: HouseState) -> Trial:
    return Trial(state.pair, state.environment.environment, state.at_ts)


def _tried(state: HouseState, worlds: Iterable[Future], promise: Promise) -> TriedPromise:
    kw, for_s, window_s = promise
    same, *changed = (
        sustained_s(state, world, kw, for_s, window_s) >= for_s for world in (same_world(state), *worlds)
    )
    return TriedPromise(promise, same, tuple(changed))


def _answers(state: HouseState, worlds: Iterable[Future], kw: float, window_s: float) -> list[Answer]:
    """The answers for *kw* and each length, by the attempts that can-hold makes."""
    longest_s = max(QUESTIONS_MIN) * S_PER_MIN
    lasted_s = [sustained_s(state, world, kw, longest_s, window_s) for world in worlds]
    trials = [_trial(state).within(future) for future in futures(state.environment, state.at_ts)]
    foreseen_s = sorted(
        Attempt(trial.pair).until(trial, kw, longest_s, window_s, SUSTAINED_SHARE).sustained_s(window_s)
        for trial in trials
    )[spared(len(trials))]
    return [
        Answer(
            kw,
            minutes,
            window_s,
            foreseen_s >= minutes * S_PER_MIN,
            tuple(for_s >= minutes * S_PER_MIN for for_s in lasted_s),
        )
        for minutes in QUESTIONS_MIN
    ]


def offers(scores: Iterable[StateScore], window_s: float, least_kw: float = 0.0) -> list[TriedPromise]:
    """The reported offers in means of *window_s*, of *least_kw* at least."""
    reported = [of_state.offer(window_s) for of_state in scores]
    return [offer for offer in reported if offer is not None and offer.promise.kw >= least_kw]


def in_same(promises: Iterable[TriedPromise]) -> PromiseRate:
    """The share that was kept in the same world."""
    return _rate(tried.same for tried in promises)


def in_changed(promises: Iterable[TriedPromise]) -> PromiseRate:
    """The share that was kept in changed worlds."""
    return _rate(success for tried in promises for success in tried.changed)


def yes_sustained(answers: Iterable[Answer]) -> PromiseRate:
    """The share of the yeses that were kept, over the changed worlds."""
    return _rate(can for answer in answers if answer.holds for can in answer.oracle)


def yes_of_oracle(answers: Iterable[Answer]) -> PromiseRate:
    """The share of the powers that a changed world keeps that was answered with yes."""
    return _rate(answer.holds for answer in answers for can in answer.oracle if can)


def yes_of_certain(answers: Iterable[Answer]) -> PromiseRate:
    """The share of those that can be held in every changed world that was answered with yes."""
    return _rate(answer.holds for answer in answers if all(answer.oracle))


def _rate(outcomes: Iterable[bool]) -> PromiseRate:
    listed = list(outcomes)
    return PromiseRate(sum(listed), len(listed))
