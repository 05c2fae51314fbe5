"""The VTN's refusals, each kind with its status. Pure. Source: the official document; RFC 9110."""

from __future__ import annotations

from enum import Enum
from urllib.parse import quote

from contracts.openadr.problems import OADR_PROBLEM_TYPE, OadrProblem
from contracts.openadr.tokens import BASE_PATH

RETRY = {"Retry-After": "1"}
BUSY_DETAIL = "too much at once: try again"
URL_MAX_CHARACTERS = 1024


class VtnProblemKind(Enum):
    """A kind of problem: the end of its type, its status, its title.

    Interpretation: the document has 400, 401, 403, 404, 409 and 500; the others are HTTP's own.
    """

    BAD_REQUEST = ("badRequest", 400, "Bad Request")
    UNAUTHORIZED = ("unauthorized", 401, "Unauthorized")
    FORBIDDEN = ("forbidden", 403, "Forbidden")
    NOT_FOUND = ("notFound", 404, "Not Found")
    METHOD_NOT_ALLOWED = ("methodNotAllowed", 405, "Method Not Allowed")
    CONFLICT = ("conflict", 409, "Conflict")
    PRECONDITION_FAILED = ("preconditionFailed", 412, "Precondition Failed")
    FAILED = ("failed", 500, "Internal Server Error")
    BUSY = ("busy", 503, "Service Unavailable")

    def __init__(self, type_name: str, status: int, title: str) -> None:
        self.type_name = type_name
        self.status = status
        self.title = title

    def problem(self, detail: str, instance: str) -> OadrProblem:
        """The problem of this kind as a client is answered it."""
        return OadrProblem(
            type=f"{OADR_PROBLEM_TYPE}{self.type_name}",
            title=self.title,
            status=self.status,
            detail=detail,
            instance=instance,
        )


def called_url(path: str, vtn_url: str) -> str:
    """The URL of a call of *path*, for a problem, of a VTN at *vtn_url*: whoever calls may say any host."""
    return f"{vtn_url.removesuffix(BASE_PATH)}{quote(path[:URL_MAX_CHARACTERS], errors='replace')}"
