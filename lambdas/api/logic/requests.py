"""What an operation gets, and what it gives back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.api.routes import Headers, Path
from lambdas.api.adapters import Adapters
from lambdas.api.logic.calls import Call
from lambdas.api.logic.cursors import cursor, position
from lambdas.api.logic.problems import BAD_REQUEST, ProblemError


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that was read: every part is what the route says that it should be.

    Attributes:
        call: as it came.
        path: the parameters in its path.
        headers: those that the route reads.
        query: the route's own Struct, or None.
        body: the route's own Struct, or None.
        desk: adapters.
        now: UTC s.
    """

    call: Call
    path: Path
    headers: Headers
    query: Any
    body: Any
    desk: Adapters
    now: float

    def cursor(self, at: object) -> str:
        """A cursor at *at* in the list that was asked for."""
        return cursor(self._query, at)

    def position(self, kind: type[Any]) -> Any:
        """Where the list goes on, or None for its beginning. Raises ProblemError."""
        return None if self.query.cursor is None else position(self._query, self.query.cursor, kind)

    @property
    def _query(self) -> str:
        """What a cursor is a position of: the path and the filters, but not how many are wanted."""
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

    def one_id(self, prefix: str, given: str | None, name: str) -> str | None:
        """The id that makes a repeat of the call one thing: *given* in the body, or by the key.

        Raises:
            ProblemError: both are there.
        """
        keyed = self.keyed_id(prefix)
        if keyed is not None and given is not None:
            detail = f"makes the {name}; give one of the two"
            raise ProblemError(BAD_REQUEST, detail, field="Idempotency-Key")
        return keyed or given


@dataclass(frozen=True, slots=True)
class Given:
    """What an operation gives back; the route says with which status."""

    value: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
