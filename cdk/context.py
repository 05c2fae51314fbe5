"""Values of CDK context: names, pairs, numbers and switches, each refused with its key. Pure."""

from __future__ import annotations

from collections.abc import Callable

from contracts.errors import FieldError


def read_names(text: str, separator: str) -> tuple[str, ...]:
    """The names in a list, without blanks."""
    return tuple(name.strip() for name in text.split(separator) if name.strip())


def read_pairs(text: str | None, key: str, example: str) -> list[tuple[str, str]]:
    """Names with their values, each name once."""
    pairs: list[tuple[str, str]] = []
    for entry in read_names(text or "", ","):
        name, equals, value = (word.strip() for word in entry.partition("="))
        if not (name and equals and value):
            raise FieldError(key, f"{entry!r} is not like {example}")
        if name in dict(pairs):
            raise FieldError(key, f"names {name} twice")
        pairs.append((name, value))
    return pairs


def read_days(context: Callable[[str], str | None], key: str, *, default: int, least: int) -> int:
    """The days of *key*, *least* or more. Raises FieldError."""
    value = context(key)
    if value is None:
        return default
    if not value.isdecimal() or not least <= int(value) <= 3650:
        bounds = f"from {least} to 3650" if least else "up to 3650"
        raise FieldError(key, f"{value!r} is no number of days {bounds}")
    return int(value)


def read_number(
    context: Callable[[str], str | None], key: str, *, default: int, least: int, most: int
) -> int:
    """The whole number of *key*. Raises FieldError."""
    value = context(key)
    if value is None:
        return default
    if not value.isdecimal() or not least <= int(value) <= most:
        raise FieldError(key, f"{value!r} is no number from {least} to {most}")
    return int(value)


def read_switch(key: str, value: str) -> bool:
    """True of ``on``. Raises FieldError for what is not ``off`` either."""
    if value not in {"on", "off"}:
        raise FieldError(key, f"{value!r} is none of on, off")
    return value == "on"
