"""Chance that is the same on every platform: numbers by a seed and keys."""

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15


def unit(seed: int, *keys: int) -> float:
    """A number in [0, 1), uniform over keys and always the same for the same *seed* and *keys*.

    Source: the finaliser of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
    Generators, 2014), folded over the keys.
    """
    state = seed & _MASK
    for key in keys:
        state = _mix((state + _STEP) ^ (key & _MASK))
    return _mix(state + _STEP) / 2.0**64


def _mix(word: int) -> int:
    word &= _MASK
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _MASK
    return (word ^ (word >> 31)) >> 11 << 11
