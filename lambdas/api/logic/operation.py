"""An operation's request and result."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.api.routes import Headers, Path
from lambdas.api.logic.calls import Call
from lambdas.api.logic.cursors import cursor, position
from lambdas.api.logic.problems import ProblemError, ProblemKind


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
