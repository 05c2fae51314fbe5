"""Futures: courses that the hours ahead may take, as far as a VEN can tell. Pure.

A VEN knows its house as it is now. It does not know which draws, runs and trips come, how far the weather
will be off its forecast, and its walls only roughly. Each future has all of these anew: chance of another
seed, an error of the temperature outside, an envelope that loses more or less. House and counterfactual live
in the same future.

Interpretation: the errors are the corners and the middle of ±1.5 °C (a day-ahead forecast's usual error) and
±15 % of the envelope's UA, each with draws of its own. The car is in each future where it is now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import msgspec

from contracts.wire.units import S_PER_H
from ven_twin.control.house_pair import HousePair
from ven_twin.house.chance import unit
from ven_twin.house.devices.ev import EvUse
from ven_twin.house.environment import Environment
from ven_twin.house.house import House
from ven_twin.house.house_environment import HOURS_DRAWN, HouseEnvironment

FUTURES = 9
"""So many are tried. One more that is drawn alike keeps what all of them keep with a chance of 9 in 10."""
OUTDOOR_ERRORS_C = (0.0, 1.5, -1.5)
UA_FACTORS = (1.0, 1.15, 0.85)
SEEDS_TRIED = 32
"""So many seeds are looked at for one in which the car is where it is now; then the last has to do."""
_SEEDS = 2.0**53
_FUTURE = 900
"""Number of the stream of chance that the seeds of futures come from."""


@dataclass(frozen=True, slots=True)
class Future:
    """One course of the hours ahead.

    Attributes:
        environment: weather as forecast, and the occupants' chance.
        warmer_c: how much warmer it is outside than forecast.
        ua_factor: the UA of the envelope, and its leaks, against the profile's.
    """

    environment: HouseEnvironment
    warmer_c: float = 0.0
    ua_factor: float = 1.0

    def weather(self, at_ts: float, dt_s: float) -> Environment:
        """The world from *at_ts* (UTC s of the house) for *dt_s*."""
        env = self.environment.environment(at_ts, dt_s)
        return (
            env
            if not self.warmer_c
            else msgspec.structs.replace(env, outdoor_c=env.outdoor_c + self.warmer_c)
        )

    def pair(self, pair: HousePair) -> HousePair:
        """*pair* with this future's envelope around both houses."""
        if self.ua_factor == 1.0:
            return pair
        house, counterfactual = self._house(pair.house), self._house(pair.counterfactual)
        return replace(pair, house=house, counterfactual=counterfactual)

    def _house(self, house: House) -> House:
        hvac = house.hvac
        if hvac is None:
            return house
        envelope = hvac.spec.envelope
        envelope = msgspec.structs.replace(
            envelope,
            ua_kw_c=envelope.ua_kw_c * self.ua_factor,
            stack_kw_c15=envelope.stack_kw_c15 * self.ua_factor,
        )
        spec = msgspec.structs.replace(hvac.spec, envelope=envelope)
        return msgspec.structs.replace(house, hvac=msgspec.structs.replace(hvac, spec=spec))


def futures(environment: HouseEnvironment, at_ts: float, count: int = FUTURES) -> tuple[Future, ...]:
    """*count* futures from *at_ts* on (UTC s of the house); the same ones throughout an hour.

    Interpretation: the car counts as known to be at home or away, which is all that a VEN sees of its trip.
    """
    seeds = islice(_seeds(environment, at_ts), count)
    errors = len(OUTDOOR_ERRORS_C)
    return tuple(
        Future(
            replace(environment, seed=seed, hours_drawn=HOURS_DRAWN),
            OUTDOOR_ERRORS_C[number % errors],
            UA_FACTORS[number // errors % len(UA_FACTORS)],
        )
        for number, seed in enumerate(seeds)
    )


def are_possible(ahead: Iterable[Future], environment: HouseEnvironment, at_ts: float) -> bool:
    """True while in each of *ahead* the car is where it is at *at_ts*, UTC s of the house."""
    is_home = _car_is_home(environment, at_ts)
    return all(_car_is_home(future.environment, at_ts) is is_home for future in ahead)


def _seeds(environment: HouseEnvironment, at_ts: float) -> Iterator[int]:
    """Seeds that are drawn for the hour, and in which the car is where it is at *at_ts*."""
    hour, is_home = int(at_ts // S_PER_H), _car_is_home(environment, at_ts)
    tried, number = 0, 0
    while True:
        seed = int(unit(environment.seed, _FUTURE, hour, number) * _SEEDS)
        number, tried = number + 1, tried + 1
        if tried >= SEEDS_TRIED or _car_is_home(replace(environment, seed=seed), at_ts) is is_home:
            tried = 0
            yield seed


def _car_is_home(environment: HouseEnvironment, at_ts: float) -> bool:
    return environment.environment(at_ts, 1.0).use(EvUse).home
