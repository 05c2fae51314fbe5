"""Refusals of a VTN. Source: the official document, schema ``problem``; RFC 9457."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

OADR_PROBLEM_TYPE = "urn:problem-type:openadr:"


class OadrProblem(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal: *type* for programs, *detail* for people, *instance* the URL that was called."""

    type: str
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str
    instance: str
