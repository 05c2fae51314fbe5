"""What the commands print: JSON for programs, a few lines for people."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
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
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
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


def clock_time(ts: float) -> str:
    """UTC seconds as a time of day here, for a person's eyes."""
    return datetime.fromtimestamp(ts).astimezone().strftime("%H:%M:%S")


def kw(value: float | None) -> str:
    """A power for a person's eyes."""
    return "–" if value is None else f"{value:.2f} kW"


def refused(answer: Mapping[str, Any]) -> FieldError | None:
    """The refusal in a function's answer, as the error that it is; None when it is none."""
    if answer.get("ok") is not False:
        return None
    return FieldError(str(answer.get("field") or "request"), str(answer.get("error", "refused")))
