"""The wire does not change by accident: its schemas are kept and compared."""

from __future__ import annotations

import pytest

from tests.contract.export import FOLDER, schemas

EXPORTED = schemas()


@pytest.mark.parametrize("name", EXPORTED)
def test_the_schema_is_the_one_that_was_agreed(name: str) -> None:
    """A change of a Struct that VENs and backends speak is seen in a diff before it is deployed."""
    path = FOLDER / name
    agreed = path.read_text() if path.exists() else ""
    assert EXPORTED[name] == agreed, "if the change is meant: python -m tests.contract.export"


def test_no_schema_is_left_of_a_message_that_is_gone() -> None:
    """The folder lists what is spoken, and nothing else."""
    assert {path.name for path in FOLDER.iterdir()} == set(EXPORTED)
