"""A call as API Gateway hands it over, and what every function of HTTP reads of it alike. Pure.

Source: API Gateway Developer Guide, payload format version 2.0.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.errors import MalformedError, OversizeError
from contracts.wire.codec import JsonObject

BUSY = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "ReadTimeoutError",
        "ConnectTimeoutError",
        "EndpointConnectionError",
        "TableBusyError",
        "KeysUnavailableError",
    }
)
"""Codes of AWS and botocore, and errors of our own, after which a call is worth repeating."""


@dataclass(frozen=True, slots=True)
class GatewayCall:
    """One call. *headers* are by lower-case name; *path* is as the gateway decoded it."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: str
    is_base64: bool
    request_id: str

    def raw_body(self, max_bytes: int) -> bytes:
        """The body's bytes; *max_bytes* bounds what is decoded.

        Raises:
            OversizeError: it is base64 of more.
            MalformedError: it is marked as base64, and is none.
        """
        if not self.is_base64:
            return self.body.encode(errors="surrogatepass")
        if len(self.body) > max_bytes * 4 // 3 + 4:
            raise OversizeError("body bytes", len(self.body) * 3 // 4, max_bytes)
        try:
            return base64.b64decode(self.body, validate=True)
        except (binascii.Error, ValueError):
            raise MalformedError("not the base64 that it is marked as") from None


def read_gateway_call(event: JsonObject) -> GatewayCall:
    """The call in an invocation's event."""
    context = event["requestContext"]
    return GatewayCall(
        method=context["http"]["method"],
        path=event["rawPath"],
        query=event.get("rawQueryString") or "",
        headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
        body=event.get("body") or "",
        is_base64=bool(event.get("isBase64Encoded")),
        request_id=context.get("requestId", ""),
    )


def path_parameters(segments: Sequence[str], names: Sequence[str]) -> dict[str, str] | None:
    """The parameters of a path of *names* that is of a route's *segments*, by name; None of any other."""
    if len(segments) != len(names):
        return None
    parameters: dict[str, str] = {}
    for segment, name in zip(segments, names, strict=True):
        if segment.startswith("{"):
            parameters[segment[1:-1]] = name
        elif segment != name:
            return None
    return parameters if all(parameters.values()) else None
