"""``make hostile``: a million messages of one VEN beside another's, and lives of the whole system beside it.

``ARGS="--messages 10000 --lives 10"`` for less.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing import Pool

from harness.hostile import lives
from tests.support.hostile_messages import good_messages, hostile, objections, outcome

MESSAGES = 1_000_000
BATCH = 10
"""Messages of a batch. Source: AWS Lambda, event source mappings of SQS, the default."""
SHARE = 10_000
"""Messages of a seed: what one process takes at a time."""
LIVES, LIVES_SHARE = 60, 6


def run(seed: int, count: int) -> Counter[str]:
    """Send *count* messages of *seed* in batches; count those that were refused, and every objection."""
    rng, good = random.Random(seed), good_messages()
    alone = outcome(good)
    counts: Counter[str] = Counter()
    for first in range(0, count, BATCH):
        bad = {f"bad-{number}": hostile(rng) for number in range(min(BATCH, count - first))}
        counts["sent"] += len(bad)
        try:
            made = outcome(bad | good)
            against = objections(made, alone)
        except Exception as error:  # noqa: BLE001 - whatever ends a batch is the finding
            counts[f"seed {seed}: a batch ended with {type(error).__name__}"] += 1
            continue
        counts["refused"] += len(made.refused)
        counts.update(f"seed {seed}: {objection}" for objection in against)
    return counts


def main() -> None:
    """Send them all, then live the lives, on two cores; exit 1 when any did something to another VEN."""
    parser = argparse.ArgumentParser(prog="hostile", description=__doc__)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--lives", type=int, default=LIVES, help="of the whole system, beside a hostile VEN")
    parser.add_argument("--seed", type=int, default=0, help="the first of as many as are needed")
    options = parser.parse_args()
    begun_s = time.monotonic()
    counts = _in_parallel(run, options.seed, options.messages, SHARE)
    sent, refused = counts.pop("sent", 0), counts.pop("refused", 0)
    _say(f"{sent:,} messages of one VEN, {refused:,} refused", counts, begun_s)
    begun_s = time.monotonic()
    lived = _in_parallel(lives.run, options.seed, options.lives, LIVES_SHARE)
    count, sent = lived.pop("lives", 0), lived.pop("sent", 0)
    _say(f"{count:,} lives of the system, {sent:,} messages of one VEN", lived, begun_s)
    sys.exit(1 if counts or lived else 0)


def _in_parallel(work: Callable[[int, int], Counter[str]], seed: int, total: int, share: int) -> Counter[str]:
    """Do *total* of a work by shares, each with the seeds that follow those of the share before."""
    step = 1 if work is run else share
    firsts = range(0, total, share)
    shares = [(seed + place * step, min(share, total - first)) for place, first in enumerate(firsts)]
    with Pool(2) as pool:
        return sum(pool.starmap(work, shares), Counter[str]())


def _say(done: str, against: Counter[str], begun_s: float) -> None:
    end = "all else is as without them." if not against else f"{against.most_common(9)}"
    sys.stdout.write(f"{done}, {time.monotonic() - begun_s:.0f} s: {end}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
