"""A hostile VEN beside a fleet, and in its event: operators see of the others what they see without it."""

from __future__ import annotations

import pytest

from tests.support.api_world import Api
from tests.support.hostile_system import generated, live, objections, silence


@pytest.mark.parametrize("called", [False, True], ids=["beside the event", "in the event"])
def test_a_hostile_ven_changes_nothing_that_is_seen_of_others(
    api: Api, monkeypatch: pytest.MonkeyPatch, *, called: bool
) -> None:
    """Rows, dispatch, redispatch, report, lists, pages, CSV and terminal are the same, and sums are sums."""
    without = live(api, monkeypatch, silence, called=called)
    assert objections(without, without.seen) == []
    assert len(without.seen["CSV, settled"]) == 7  # two baselines of three VENs below the head
    life = live(api, monkeypatch, generated(1, 8), called=called)
    assert life.sent > 40
    assert objections(life, without.seen) == []
