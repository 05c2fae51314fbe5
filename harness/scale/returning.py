"""A whole fleet whose connections ended at one instant, as it comes back: second by second. Pure.

Each VEN tries after its delay (`ven.mqtt.backoff`), evenly spread between one second and a ceiling that
doubles. AWS takes so many CONNECTs a second; whoever was not taken draws the next delay.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from ven_twin.ven.mqtt.backoff import CAP_S, FIRST_EXPONENT

LEAST_S = 1.0
GIVE_UP_S = 7_200


@dataclass(frozen=True, slots=True)
class Return:
    """The return of *vens*: until all are connected, s; the most that tried in a second; tries a VEN."""

    vens: int
    back_s: float
    most_per_s: float
    tries: float


def returning(vens: int, connects_per_s: int) -> Return:
    """The return of so many, of whom AWS takes *connects_per_s*."""
    due: defaultdict[int, defaultdict[int, float]] = defaultdict(lambda: defaultdict(float))
    _spread(due, 0, FIRST_EXPONENT, float(vens))
    back = most = tries = 0.0
    second = 0
    for second in range(1, GIVE_UP_S):
        trying: dict[int, float] = due.pop(second, defaultdict(float))
        now = sum(trying.values())
        most, tries = max(most, now), tries + now
        share = min(1.0, connects_per_s / now) if now else 1.0
        back += now * share
        if back >= vens - 0.5:
            break
        for exponent, count in trying.items():
            _spread(due, second, min(exponent + 1, _last_exponent()), count * (1 - share))
    return Return(vens, float(second), most, tries / vens)


def _last_exponent() -> int:
    return int(CAP_S).bit_length() - 1


def _spread(due: defaultdict[int, defaultdict[int, float]], second: int, exponent: int, count: float) -> None:
    """Have *count* VENs try again, evenly over the seconds of their delay."""
    last = int(min(CAP_S, 2.0**exponent))
    seconds = range(int(LEAST_S), last)
    for after in seconds:
        due[second + after][exponent] += count / len(seconds)
