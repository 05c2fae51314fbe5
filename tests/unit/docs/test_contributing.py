"""What a change touches, as CONTRIBUTING.md lists it: files that exist, as many as it says."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from tests.unit.docs.markdown import ROOT, names

MOST = {
    "A device of the house": 3,
    "A command to a VEN": 2,
    "A baseline by matched days": 3,
    "A telemetry field, from the device to the page": 5,
    "A route of the HTTP API, with its command": 6,
    "A function of the stack": 4,
    "A command of the CLI": 2,
}
"""What each kind of change may cost, in places of the product."""


class Recipe(NamedTuple):
    """One kind of change.

    Attributes:
        places: as many as its heading promises.
        paths: the first path of each place, in order.
    """

    places: int
    paths: tuple[str, ...]


def recipes() -> dict[str, Recipe]:
    """The lists of the page, by heading."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    sections = re.findall(r"^### ([^\n]+) \((\d+)\)\n(.*?)(?=^#)", text, re.MULTILINE | re.DOTALL)
    return {
        heading: Recipe(
            int(count), tuple(names(item)[0] for item in re.findall(r"^\d+\. .+$", body, re.MULTILINE))
        )
        for heading, count, body in sections
    }


def test_each_kind_of_change_has_its_list() -> None:
    """Seven kinds, none above what it may cost."""
    assert {heading: recipe.places for heading, recipe in recipes().items()} == MOST


@pytest.mark.parametrize("heading", MOST)
def test_a_list_is_as_long_as_it_says_and_starts_with_paths(heading: str) -> None:
    """Each item opens with the file or the folder that is touched."""
    recipe = recipes()[heading]
    assert len(recipe.paths) == recipe.places
    assert [path for path in recipe.paths if not (ROOT / path).exists()] == []
