"""If-Match: the state of an event that a change is conditional on. Source: RFC 9110, section 13.1.1."""

from __future__ import annotations

import re

from lambdas.api.logic.problems import ProblemError, ProblemKind

ANY = "*"
MAX_CHARS = 64
"""An etag of ours is shorter than a request takes; what is longer matches none."""
_TAG = re.compile(r'(W/)?"([!#-~]*)"')


def quoted(etag: str) -> str:
    """An etag as it stands in a header."""
    return f'"{etag}"'


def wanted(if_match: str) -> tuple[str, ...]:
    """The etags in an If-Match header, `ANY` alone for whatever there is.

    Raises:
        ProblemError: it is no such header, or it holds weak tags alone, which never match.
    """
    if if_match.strip() == ANY:
        return (ANY,)
    matches = [_TAG.fullmatch(tag.strip()) for tag in if_match.split(",")]
    if not all(matches):
        raise ProblemError(
            ProblemKind.BAD_REQUEST, 'is * or an ETag in quotes, such as "1f0a"', field="If-Match"
        )
    strong = tuple(dict.fromkeys(match[2] for match in matches if match is not None and not match[1]))
    if not strong:
        raise ProblemError(ProblemKind.PRECONDITION_FAILED, "a weak ETag matches nothing", field="If-Match")
    return strong
