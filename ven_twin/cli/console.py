"""JSON output and the parsing of durations and times, for all commands. Texts for people: `formatting`."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from typing import Any

from contracts.errors import FieldError

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?:in)?)?(?:(\d+)s?)?")


def print_json(value: Any) -> None:
    """One JSON document on standard output, flushed so that a pipe sees it at once."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def duration_s(text: str, field: str) -> int:
    """``10m``, ``1h30m``, ``45s`` or ``45`` as seconds.

    Raises:
        FieldError: it is none of these, or nothing.
    """
    match = _DURATION.fullmatch(text.strip())
    hours, minutes, seconds = (int(digits or 0) for digits in match.groups()) if match else (0, 0, 0)
    total = hours * 3600 + minutes * 60 + seconds
    if total <= 0:
        raise FieldError(field, f"{text!r} is no duration: write 10m, 1h30m or 45s")
    return total


def start_ts(text: str, field: str) -> int:
    """An ISO 8601 time as UTC seconds; without an offset it is UTC.

    Raises:
        FieldError: it is no such time.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise FieldError(field, f"{text!r} is no ISO 8601 time, such as 2026-07-01T17:00:00Z") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
