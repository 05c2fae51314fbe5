"""The first paint of the pages: before anything is heard, nothing is claimed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ven_twin.operations.fleet
import ven_twin.ven.page

PAGES = [
    Path(str(package.__file__)).parent / "static" / "index.html"
    for package in (ven_twin.operations.fleet, ven_twin.ven.page)
]
CLAIM = re.compile(
    r"\bno event|\bnone\b|there (are|is) no|nothing runs|\bconnected|\banswers\b", re.IGNORECASE
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parents[1].name)
def test_a_page_that_has_heard_nothing_claims_nothing(page: Path) -> None:
    """No event, none yet, connected: such words come with the first answer, never with the page."""
    html = re.sub(
        r"<(dialog|template).*?</\1>|<[^>]* hidden>.*?</p>", "", page.read_text("utf-8"), flags=re.DOTALL
    )
    words = re.sub(r"<[^>]+>", " ", html)
    assert CLAIM.findall(words) == []
    assert "Nothing has been heard yet" in words
