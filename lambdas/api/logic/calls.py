"""A call, its route, and its path, query, headers and body as typed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar
from urllib.parse import parse_qsl

import msgspec

from contracts.api.problems import JSON
from contracts.api.resources import BODY_MAX_BYTES
from contracts.api.routes import ROUTES, Route
from contracts.errors import FieldError, MalformedError, OversizeError
from contracts.wire import codec
from contracts.wire.codec import JsonObject
from lambdas.api.logic.problems import ProblemError, ProblemKind
from lambdas.shared.gateway_calls import GatewayCall, path_parameters, read_gateway_call

T = TypeVar("T", bound=msgspec.Struct)
QUERY_MAX_FIELDS = 32


@dataclass(frozen=True, slots=True)
class Call(GatewayCall):
    """One call; *caller* stays the same over a role's sessions.

    Its path is as the gateway decoded and authorized it. It is not decoded a second time: the operation
    is the one that IAM has authorized.
    """

    caller: str


def read_call(event: JsonObject) -> Call:
    """The call in an invocation's event."""
    call = read_gateway_call(event)
    return Call(
        method=call.method,
        path=call.path,
        query=call.query,
        headers=call.headers,
        body=call.body,
        is_base64=call.is_base64,
        request_id=call.request_id,
        caller=_caller(event["requestContext"]),
    )


def _caller(context: JsonObject) -> str:
    """The signer: the id of the user, or of the role without the name of its session."""
    signer = (context.get("authorizer") or {}).get("iam") or {}
    return f"{signer.get('accountId', '')}/{str(signer.get('userId') or '').split(':', maxsplit=1)[0]}"


def headers_of(call: Call, route: Route) -> dict[str, str]:
    """The headers that *route* reads, by their names there."""
    return {name: call.headers[name.lower()] for name in route.headers if name.lower() in call.headers}


def read_query(kind: type[T] | None, call: Call) -> T | None:
    """The query string as a *kind*; nothing may stand in it when that is None.

    Raises:
        ProblemError: names the parameter, and the allowed ones.
    """
    try:
        pairs = parse_qsl(
            call.query, keep_blank_values=True, errors="strict", max_num_fields=QUERY_MAX_FIELDS
        )
    except ValueError:
        detail = f"is no query string of UTF-8 and at most {QUERY_MAX_FIELDS} parameters"
        raise ProblemError(ProblemKind.BAD_REQUEST, detail, field="query") from None
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ProblemError(ProblemKind.BAD_REQUEST, "is given more than once", field=twice[:64])
    if kind is None:
        if values:
            raise ProblemError(
                ProblemKind.BAD_REQUEST, "unknown; nothing is allowed here", field=next(iter(values))[:64]
            )
        return None
    return _plain(kind, values)


def _plain(kind: type[T], values: Mapping[str, str]) -> T:
    """*values* as a *kind*, in canonical spelling only: ``true`` and not ``1``."""
    allowed = {field.encode_name: field.name for field in msgspec.structs.fields(kind)}
    for name in values:
        if name not in allowed:
            detail = f"unknown; allowed: {', '.join(sorted(allowed))}"
            raise ProblemError(ProblemKind.BAD_REQUEST, detail, field=name[:64])
    try:
        query = codec.convert(kind, values, strict=False)
    except FieldError as error:
        raise ProblemError(ProblemKind.BAD_REQUEST, error.reason, field=error.field) from None
    for name, text in values.items():
        value = getattr(query, allowed[name])
        if (str(value).lower() if isinstance(value, bool) else str(value)) != text or value is None:
            raise ProblemError(
                ProblemKind.BAD_REQUEST, f"{text[:32]!r} is not how that is written", field=name
            )
    return query


def read_named(kind: type[T], values: Mapping[str, str]) -> T:
    """Parameters of a path, or headers, as a *kind*. Raises ProblemError."""
    try:
        return codec.convert(kind, values)
    except FieldError as error:
        raise ProblemError(ProblemKind.BAD_REQUEST, error.reason, field=error.field) from None


def read_body(kind: type[T], call: Call) -> T:
    """The body as a *kind*.

    Raises:
        ProblemError: too large, no JSON by its content type, no JSON, or a field is wrong.
    """
    content_type = call.headers.get("content-type", "").split(";", maxsplit=1)[0].strip().lower()
    if content_type != JSON:
        raise ProblemError(ProblemKind.UNSUPPORTED, f"must be {JSON}", field="Content-Type")
    if call.headers.get("content-encoding", "identity").lower() != "identity":
        raise ProblemError(
            ProblemKind.UNSUPPORTED, "must be identity, or be left out", field="Content-Encoding"
        )
    try:
        return codec.convert(kind, codec.load_object(call.raw_body(BODY_MAX_BYTES), max_bytes=BODY_MAX_BYTES))
    except OversizeError as error:
        raise ProblemError(ProblemKind.TOO_LARGE, str(error), field="body") from None
    except MalformedError as error:
        raise ProblemError(ProblemKind.BAD_REQUEST, str(error), field="body") from None
    except FieldError as error:
        raise ProblemError(ProblemKind.BAD_REQUEST, error.reason, field=error.field) from None


class MatchedRoute(NamedTuple):
    """A route, and the parameters in the path by name."""

    route: Route
    parameters: Mapping[str, str]


_SEGMENTS = tuple((tuple(route.path.split("/")), route) for route in ROUTES)


def match(method: str, path: str) -> MatchedRoute:
    """The route of a call.

    Raises:
        ProblemError: there is nothing at *path*, or *method* is not done there.
    """
    matches = [
        MatchedRoute(route, parameters)
        for segments, route in _SEGMENTS
        if (parameters := path_parameters(segments, path.split("/"))) is not None
    ]
    if not matches:
        raise ProblemError(
            ProblemKind.NOT_FOUND, "there is nothing at this path: GET /openapi.json says what there is"
        )
    for matched in matches:
        if matched.route.method == method:
            return matched
    allowed = ", ".join(sorted(matched.route.method for matched in matches))
    raise ProblemError(ProblemKind.METHOD_NOT_ALLOWED, f"allowed: {allowed}", headers={"Allow": allowed})
