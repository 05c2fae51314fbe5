"""The types by which the pages' JavaScript is checked are those of what the servers send."""

from __future__ import annotations

import msgspec
import pytest

from harness import page_types


def test_the_committed_types_are_those_of_the_structs() -> None:
    """A Struct that changes without `make types` fails here, and not in somebody's browser."""
    assert page_types.TARGET.read_text() == page_types.declarations()


class Sent(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A Struct that is sent whole.

    Only the first line is shown.
    """

    some_kw: float | None = None
    names: tuple[str, ...] = ()
    by_name: dict[str, int] = {}


class Sparse(msgspec.Struct, rename="camel", frozen=True, kw_only=True, omit_defaults=True):
    """A Struct that leaves out what is not known."""

    usable_kw: float
    some_kw: float | None = None
    inner: Sent = Sent()


def test_a_field_may_be_absent_where_its_struct_leaves_it_out() -> None:
    """By its name on the wire; a list keeps its items' types, and a Struct within comes along."""
    text = page_types._namespace("Api", [Sparse])
    assert "  /** A Struct that is sent whole. */\n" in text
    assert "    someKw: number | null;\n    names: string[];\n    byName: Record<string, number>;\n" in text
    assert "    usableKw: number;\n    someKw?: number | null;\n    inner?: Sent;\n" in text


def test_two_structs_of_one_name_are_refused() -> None:
    """In one namespace they would be one type."""
    other = msgspec.defstruct("Sent", [("ts", float)])
    with pytest.raises(ValueError, match="Sent names two Structs"):
        page_types._namespace("Api", [Sent, other])
