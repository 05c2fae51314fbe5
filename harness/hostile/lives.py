"""Lives of the whole system beside a hostile VEN, compared with the same lives without it."""

from __future__ import annotations

import contextlib
import io
import logging
import os
from collections import Counter

import pytest

os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "VenTwin")
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "hostile")

from tests.support.api_world import open_api
from tests.support.hostile_system import generated, live, objections, silence
from ven_twin.testing.function_account import open_account

MOST_MESSAGES = 12
"""Of a step, of which a life has nineteen."""


def run(seed: int, count: int) -> Counter[str]:
    """Live *count* lives from *seed* on, every other one with the VEN in the event; count the objections."""
    counts: Counter[str] = Counter()
    logging.disable(logging.CRITICAL)
    with open_account(), pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()):
        api = open_api(patch)
        without = {called: live(api, patch, silence, called=called).seen for called in (False, True)}
        for number in range(seed, seed + count):
            called = bool(number % 2)
            life = live(api, patch, generated(number, MOST_MESSAGES), called=called)
            counts["lives"] += 1
            counts["sent"] += life.sent
            counts.update(f"life {number}: {objection}" for objection in objections(life, without[called]))
    return counts
