"""The API's refusals."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
PROBLEM_TYPE = "urn:problem-type:ven-twin:"


class Problem(msgspec.Struct, rename="camel", frozen=True, kw_only=True, omit_defaults=True):
    """A refusal. Source: RFC 9457; *field* and *requestId* are extension members.

    *type* tells problems apart for programs, *detail* says for people what was wrong and what is allowed,
    *instance* is the path of the call, *field* the parameter, header or field of the body to
    correct, *requestId* what to look for in the log.
    """

    type: str
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str
    instance: str | None = None
    field: str | None = None
    request_id: str | None = None


class GatewayRefusal(msgspec.Struct, frozen=True):
    """A refusal of API Gateway itself, before a request reaches the function."""

    message: str
