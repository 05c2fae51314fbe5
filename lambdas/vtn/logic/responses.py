"""Answers in the form that API Gateway takes, each with an ETag. Source: RFC 9110, 8.8.3 and 13.1."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from contracts.wire import codec
from contracts.wire.codec import JsonDict
from lambdas.shared.oadr_problems import VtnProblemKind
from lambdas.shared.vtn_problems import VtnProblemError
from lambdas.shared.vtn_rows import etag_of

VtnResponse = JsonDict
JSON = "application/json"
ALWAYS = {"Cache-Control": "private, no-cache", "Vary": "Authorization", "X-Content-Type-Options": "nosniff"}
ANSWER_MAX_BYTES = 5_500_000
"""A function answers 6 MB at most. Source: Lambda quotas."""
_TAG = re.compile(r'(?:W/)?"([!#-~]*)"')


def names_tag(header: str | None, etag: str) -> bool:
    """True when an If-None-Match or If-Match *header* names *etag*, or any."""
    if header is None:
        return False
    return header.strip() == "*" or etag in _TAG.findall(header)


def check_if_match(header: str | None, etag: str) -> None:
    """Refuse a change on condition of another state. Raises VtnProblemError."""
    if header is not None and not names_tag(header, etag):
        raise VtnProblemError(VtnProblemKind.PRECONDITION_FAILED, "If-Match: it has changed: read it again")


def answered(status: int, body: bytes, etag: str | None = None) -> VtnResponse:
    """An answer with *body*, which is JSON.

    Raises:
        VtnProblemError: no function can answer as much at once.
    """
    if len(body) > ANSWER_MAX_BYTES:
        raise VtnProblemError(VtnProblemKind.BAD_REQUEST, "limit: too much for one answer, ask for fewer")
    headers = {"Content-Type": JSON, **ALWAYS} | ({} if etag is None else {"ETag": f'"{etag}"'})
    return {"statusCode": status, "headers": headers, "body": body.decode(), "isBase64Encoded": False}


def read_answer(body: bytes, if_none_match: str | None, etag: str | None = None) -> VtnResponse:
    """The answer of a read, with the digest of *body* as its tag, or *etag*, if that is at hand.

    It is 304 where the client has it.
    """
    etag = etag_of(body) if etag is None else etag
    return unchanged(etag) if names_tag(if_none_match, etag) else answered(200, body, etag)


def unchanged(etag: str) -> VtnResponse:
    """The answer that the client has already."""
    return {"statusCode": 304, "headers": {**ALWAYS, "ETag": f'"{etag}"'}}


def array(objects: Iterable[bytes]) -> bytes:
    """Encoded *objects* as one JSON array."""
    return b"[" + b",".join(objects) + b"]"


def refused(error: VtnProblemError, instance: str) -> VtnResponse:
    """The answer to a call that is refused, or that failed. *instance* is its URL."""
    headers: Mapping[str, str] = {"Content-Type": JSON, **ALWAYS, "Cache-Control": "no-store"}
    return {
        "statusCode": error.kind.status,
        "headers": {**headers, **error.headers},
        "body": codec.encode(error.problem(instance)).decode(),
        "isBase64Encoded": False,
    }
