"""The world that comes: the same, or a changed one. In it a promise is kept or not, minute by minute."""

from __future__ import annotations

import random
from dataclasses import replace

from contracts.wire.events import Interval, Signal
from harness.promises.states import HouseState
from ven_twin.control.futures import Future
from ven_twin.house.devices.ev import EvUse

WARMER_C = 1.5
UA_FACTOR = 1.15
STEP_S = 60.0
SUSTAINED_SHARE = 0.9
_SEEDS = 2**40


def same_world(state: HouseState) -> Future:
    """The world as it would have gone on."""
    return Future(state.environment)


def changed_world(state: HouseState, chance: random.Random, warmer_c: float) -> Future:
    """Other draws, a temperature that is off by *warmer_c*, walls that lose 15 % more.

    The car is where it is when the promise is made: that is seen, and no world can undo it.
    """
    is_home = state.environment.environment(state.at_ts, 1.0).use(EvUse).home
    while True:
        environment = replace(state.environment, seed=chance.randrange(_SEEDS))
        if environment.environment(state.at_ts, 1.0).use(EvUse).home is is_home:
            return Future(environment, warmer_c, UA_FACTOR)


def sustained_s(state: HouseState, world: Future, kw: float, for_s: float, window_s: float) -> float:
    """Until when a shed of *kw* is kept in *world*, s: the mean of each *window_s* is at least 90 % of it.

    The house is planned each minute, as a VEN does each second.
    """
    request = Interval(duration_s=round(for_s), signal=Signal.SHED_KW, value=kw)
    pair, after_s = world.pair(state.pair), 0.0
    while after_s < for_s:
        energy_kws, window_ends_s = 0.0, after_s + window_s
        while after_s < window_ends_s:
            env = world.weather(state.at_ts + after_s, STEP_S)
            pair, flow = pair.planned(env, STEP_S, request).step(env, STEP_S)
            energy_kws += (flow.baseline_kw - flow.used_kw) * STEP_S
            after_s += STEP_S
        if energy_kws < SUSTAINED_SHARE * kw * window_s:
            return after_s - window_s
    return for_s
