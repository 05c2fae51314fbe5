"""Refusals of a call as problem+json that names the mistake. Source: RFC 9457."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import msgspec

from contracts.errors import VenTwinError


class PageProblem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A refusal. ``detail`` is for people; ``field`` names the part of the call that is wrong."""

    title: str
    status: int
    detail: str
    field: str | None = None


class PageProblemError(VenTwinError):
    """Raised when a call cannot be done; it becomes the answer, and nothing was changed.

    Attributes:
        problem: what is answered.
        headers: further headers of the answer.
    """

    def __init__(
        self, status: int, detail: str, *, field: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        title = HTTPStatus(status).phrase
        self.problem = PageProblem(title=title, status=status, detail=detail, field=field)
        self.headers = dict(headers or {})
        super().__init__(detail)
