"""Reports of rows as they come stay the same, however settlement is made faster."""

from __future__ import annotations

import json

import pytest

from tests.support.irregular_event import FROZEN, SEEDS, figures, irregular_report


@pytest.mark.parametrize("seed", SEEDS)
def test_the_report_of_irregular_rows_is_the_one_of_before(seed: int) -> None:
    """Gaps, repeats, boots, late rows and clocks that are off, from the bytes of DynamoDB to the report.

    The figures were written by the code of November 2026, before it was made faster. Where what is counted is
    meant to change, `tests.support.irregular_event.freeze` writes them anew.
    """
    frozen = json.loads(FROZEN.read_text(encoding="utf-8"))[str(seed)]
    now = figures(irregular_report(seed))
    assert {name: count for name, (count, _) in now.items()} == {
        name: count for name, (count, _) in frozen.items()
    }
    assert {name: total for name, (_, total) in now.items()} == pytest.approx(
        {name: total for name, (_, total) in frozen.items()}, rel=1e-9, abs=1e-4
    )
