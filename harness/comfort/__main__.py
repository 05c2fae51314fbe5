"""``make comfort``: homes that events take past a comfort limit, and the peak of a fleet that comes back.

Homes are the three packaged profiles in turn, each with the next seed. A limit counts as passed by a shed
when the house is beyond it and further than its counterfactual, in any minute of the event and the day after.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from contracts.wire.events import Signal
from harness.comfort.homes import SEASONS, EventRequest, LivedFleet, fleet

LEVEL_3 = (("level 3, 4 h", 16.0, 4.0, Signal.LEVEL, 3.0), ("level 3, 12 h", 6.0, 12.0, Signal.LEVEL, 3.0))
LIMITS = (("limit 1 kW, 12 h", 8.0, 12.0, Signal.IMPORT_LIMIT_KW, 1.0),)
MOST_RATIO = 1.2
EVENT_MIN = 120
AFTER_H = (4, 24)
RETURNS = (("summer", 15.0), ("summer", 17.0), ("winter", 6.0), ("winter", 17.0), ("spring", 17.0))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both tables; exit with 1 where a limit is passed or a peak is above its target."""
    parser = argparse.ArgumentParser(prog="python -m harness.comfort", description=__doc__)
    parser.add_argument("--homes", type=int, default=15, help="homes of each season's events")
    parser.add_argument("--fleet", type=int, default=100, help="homes that come back from an event")
    chosen = parser.parse_args(arguments)
    began_s = time.monotonic()
    passed = _comfort(chosen.homes) if chosen.homes else 0
    above = _returns(chosen.fleet)
    sys.stdout.write(f"in {time.monotonic() - began_s:.0f} s\n")
    sys.exit(1 if passed or above else 0)


def _comfort(homes: int) -> int:
    """Print the homes past a limit, and return their number."""
    sys.stdout.write(f"Homes of {homes} that an event takes past a comfort limit (target 0)\n")
    passed = 0
    for title, start_h, hours, signal, value in (*LEVEL_3, *LIMITS):
        for season, day in SEASONS.items():
            lived = fleet(homes, EventRequest(day, start_h, hours, signal, value))
            past = [of for of in lived.past if of]
            passed += len(past)
            worst = max((beyond for of in past for beyond in of.values()), default=0.0)
            sys.stdout.write(
                f"  {title:17} {season:7} past {len(past):3}   worst {worst:.2f}   "
                f"delivered {_delivered_kwh(lived, hours) / homes:5.2f} kWh a home\n"
            )
    return passed


def _returns(homes: int) -> int:
    """Print the peaks after an event beside the counterfactual's, and return how many are too high.

    The counterfactual's peak is that from the event's start on, over the same hours.
    """
    sys.stdout.write(
        f"{homes} homes after 2 h at level 3: peaks over a minute, kW (target {MOST_RATIO:g} times)\n"
    )
    above = 0
    for season, start_h in RETURNS:
        lived = fleet(homes, EventRequest(SEASONS[season], start_h, EVENT_MIN / 60))
        used, free = lived.used_kw, lived.baseline_kw
        texts = []
        for hours in AFTER_H:
            until = EVENT_MIN + hours * 60
            peak_kw, free_peak_kw = max(used[EVENT_MIN:until]), max(free[:until])
            above += peak_kw > MOST_RATIO * free_peak_kw
            texts.append(
                f"{hours:2} h: {peak_kw:6.1f} of {free_peak_kw:6.1f}, {peak_kw / free_peak_kw:.2f} times"
            )
        delivered_kwh = _delivered_kwh(lived, EVENT_MIN / 60)
        payback_kwh = (sum(used[EVENT_MIN:]) - sum(free[EVENT_MIN:])) / 60.0
        sys.stdout.write(
            f"  {season} {start_h:02.0f} h   {'   '.join(texts)}"
            f"   delivered {delivered_kwh:6.1f} kWh, payback {payback_kwh:6.1f}\n"
        )
    return above


def _delivered_kwh(lived: LivedFleet, hours: float) -> float:
    steps = round(hours * 60)
    return (sum(lived.baseline_kw[:steps]) - sum(lived.used_kw[:steps])) / 60.0


if __name__ == "__main__":
    main()
