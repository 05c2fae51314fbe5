"""Clocks: the VEN's time for what is said to the cloud, a steady one for how long things take.

Why the VEN's time is not simply the system's: docs/decisions/0005-clock-jumps.md.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from collections.abc import Callable

HOUSE_SPEED_MAX = 3600.0
JUMP_S = 5.0
"""The system's clock against the steady one: what is more than this was set, what is less is followed."""
SLEW = 0.1
"""How fast a small difference is made up for, seconds a second; the VEN's time never stands still."""
AGREES_S = 30.0
"""How far from the cloud's a clock may be and still be taken to agree with it."""
SKEW_S = 300.0
"""From here on the VEN's clock is said to be wrong."""
_BOOT_TIME_DIGITS = 8

logger = logging.getLogger(__name__)


def now_ts() -> float:
    """UTC seconds since the epoch, by the system's clock, whatever it has been set to."""
    return time.time()


def monotonic_s() -> float:
    """Seconds by a clock that never jumps, and that goes on while the machine is suspended, where it can."""
    return time.clock_gettime(_STEADY)


_STEADY: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class VenClock:
    """The VEN's time: the system's at the start, then that of the steady clock.

    A step of the system's clock is noticed, said and not followed; it is adopted when the cloud's own time
    agrees with it and not with the VEN's. Small differences, as of a clock that is being disciplined by NTP,
    are followed smoothly. Time never begins before *not_before_ts*: what an earlier run has seen is past.
    """

    def __init__(
        self,
        system: Callable[[], float] = now_ts,
        steady: Callable[[], float] = monotonic_s,
    ) -> None:
        self._system = system
        self._steady = steady
        self._offset_s = system() - steady()
        self._looked_s = steady()
        self._jumped = False
        self._skew_s: float | None = None

    def begin(self, not_before_ts: float) -> None:
        """Do not start before *not_before_ts*, UTC s, which an earlier run of the VEN has lived to see."""
        behind_s = not_before_ts - self.now_ts()
        if behind_s > 0:
            if behind_s > JUMP_S:
                logger.warning(
                    "the system's clock is %.0f s behind the last run of this VEN: not followed", behind_s
                )
                self._jumped = True
            self._offset_s += behind_s

    def monotonic_s(self) -> float:
        """Steady seconds, for how long things take."""
        return self._steady()

    def now_ts(self) -> float:
        """The VEN's time, UTC s; never earlier than it was, but for `on_cloud_time`."""
        steady_s = self._steady()
        ahead_s = self._system() - steady_s - self._offset_s
        reach_s = SLEW * max(0.0, steady_s - self._looked_s)
        self._looked_s = steady_s
        if abs(ahead_s) <= JUMP_S:
            self._offset_s += max(-reach_s, min(reach_s, ahead_s))
            self._jumped = False
        elif not self._jumped:
            self._jumped = True
            logger.warning(
                "the system's clock was set by %+.0f s: not followed until the cloud agrees", ahead_s
            )
        return steady_s + self._offset_s

    @property
    def jump_s(self) -> float:
        """Distance of the system's clock from the VEN's time, s."""
        return self._system() - self._steady() - self._offset_s

    @property
    def skew_s(self) -> float | None:
        """Distance of the cloud's time from the VEN's, s, when it is above `SKEW_S`; else None."""
        return self._skew_s if self._skew_s is not None and abs(self._skew_s) > SKEW_S else None

    def on_cloud_time(self, cloud_ts: float, requested_s: float) -> bool:
        """Compare with the cloud's time, *cloud_ts* in whole s, requested at *requested_s* (steady).

        Returns whether the VEN's time was set by it. An answer that took long is ignored.
        """
        at_s, within_s = (self._steady() + requested_s) / 2.0, (self._steady() - requested_s) / 2.0 + 0.5
        if within_s > AGREES_S:
            return False
        self.now_ts()
        cloud_offset_s = cloud_ts + 0.5 - at_s
        skew_s = cloud_offset_s - self._offset_s
        system_skew_s = cloud_offset_s - (self._system() - self._steady())
        adopted = abs(skew_s) > AGREES_S + within_s >= abs(system_skew_s)
        if adopted:
            logger.warning(
                "the cloud agrees with the system's clock: the VEN's time is set by %+.0f s", skew_s
            )
            self._offset_s = self._system() - self._steady()
            self._jumped = False
            skew_s = system_skew_s
        warned, self._skew_s = self.skew_s is not None, skew_s
        if self.skew_s is not None and not warned:
            logger.warning("this VEN's clock is %.0f s from the cloud's: set the clock of its host", skew_s)
        return adopted


def new_boot_id(at_ts: float, after: str | None = None) -> str:
    """An id for this run of the VEN; later runs sort after earlier ones, whatever the clock said.

    Args:
        at_ts: the VEN's time, UTC s.
        after: the id of the run before, or None.

    Source: ours, time then chance.
    """
    seconds = int(at_ts)
    if after is not None:
        with contextlib.suppress(ValueError):
            seconds = max(seconds, int(after[:_BOOT_TIME_DIGITS], 16) + 1)
    return f"{seconds:08x}{secrets.token_hex(3)}"
