"""JSON in and out: typed decoding whose errors name the field."""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from contracts.errors import FieldError, MalformedError, OversizeError
from contracts.wire.refusal_words import reason_in_words

T = TypeVar("T")
JsonDict = dict[str, Any]
"""A JSON object that is being made, or that was decoded and is not checked yet."""
JsonObject = Mapping[str, Any]
"""The same, to read only."""

PAYLOAD_MAX_BYTES = 128 * 1024
"""Largest MQTT payload. Source: AWS IoT Core quotas."""
MAX_DEPTH = 32
"""Deepest nesting that is read; a shadow's documents message comes to half of it."""

EXACT_MAX = 2**53
"""Whole numbers up to here are the same as a float. Source: IEEE 754, binary64."""
_BOM = "\ufeff"

_AT = re.compile(r"^(?P<reason>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?$", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>[^`]+)`")
_encoder = msgspec.json.Encoder()


def encode(value: object) -> bytes:
    """Compact JSON. A NaN or an infinity becomes null: JSON carries neither."""
    return _encoder.encode(value)


def load_object(raw: bytes | str, *, max_bytes: int = PAYLOAD_MAX_BYTES) -> JsonDict:
    """The JSON object in *raw*, with or without a byte order mark before it.

    Raises:
        OversizeError: more than *max_bytes*, or nested deeper than `MAX_DEPTH`.
        FieldError: a number that no float can hold, by its path.
        MalformedError: not JSON, or JSON but not an object. NaN and Infinity are not JSON.
    """
    size = len(raw.encode(errors="surrogatepass")) if isinstance(raw, str) else len(raw)
    if size > max_bytes:
        raise OversizeError("payload bytes", size, max_bytes)
    raw = raw.removeprefix(_BOM) if isinstance(raw, str) else raw.removeprefix(_BOM.encode())
    try:
        value = msgspec.json.decode(raw)
    except msgspec.ValidationError:  # of untyped JSON: a number out of range, and nothing else
        raise FieldError(_path_out_of_range(raw) or "payload", "out of range") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise MalformedError(f"not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise MalformedError(f"expected a JSON object, got {type(value).__name__}")
    _check_depth(value)
    return value


def canonical_for(kind: type[Any], value: JsonObject) -> JsonObject:
    """*value* with the aliases of *kind*, its class attribute ``aliases``, under their canonical names."""
    aliases: Mapping[str, str] = getattr(kind, "aliases", {})
    return canonical(value, aliases) if any(alias in value for alias in aliases) else value


def convert(
    kind: type[T],
    value: JsonObject,
    *,
    under: str = "",
    strict: bool = True,
) -> T:
    """*value* as a *kind* (a msgspec Struct), its aliases turned into canonical names first.

    Args:
        kind: the Struct to read.
        value: decoded JSON.
        under: path to put before the field in errors.
        strict: whether ``"1"`` is no number; a query string holds nothing but text.

    Raises:
        FieldError: names the first field that is missing, mistyped or out of range.
        OversizeError: nested deeper than `MAX_DEPTH`.
    """
    message = canonical_for(kind, value)
    nan = _first_non_finite(message)
    if nan is not None:
        raise FieldError(_join(under, nan), "not a finite number")
    try:
        with contextlib.suppress(msgspec.ValidationError):
            return msgspec.convert(message, kind, strict=strict)
        return msgspec.convert(_with_whole_numbers(message), kind, strict=strict)
    except UnicodeEncodeError:  # Lambda's own JSON reader lets half of a surrogate pair through
        raise FieldError(under, "a name is no text") from None
    except msgspec.ValidationError as error:
        raise _field_error(str(error), kind, under) from None


def decode(kind: type[T], raw: bytes | str) -> T:
    """`load_object` and `convert` in one. Raises as they do."""
    return convert(kind, load_object(raw))


def canonical(value: JsonObject, aliases: Mapping[str, str]) -> JsonDict:
    """*value* with each alias under its canonical name; a canonical name already there wins."""
    out = {key: item for key, item in value.items() if key not in aliases}
    for alias, name in aliases.items():
        if alias in value and name not in out:
            out[name] = value[alias]
    return out


def without_nulls(value: JsonObject) -> JsonDict:
    """*value* without the fields that are null, where these say as much as those that are left out."""
    return {name: item for name, item in value.items() if item is not None}


def _check_depth(value: object, depth: int = 0) -> None:
    """Refuse what could only be walked at the cost of the stack."""
    if depth > MAX_DEPTH:
        raise OversizeError("payload depth", depth, MAX_DEPTH)
    if isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            _check_depth(item, depth + 1)


def _path_out_of_range(raw: bytes | str) -> str | None:
    """Path of the first number that no float can hold; None where it cannot be told."""
    try:
        return _first_non_finite(json.loads(raw, parse_int=float, parse_constant=_no_number))
    except (ValueError, RecursionError, OversizeError):
        return None


def _no_number(name: str) -> float:
    raise ValueError(name)


def _with_whole_numbers(value: object) -> object:
    """*value* with its whole numbers as such: many writers of JSON have floats alone, and send 3 as 3.0."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= EXACT_MAX else value
    if isinstance(value, Mapping):
        return {key: _with_whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_whole_numbers(item) for item in value]
    return value


def _first_non_finite(value: object, path: str = "", depth: int = 0) -> str | None:
    """Path of the first NaN or infinity; Lambda's own JSON reader lets them through."""
    if depth > MAX_DEPTH:
        raise OversizeError("payload depth", depth, MAX_DEPTH)
    if isinstance(value, float):
        return None if math.isfinite(value) else path
    items: list[tuple[str, Any]] = []
    if isinstance(value, Mapping):
        items = [(_join(path, str(key)), item) for key, item in value.items()]
    elif isinstance(value, list | tuple):
        items = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    for where, item in items:
        inner = _first_non_finite(item, where, depth + 1)
        if inner is not None:
            return inner
    return None


def _field_error(message: str, kind: type[Any], under: str) -> FieldError:
    match = _AT.match(message)
    path, reason = (match["path"] or "", match["reason"]) if match else ("", message)
    for pattern, text in ((_MISSING, "required"), (_UNKNOWN, "unknown field")):
        named = pattern.search(reason)
        if named:
            return FieldError(_join(under, path, named["name"]), text)
    return FieldError(_join(under, path) or "payload", reason_in_words(reason, kind, path))


def _join(*names: str) -> str:
    return ".".join(name for name in names if name)
