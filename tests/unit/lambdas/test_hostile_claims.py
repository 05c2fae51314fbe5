"""Claims of a stranger: whatever is in one, no other VEN's row or place changes, and no log has its text."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest

from tests.support.hostile_claims import SECRET, claim, list_of_allowed, objections
from ven_twin.testing.function_world import World


def test_a_claim_harms_nobody_and_is_named_without_its_text(
    world: World,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Of eighty claims those are admitted that name the VEN on the list; each has its metric and a line."""
    allowed, rng = list_of_allowed(world), random.Random(3)
    for _ in range(80):
        assert objections(world, allowed, claim(rng)) == []
    out = capsys.readouterr().out
    counts: Counter[str] = Counter()
    for line in out.splitlines():
        counts.update(name for name in ("VenAdmitted", "VenNotAdmitted") if name in json.loads(line))
    assert counts.total() == 80
    assert counts["VenAdmitted"] >= 1
    logged = Counter(record.message for record in caplog.records if record.name == "test")
    assert logged == {"admitted": counts["VenAdmitted"], "not admitted": counts["VenNotAdmitted"]}
    assert SECRET.split("\x1b", maxsplit=1)[0] not in out + str([vars(record) for record in caplog.records])
