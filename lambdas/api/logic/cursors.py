"""Cursors of lists: a position, and a mark of the query that it is a position of.

A cursor never names the VEN whose rows are read. The path does, and IAM has authorized it: whatever bytes a
caller sends, they lead to another place in the very list that was requested, or are refused.
The mark is no secret: it tells a cursor of another query, or one that was cut or mistyped, from one of this.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TypeVar

import msgspec

from lambdas.api.logic.problems import ProblemError, ProblemKind

P = TypeVar("P")
MARK_BYTES = 12


def cursor(query: str, position: object) -> str:
    """The cursor of *position* in the list of *query*; of characters that need no escaping."""
    at = msgspec.json.encode(position)
    return base64.urlsafe_b64encode(_mark(query, at) + at).decode().rstrip("=")


def position(query: str, text: str, kind: type[P]) -> P:
    """The position in a cursor of the list of *query*.

    Raises:
        ProblemError: it is of another query, or no cursor at all.
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        mark, at = raw[:MARK_BYTES], raw[MARK_BYTES:]
        if mark == _mark(query, at):
            return msgspec.json.decode(at, type=kind)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        pass
    detail = "is none of this query: leave it out to start at the beginning"
    raise ProblemError(ProblemKind.BAD_REQUEST, detail, field="cursor")


def _mark(query: str, at: bytes) -> bytes:
    return hashlib.sha256(query.encode() + b"\0" + at).digest()[:MARK_BYTES]
