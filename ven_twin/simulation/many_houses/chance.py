"""`ven_twin.house.chance` for many seeds at once."""

import numpy as np
from numpy.typing import NDArray

from ven_twin.simulation.many_houses.arrays import Floats

Words = NDArray[np.uint64]
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31, _11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_MASK = (1 << 64) - 1


def units(seeds: Words, *keys: int) -> Floats:
    """A number in [0, 1) for each seed; what `chance.unit` gives for that seed and *keys*."""
    state = seeds
    for key in keys:
        state = _mixed((state + _STEP) ^ np.uint64(key & _MASK))
    return _mixed(state + _STEP).astype(np.float64) / 2.0**64


def _mixed(word: Words) -> Words:
    word = (word ^ (word >> _30)) * _FIRST
    word = (word ^ (word >> _27)) * _SECOND
    return (word ^ (word >> _31)) >> _11 << _11
