"""``make hostile``: a million messages of one VEN beside another's; ``ARGS="--messages 10000"`` for less."""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from multiprocessing import Pool

from tests.support.hostile_messages import good_messages, hostile, objections, outcome

MESSAGES = 1_000_000
BATCH = 10
"""Messages of a batch. Source: AWS Lambda, event source mappings of SQS, the default."""
SHARE = 10_000
"""Messages of a seed: what one process takes at a time."""


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
    """Send them all, on two cores, and exit 1 when any did something to the other VEN."""
    parser = argparse.ArgumentParser(prog="hostile", description=__doc__)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--seed", type=int, default=0, help="the first of as many as are needed")
    options = parser.parse_args()
    shares = [SHARE] * (options.messages // SHARE) + [options.messages % SHARE] * bool(
        options.messages % SHARE
    )
    counts: Counter[str] = Counter()
    with Pool(2) as pool:
        for sent_by_one in pool.starmap(run, enumerate(shares, options.seed)):
            counts += sent_by_one
    sent, refused = counts.pop("sent", 0), counts.pop("refused", 0)
    sys.stdout.write(f"{sent:,} messages of one VEN, {refused:,} refused: ")
    sys.stdout.write("the other VEN is as without them.\n" if not counts else f"{counts.most_common(9)}\n")
    sys.exit(1 if counts else 0)


if __name__ == "__main__":
    main()
