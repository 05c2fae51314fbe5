"""Names of the emulator put in others' place; one that is gone is an error, never passed over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contracts.wire.codec import JsonDict

Original = Callable[..., Any]
"""A function of the emulator, which has no types."""


def replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Put what *make* makes of ``owner.name`` in its place. Raises RuntimeError when there is none."""
    if not hasattr(owner, name):
        raise RuntimeError(f"ministack no longer has {owner.__name__}.{name}, which the local cloud replaces")
    setattr(owner, name, make(getattr(owner, name)))


def replace_in(table: JsonDict, name: str, make: Callable[[Any], Any]) -> None:
    """Put what *make* makes of ``table[name]`` in its place. Raises RuntimeError when there is none."""
    if name not in table:
        raise RuntimeError(f"ministack no longer has {name!r} where the local cloud replaces it")
    table[name] = make(table[name])
