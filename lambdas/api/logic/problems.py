"""Refusals as problem details, each kind with its status and title. Source: RFC 9457."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from contracts.api.requests import Refused
from contracts.api.resources import PROBLEM_TYPE, Problem
from contracts.errors import VenTwinError


class Kind(NamedTuple):
    """A kind of problem: the end of its type, its status, its title."""

    name: str
    status: int
    title: str


BAD_REQUEST = Kind("badRequest", 400, "The call is wrong")
NOT_FOUND = Kind("notFound", 404, "Not there")
METHOD_NOT_ALLOWED = Kind("methodNotAllowed", 405, "Not done here")
NOT_ACCEPTABLE = Kind("notAcceptable", 406, "Only JSON is answered")
CONFLICT = Kind("conflict", 409, "Not as things stand")
PRECONDITION_FAILED = Kind("preconditionFailed", 412, "It has changed")
TOO_LARGE = Kind("tooLarge", 413, "The body is too large")
UNSUPPORTED = Kind("unsupportedMediaType", 415, "Only JSON is taken")
PRECONDITION_REQUIRED = Kind("preconditionRequired", 428, "Say what you change")
TOO_MANY = Kind("tooManyRequests", 429, "Too many calls at once")
FAILED = Kind("failed", 500, "The function failed")
BUSY = Kind("busy", 503, "Too busy")

REFUSALS = {
    "badRequest": BAD_REQUEST,
    "notFound": NOT_FOUND,
    "conflict": CONFLICT,
    "preconditionFailed": PRECONDITION_FAILED,
}
"""The kinds that the functions' own refusals come to."""


class ProblemError(VenTwinError):
    """The call is refused, and nothing was changed. The caller gets the problem.

    Attributes:
        kind: which.
        detail: what was wrong, and what is allowed.
        field: the parameter, header or field of the body to correct.
        headers: that the answer carries.
    """

    def __init__(
        self, kind: Kind, detail: str, *, field: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        self.kind = kind
        self.detail = detail
        self.field = field
        self.headers = dict(headers or {})
        super().__init__(detail)

    def problem(self, *, instance: str, request_id: str) -> Problem:
        """What the caller is told."""
        return Problem(
            type=f"{PROBLEM_TYPE}{self.kind.name}",
            title=self.kind.title,
            status=self.kind.status,
            detail=self.detail,
            instance=instance,
            field=self.field,
            request_id=request_id,
        )


def of_refusal(refused: Refused, *, named: Mapping[str, str] | None = None) -> ProblemError:
    """A function's refusal as a problem.

    A thing that is not there is a 404 only when the path names it; a target in a body is a field to correct.

    Args:
        refused: what the function said.
        named: field of the function's request → what it is called in the call.
    """
    kind = REFUSALS[refused.code]
    if kind is NOT_FOUND and refused.field not in {"eventId", "venId"}:
        kind = BAD_REQUEST
    field = refused.field and (named or {}).get(refused.field, refused.field)
    return ProblemError(kind, refused.error, field=field)
