"""Refusals of the VTN's calls. Source: the official document; RFC 9110."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.errors import FieldError, VenTwinError
from contracts.openadr.problems import OadrProblem
from lambdas.shared.gateway_calls import BUSY
from lambdas.shared.oadr_problems import BUSY_DETAIL, RETRY, VtnProblemKind


class VtnProblemError(VenTwinError):
    """The call is refused, and nothing was changed. The client is answered the problem.

    Attributes:
        kind: the kind of problem.
        detail: what was wrong, and what was allowed.
        headers: that the answer carries.
    """

    def __init__(self, kind: VtnProblemKind, detail: str, headers: Mapping[str, str] | None = None) -> None:
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})
        super().__init__(detail)

    def problem(self, instance: str) -> OadrProblem:
        """The problem as the client is answered it."""
        return self.kind.problem(self.detail, instance)


def bad_field(error: FieldError) -> VtnProblemError:
    """A field of the call is wrong."""
    return VtnProblemError(VtnProblemKind.BAD_REQUEST, f"{error.field}: {error.reason}")


def unauthorized(detail: str) -> VtnProblemError:
    """There is no token that holds. Source: RFC 6750, 3."""
    return VtnProblemError(VtnProblemKind.UNAUTHORIZED, detail, {"WWW-Authenticate": "Bearer"})


def forbidden(detail: str) -> VtnProblemError:
    """The client may not."""
    return VtnProblemError(VtnProblemKind.FORBIDDEN, detail)


def absent(parameter: str) -> VtnProblemError:
    """The object is not there, or not for this client."""
    return VtnProblemError(VtnProblemKind.NOT_FOUND, f"{parameter}: there is none of that id")


def unreferenced(field: str) -> VtnProblemError:
    """An object that a body names is not there, or not for this client.

    Source: the official document, 409: "a violation of a foreign key constraint".
    """
    return VtnProblemError(VtnProblemKind.CONFLICT, f"{field}: there is none of that id")


def name_in_use(field: str) -> VtnProblemError:
    """Another object has the name."""
    return VtnProblemError(VtnProblemKind.CONFLICT, f"{field}: another one has that name")


def busy() -> VtnProblemError:
    """Others write the same objects all the time, or AWS is throttling."""
    return VtnProblemError(VtnProblemKind.BUSY, BUSY_DETAIL, RETRY)


def of_error(code: str) -> VtnProblemError:
    """The problem of an error that is not the client's, by its code and with none of its text."""
    if code in BUSY:
        return busy()
    return VtnProblemError(VtnProblemKind.FAILED, "the function failed; its log has the cause")
