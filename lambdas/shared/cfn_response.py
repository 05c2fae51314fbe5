"""Answers to CloudFormation, by PUT to the address that came with the request."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import msgspec

from contracts.wire import codec
from lambdas.shared import clock

ATTEMPTS = 4
TIMEOUT_S = 10.0
REASON_MAX_CHARS = 1024
"""The whole answer may have 4096 bytes. Source: CloudFormation, custom resource response objects."""

Put = Callable[[str, bytes], None]


class CfnOutcome(msgspec.Struct, rename="pascal", omit_defaults=True, frozen=True, kw_only=True):
    """The end of a request. *data* can be read by `Fn::GetAtt`; there is never a secret in it."""

    physical_resource_id: str
    reason: str | None = None
    data: dict[str, str] = {}


def answer(request: Mapping[str, object], outcome: CfnOutcome) -> dict[str, object]:
    """The body of the answer; a *reason* makes it a failure."""
    reason = outcome.reason
    return {
        "Status": "SUCCESS" if reason is None else "FAILED",
        "Reason": (reason or "done")[:REASON_MAX_CHARS],
        "PhysicalResourceId": outcome.physical_resource_id,
        "StackId": request["StackId"],
        "RequestId": request["RequestId"],
        "LogicalResourceId": request["LogicalResourceId"],
        "NoEcho": True,
        "Data": outcome.data,
    }


def send(url: str, body: Mapping[str, object], *, put: Put | None = None) -> None:
    """PUT *body* to *url*, a few times if need be: without an answer a stack hangs for an hour.

    Raises:
        OSError: it could not be delivered.
    """
    for attempt in range(ATTEMPTS):
        try:
            (put or put_http)(url, codec.encode(body))
        except OSError:
            if attempt == ATTEMPTS - 1:
                raise
            clock.sleep(0.5 * 2**attempt)
        else:
            return


def put_http(url: str, body: bytes) -> None:
    """PUT without a content type, which the address was not signed for. Raises OSError."""
    if urlsplit(url).scheme not in {"https", "http"}:
        raise ValueError("an answer goes by http or https")
    request = urllib.request.Request(url, data=body, method="PUT", headers={"Content-Type": ""})  # noqa: S310
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310 - checked above
        response.read()
