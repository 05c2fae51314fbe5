"""Refusals as problem details, each kind with its status and title. Source: RFC 9457."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import msgspec

from contracts.api.parameters import Path
from contracts.api.problems import PROBLEM_TYPE, Problem
from contracts.api.requests import RefusalCode, Refused
from contracts.errors import VenTwinError
from lambdas.shared.gateway_calls import BUSY


class ProblemKind(Enum):
    """A kind of problem.

    Attributes:
        type_name: the end of its type.
        status: the HTTP status.
        title: its title.
    """

    BAD_REQUEST = ("badRequest", 400, "The call is wrong")
    NOT_FOUND = ("notFound", 404, "Not there")
    METHOD_NOT_ALLOWED = ("methodNotAllowed", 405, "Not done here")
    CONFLICT = ("conflict", 409, "Not as things stand")
    PRECONDITION_FAILED = ("preconditionFailed", 412, "It has changed")
    TOO_LARGE = ("tooLarge", 413, "The body is too large")
    UNSUPPORTED = ("unsupportedMediaType", 415, "Only JSON is taken")
    PRECONDITION_REQUIRED = ("preconditionRequired", 428, "Say what you change")
    TOO_MANY = ("tooManyRequests", 429, "Too many calls at once")
    FAILED = ("failed", 500, "The function failed")
    BUSY = ("busy", 503, "Too busy")

    def __init__(self, type_name: str, status: int, title: str) -> None:
        self.type_name = type_name
        self.status = status
        self.title = title


REFUSALS = {
    RefusalCode.BAD_REQUEST: ProblemKind.BAD_REQUEST,
    RefusalCode.NOT_FOUND: ProblemKind.NOT_FOUND,
    RefusalCode.CONFLICT: ProblemKind.CONFLICT,
    RefusalCode.PRECONDITION_FAILED: ProblemKind.PRECONDITION_FAILED,
}
"""The kind of problem for each code of the functions' refusals."""
IN_A_PATH = frozenset(field.encode_name for field in msgspec.structs.fields(Path))
"""The fields that name what a path names."""
RETRY_SOON = {"Retry-After": "1"}
RETRY_LATER = {"Retry-After": "5"}
THROTTLED = frozenset({"TooManyRequestsException"})


class ProblemError(VenTwinError):
    """The call is refused, and nothing was changed. The caller gets the problem.

    Attributes:
        kind: the kind of problem.
        detail: the mistake, and the allowed values.
        field: the parameter, header or field of the body to correct.
        headers: that the answer carries.
    """

    def __init__(
        self,
        kind: ProblemKind,
        detail: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.kind = kind
        self.detail = detail
        self.field = field
        self.headers = dict(headers or {})
        super().__init__(detail)

    def problem(self, *, instance: str, request_id: str) -> Problem:
        """The problem as the caller gets it."""
        return Problem(
            type=f"{PROBLEM_TYPE}{self.kind.type_name}",
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
        refused: the function's answer.
        named: field of the function's request → its name in the call.
    """
    kind = REFUSALS[refused.code]
    if kind is ProblemKind.NOT_FOUND and refused.field not in IN_A_PATH:
        kind = ProblemKind.BAD_REQUEST
    field = refused.field and (named or {}).get(refused.field, refused.field)
    return ProblemError(kind, refused.error, field=field)


def of_failure(code: str) -> ProblemError:
    """The problem of an error that is not the caller's, by its code; none of its text."""
    if code in THROTTLED:
        return ProblemError(ProblemKind.TOO_MANY, "too many calls at once: try again", headers=RETRY_SOON)
    if code in BUSY:
        detail = "the cloud did not answer in time: try again; what was asked may have been done"
        return ProblemError(ProblemKind.BUSY, detail, headers=RETRY_LATER)
    return ProblemError(ProblemKind.FAILED, "the request id finds the cause in the log")
