"""The reconnects of a thousand sessions that lost their connection in the same instant."""

from __future__ import annotations

import argparse
import random
from collections import Counter

from ven_twin.ven.mqtt.backoff import Backoff

SESSIONS = 1000
LIMIT = 500
"""CONNECTs a second that AWS IoT Core takes from an account."""


def arrivals_s(sessions: int, seed: int, attempts: int = 1) -> list[float]:
    """Times of every session's connects, s after all were cut off at 0; of several *attempts* all fail."""
    seeds = random.Random(seed)
    times = []
    for _ in range(sessions):
        backoff, at_s = Backoff(random.Random(seeds.getrandbits(64))), 0.0
        for _ in range(attempts):
            at_s += backoff.next_delay_s()
            times.append(at_s)
    return times


def busiest(times_s: list[float], width_s: float = 1.0) -> int:
    """The most arrivals within any *width_s*, wherever it begins."""
    ordered, first, most = sorted(times_s), 0, 0
    for index, at_s in enumerate(ordered):
        while at_s - ordered[first] >= width_s:
            first += 1
        most = max(most, index - first + 1)
    return most


def histogram(times_s: list[float]) -> list[tuple[int, int]]:
    """Arrivals in each second from 0 on."""
    counts = Counter(int(at_s) for at_s in times_s)
    return [(second, counts[second]) for second in range(max(counts) + 1)]


def main(arguments: list[str]) -> None:
    """Print the histogram of the first return, and the busiest second over many seeds."""
    parser = argparse.ArgumentParser(prog="faults reconnects", description=__doc__)
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--seeds", type=int, default=100)
    options = parser.parse_args(arguments)
    for line in shown(options.sessions, options.seeds):
        print(line)  # noqa: T201 - a report


def shown(sessions: int, seeds: int) -> list[str]:
    """The report."""
    tenths = Counter(int(at_s * 5) for at_s in arrivals_s(sessions, 1))
    lines = [f"{sessions} sessions cut off at once, seed 1: CONNECTs in each fifth of a second"]
    lines += [
        f"  {tenth / 5:4.1f} s  {tenths[tenth]:4d}  {'█' * round(tenths[tenth] / 2)}"
        for tenth in range(5, max(tenths) + 1)
    ]
    first = [busiest(arrivals_s(sessions, seed)) for seed in range(seeds)]
    lines.append(f"busiest second of {seeds} seeds: {max(first)} CONNECTs (limit {LIMIT} a second)")
    down = [busiest(arrivals_s(sessions, seed, attempts=6)) for seed in range(min(seeds, 20))]
    lines.append(f"with a broker that refuses six times in a row, over 20 seeds: {max(down)}")
    return lines
