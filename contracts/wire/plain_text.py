r"""Text that others wrote, made plain: no terminal, log or page acts on what is in it.

    a VEN's "heat wave\x1b[2J"  →  "heat wave�[2J"

Escape sequences begin with a control character of C0 or C1; a direction mark of Unicode turns what follows it
around, and characters of no width hide. Each becomes the replacement character, so that a reader sees that
something was there. Source: ECMA-48; Unicode TR 36, section 2.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contracts.wire.codec import JsonDict

MOST_CHARACTERS = 512
"""Longer text is cut. Interpretation: a reason takes a line or two."""
MOST_ITEMS = 1024
"""So many items of a list or an object are kept. Interpretation: a payload has no room for more circuits."""
MOST_DEPTH = 16
"""Deeper is not kept. Source: DynamoDB takes 32 levels, and there are some above."""

ACTED_ON = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff"
)
"""The characters that a terminal acts on, as a class of a regular expression, without line break and tab."""
_IN_LINES = re.compile(f"[{ACTED_ON}]")
_IN_A_LINE = re.compile(f"[{ACTED_ON}\t\n]")
REPLACEMENT = "\ufffd"
"""The character in the place of each."""


def plain(text: str) -> str:
    """*text* in lines, without anything that a terminal would act on; our own line breaks and tabs stay."""
    return _IN_LINES.sub(REPLACEMENT, text)


def plain_line(text: str) -> str:
    """*text* that others wrote, on one line, cut to a length that fits a table."""
    line = _IN_A_LINE.sub(REPLACEMENT, text[: MOST_CHARACTERS + 1])
    return line if len(line) <= MOST_CHARACTERS else f"{line[: MOST_CHARACTERS - 1]}…"


def plain_object(value: JsonDict) -> JsonDict:
    """A JSON object that others wrote: its texts on a line each, of bounded size and depth."""
    return {plain_line(name): _plain_value(item, 1) for name, item in list(value.items())[:MOST_ITEMS]}


def _plain_value(value: object, depth: int) -> object:
    if isinstance(value, str):
        return plain_line(value)
    if not isinstance(value, dict | list | tuple):
        return value
    if depth >= MOST_DEPTH:
        return REPLACEMENT
    if isinstance(value, dict):
        return {
            plain_line(str(name)): _plain_value(item, depth + 1)
            for name, item in list(value.items())[:MOST_ITEMS]
        }
    return [_plain_value(item, depth + 1) for item in value[:MOST_ITEMS]]
