"""``make promises``: houses promise at 200 moments of the year and live on; ``ARGS="--states 40"`` for less.

The changed world has other draws, weather that is off by ±1.5 °C and walls that lose 15 % more. The oracle
answers can-hold knowing one of them. In brackets is what one trial in the house's own future came to.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from statistics import fmean

from rich.console import Console

from harness.promises import scores
from harness.promises.scores import PromiseRate, StateScore
from harness.promises.states import states
from ven_twin.control.offers import DURATIONS_S, WINDOWS_S

console = Console(highlight=False, soft_wrap=True)
LEAST_SUSTAINED, LEAST_YES_SUSTAINED = 0.90, 0.92


def main() -> None:
    """Print each figure beside what it has to be; exit 1 when one is not."""
    parser = argparse.ArgumentParser(prog="promises", description=__doc__)
    parser.add_argument(
        "--states", type=int, default=200, help="moments to promise at, 4 a day; 200 by default"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the days, moments and worlds; 1 by default")
    options = parser.parse_args()
    if options.states < 1:
        parser.error(f"--states: at least 1, got {options.states}")
    chance = random.Random(options.seed)
    lived = [scores.score(state, chance) for state in states(options.states, options.seed)]
    took_ms = sorted(of_state.search_s * 1000.0 for of_state in lived)
    console.print(
        f"{len(lived)} states; CPU of a search: {fmean(took_ms):.0f} ms, {took_ms[-1]:.0f} ms at most"
    )
    lines = [line for window_s in WINDOWS_S for line in _lines(lived, window_s)]
    for name, text, _ in lines:
        console.print(f"{name:52}{text}")
    sys.exit(0 if all(is_reached for _, _, is_reached in lines) else 1)


def _lines(lived: list[StateScore], window_s: float) -> Iterator[tuple[str, str, bool]]:
    """The figures in means of *window_s*: each name, text, and whether it is what it has to be."""
    some, large = scores.offers(lived, window_s), scores.offers(lived, window_s, 1.0)
    mean_kw = fmean(tried.promise.kw for tried in some) if some else 0.0
    yield f"offers in means of {window_s / 60:.0f} min", f"{len(some)}, {mean_kw:.1f} kW in the mean", True
    yield _reached("  kept in the same world", scores.in_same(some))
    yield _reached("  kept in changed worlds", scores.in_changed(some), LEAST_SUSTAINED)
    yield _reached("  of 1 kW or more, in changed worlds (59 %)", scores.in_changed(large), LEAST_SUSTAINED)
    for for_s in DURATIONS_S:
        promises = [
            tried
            for of_state in lived
            for tried in of_state.promises
            if tried.promise.mean_s == window_s and tried.promise.sustain_s == for_s
        ]
        yield _reached(f"  for {for_s / 60:.0f} min, in changed worlds", scores.in_changed(promises))
    answers = [answer for of_state in lived for answer in of_state.answers if answer.window_s == window_s]
    yield _reached("  can-hold: yes and kept (84 %)", scores.yes_sustained(answers), LEAST_YES_SUSTAINED)
    yield _reached("  can-hold: yes of what holds in both worlds", scores.yes_of_certain(answers))
    yield _reached("  can-hold: yes of what an oracle of one holds", scores.yes_of_oracle(answers))


def _reached(name: str, rate: PromiseRate, least: float = 0.0) -> tuple[str, str, bool]:
    aim = f"   >= {least:.0%}" if least else ""
    share = f"{rate.share:6.1%}" if rate.of else "     –"
    return name, f"{share} of {rate.of}{aim}", rate.share >= least


if __name__ == "__main__":
    main()
