"""What DynamoDB leaves of a batch."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.store.unprocessed import until_processed

ROOT = Path(__file__).parents[3]
BATCH_CALLS = "batch_get_item(", "batch_write_item("
PRODUCT = "contracts", "lambdas", "ven_twin", "local_cloud", "cdk"


def test_the_rest_alone_is_tried_again_and_the_pauses_grow_to_two_seconds() -> None:
    """A call for each attempt, each with what the one before has left."""
    batches: list[list[int]] = []
    pauses: list[float] = []

    def leave_the_last(batch: list[int]) -> list[int]:
        batches.append(batch)
        return batch[-1:]

    assert until_processed([1, 2], leave_the_last, pause=pauses.append, attempts=8) == [2]
    assert batches == [[1, 2]] + 7 * [[2]]
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


@pytest.mark.parametrize("batch", [[], [1]])
def test_a_batch_that_is_done_at_once_waits_for_nothing(batch: list[int]) -> None:
    """No pause, and no call for nothing."""
    pauses: list[float] = []
    assert until_processed(batch, lambda _: [], pause=pauses.append) == []
    assert pauses == []


def test_every_batch_call_of_the_product_is_repeated_by_the_one_rule() -> None:
    """A module that calls a batch operation of DynamoDB has its rest tried again by `until_processed`."""
    texts = {path: path.read_text() for room in PRODUCT for path in (ROOT / room).rglob("*.py")}
    callers = {path for path, text in texts.items() if any(call in text for call in BATCH_CALLS)}
    assert len(callers) >= 3
    assert {path for path in callers if "until_processed(" not in texts[path]} == set()
