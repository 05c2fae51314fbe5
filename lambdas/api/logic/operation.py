"""An operation's request and result, with the cursors of lists and the condition of a change.

A cursor is a position, and a mark of the query that it is a position of. It never names the VEN whose rows
are read. The path does, and IAM has authorized it: whatever bytes a caller sends, they lead to another place
in the very list that was requested, or are refused. The mark is no secret: it tells a cursor of another
query, or one that was cut or mistyped, from one of this.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from contracts.api.parameters import Headers, Path
from lambdas.api.logic.calls import Call
from lambdas.api.logic.problems import ProblemError, ProblemKind

P = TypeVar("P")
MARK_BYTES = 12
ANY = "*"
MAX_CHARS = 64
"""An etag of ours is shorter than a request takes; what is longer matches none."""
_TAG = re.compile(r'(W/)?"([!#-~]*)"')


@dataclass(frozen=True, slots=True)
class OperationRequest:
    """A call, read and checked by its route.

    Attributes:
        call: as it came.
        path: the parameters in its path.
        headers: those that the route reads.
        query: the route's own Struct, or None.
        body: the route's own Struct, or None.
        now: UTC s.
    """

    call: Call
    path: Path
    headers: Headers
    query: Any
    body: Any
    now: float

    def cursor(self, at: object) -> str:
        """A cursor at *at* in the requested list."""
        return cursor(self._query, at)

    def position(self, kind: type[Any]) -> Any:
        """The position to go on at, or None for the list's beginning. Raises ProblemError."""
        return None if self.query.cursor is None else position(self._query, self.query.cursor, kind)

    @property
    def _query(self) -> str:
        """The query of a cursor: the path and the filters, but not the limit."""
        filters = {
            name: getattr(self.query, name)
            for name in self.query.__struct_fields__
            if name not in {"cursor", "limit"}
        }
        return f"{self.call.path}\0{sorted(filters.items())}"

    def keyed_id(self, prefix: str) -> str | None:
        """The id that the caller's idempotency key makes, or None without one.

        Interpretation: a key belongs to who signed, so that two callers never meet under one.
        """
        key = self.headers.idempotency_key
        if key is None:
            return None
        digest = hashlib.sha256(f"{self.call.caller}\0{key}".encode()).hexdigest()
        return f"{prefix}{digest[:32]}"

    def one_id(self, prefix: str, body_id: str | None, name: str) -> str | None:
        """The id that makes a repeat of the call one thing: *body_id*, or by the key.

        Raises:
            ProblemError: both are there.
        """
        keyed = self.keyed_id(prefix)
        if keyed is not None and body_id is not None:
            detail = f"makes the {name}; give one of the two"
            raise ProblemError(ProblemKind.BAD_REQUEST, detail, field="Idempotency-Key")
        return keyed or body_id


@dataclass(frozen=True, slots=True)
class OperationResult:
    """The body and the headers of an answer; its status is the route's."""

    value: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


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


def quoted(etag: str) -> str:
    """An etag as it stands in a header."""
    return f'"{etag}"'


def wanted_etags(if_match: str) -> tuple[str, ...]:
    """The etags in an If-Match header, `ANY` alone for whatever there is. Source: RFC 9110, section 13.1.1.

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


def if_match_of(request: OperationRequest, current: Callable[[], str]) -> dict[str, str]:
    """The etag that a change is conditional on, as a field of the function's request; none without one.

    Args:
        request: the call.
        current: gives the etag of now, where the call names several. It raises ProblemError of what is gone.

    Raises:
        ProblemError: none of several is the one of now.
    """
    if request.headers.if_match is None:
        return {}
    wanted = wanted_etags(request.headers.if_match)
    if len(wanted) == 1 and 0 < len(wanted[0]) <= MAX_CHARS:
        return {"ifMatch": wanted[0]}
    etag = current()
    if etag not in wanted:
        raise ProblemError(ProblemKind.PRECONDITION_FAILED, f"the ETag is {quoted(etag)}", field="If-Match")
    return {"ifMatch": etag}
