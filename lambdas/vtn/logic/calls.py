"""A call's route, its query string and its body, as typed values."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple, TypeVar, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

import msgspec

from contracts.errors import FieldError, MalformedError, OversizeError
from contracts.openadr.ids import CheckedObjectId, ObjectId
from contracts.openadr.routes import VTN_ROUTES, VtnRoute
from contracts.openadr.tokens import BASE_PATH
from contracts.wire import codec
from contracts.wire.codec import JsonDict, JsonObject
from lambdas.shared.gateway_calls import GatewayCall, path_parameters
from lambdas.shared.oadr_problems import VtnProblemKind
from lambdas.shared.vtn_problems import VtnProblemError, bad_field

T = TypeVar("T", bound=msgspec.Struct)
BODY_MAX_BYTES = 256 * 1024
"""An item of DynamoDB has 400 KB, and a body may grow as it is stored."""
QUERY_MAX_FIELDS = 200


class VtnMatch(NamedTuple):
    """A route, and the parameters in the path by name."""

    route: VtnRoute
    parameters: Mapping[str, str]


_SEGMENTS = tuple((tuple(f"{BASE_PATH}{route.path}".split("/")), route) for route in VTN_ROUTES)


def match_route(method: str, path: str) -> VtnMatch:
    """The route of a call.

    Raises:
        VtnProblemError: there is nothing at *path*, or *method* is not done there.
    """
    names = path.split("/")
    matches = [
        VtnMatch(route, parameters)
        for segments, route in _SEGMENTS
        if (parameters := path_parameters(segments, names)) is not None
    ]
    if not matches:
        raise VtnProblemError(
            VtnProblemKind.NOT_FOUND, f"there is nothing here: see {BASE_PATH}/openapi.json"
        )
    for matched in matches:
        if matched.route.method == method:
            return matched
    allowed = ", ".join(sorted(matched.route.method for matched in matches))
    raise VtnProblemError(VtnProblemKind.METHOD_NOT_ALLOWED, f"allowed: {allowed}", {"Allow": allowed})


def read_id(parameters: Mapping[str, str]) -> tuple[str, ObjectId]:
    """The one parameter of a path, and the id there. Raises VtnProblemError."""
    ((name, text),) = parameters.items()
    try:
        return name, msgspec.convert(text, CheckedObjectId)
    except msgspec.ValidationError:
        detail = f"{name}: is no id, which has 1 to 128 letters, digits, _ and -"
        raise VtnProblemError(VtnProblemKind.BAD_REQUEST, detail) from None


class QueryParameter(NamedTuple):
    """A parameter of a query: it *repeats* when it comes any number of times."""

    repeats: bool
    is_text: bool


@cache
def _parameters(kind: type[msgspec.Struct]) -> dict[str, QueryParameter]:
    """The parameters of a query by name."""
    hints = get_type_hints(kind)
    return {
        field.encode_name: QueryParameter(
            repeats=get_origin(hints[field.name]) is tuple,
            is_text={int, bool}.isdisjoint({hints[field.name], *get_args(hints[field.name])}),
        )
        for field in msgspec.structs.fields(kind)
    }


def read_vtn_query(kind: type[T], text: str) -> T:
    """The query string *text* as a *kind*. Parameters that nobody knows are ignored.

    Raises:
        VtnProblemError: names the parameter.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=QUERY_MAX_FIELDS)
    except ValueError:
        detail = f"query: is no query string of UTF-8 and at most {QUERY_MAX_FIELDS} parameters"
        raise VtnProblemError(VtnProblemKind.BAD_REQUEST, detail) from None
    parameters, values = _parameters(kind), JsonDict()
    for name, value in pairs:
        if name not in parameters:
            continue
        if parameters[name].repeats:
            values.setdefault(name, []).append(value)
        elif value.lower() == "null" and not parameters[name].is_text:  # it would be as if it were not there
            raise VtnProblemError(VtnProblemKind.BAD_REQUEST, f"{name}: is null, leave it out")
        elif name in values:
            raise VtnProblemError(VtnProblemKind.BAD_REQUEST, f"{name}: is there more than once")
        else:
            values[name] = value
    try:
        return codec.convert(kind, values, strict=False)
    except FieldError as error:
        raise bad_field(error) from None


def read_json(call: GatewayCall) -> JsonDict:
    """The object in the body, whatever its content type says.

    Raises:
        VtnProblemError: it is too large, or no JSON object.
    """
    try:
        return codec.load_object(call.raw_body(BODY_MAX_BYTES), max_bytes=BODY_MAX_BYTES)
    except FieldError as error:
        raise bad_field(error) from None
    except (OversizeError, MalformedError) as error:
        raise VtnProblemError(VtnProblemKind.BAD_REQUEST, f"body: {error}") from None


def read_request(kind: type[T], body: JsonObject) -> T:
    """The *body* as a *kind*. Raises VtnProblemError, which names the field."""
    try:
        return codec.convert(kind, body)
    except FieldError as error:
        raise bad_field(error) from None
    except OversizeError as error:
        raise VtnProblemError(VtnProblemKind.BAD_REQUEST, f"body: {error}") from None
