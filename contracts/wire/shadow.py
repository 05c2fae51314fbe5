"""The classic device shadow: what may be desired, what is reported, and the service's limits.

Each key of ``desired`` is judged alone: one bad value is refused under ``shadow_errors`` and the
others are applied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from contracts.errors import FieldError, OversizeError
from contracts.wire import codec
from contracts.wire.codec import JsonDict, JsonObject
from contracts.wire.events import DrEvent, from_shadow
from contracts.wire.ids import LOAD_ID, EventId
from contracts.wire.telemetry import PositivePower, Timestamp, canonical_loads
from contracts.wire.topics import CERTIFICATE_ID

STATE_MAX_BYTES = 8 * 1024
STATE_MAX_DEPTH = 6
"""Ours; AWS takes 8. Source: AWS IoT Device Shadow quotas."""
CLIENT_TOKEN_MAX_BYTES = 64
BATCH_MAX_S = 240
"""The longest that a row may wait for others to go in one message with, s.
Interpretation: it is heard well before the 15 min after which a VEN counts as silent."""

TimeZoneName = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_+/-]{0,63}$(?!\n)")]
"""A name of the form of the IANA time zone database's, such as America/New_York."""


class LoadSetting(msgspec.Struct, rename="camel", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The desired settings of one circuit; None leaves a setting as it is."""

    enabled: bool | None = None
    capacity_kw: PositivePower | None = None
    priority: Annotated[int, Meta(ge=0, le=100)] | None = None


class OptOut(msgspec.Struct, rename="camel", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The VEN takes no part in events, for a reason, until *until_ts* or until it opts in again."""

    reason: Annotated[str, Meta(min_length=1, max_length=64)] = "notParticipating"
    until_ts: Timestamp | None = None


class Desired(msgspec.Struct, frozen=True, kw_only=True):
    """The part of ``desired`` (or of a delta) that was understood.

    ``errors`` holds, by key path, why the rest was refused; a certificate's id is only checked here. An event
    that is None was removed. A setting that is UNSET was not mentioned.
    """

    events: dict[str, DrEvent | None] = {}
    loads: dict[str, LoadSetting] = {}
    report_interval_s: float | None = None
    batch_s: float | None = None
    target_power_kw: float | msgspec.UnsetType | None = msgspec.UNSET
    enabled: bool | None = None
    opt_out: OptOut | msgspec.UnsetType | None = msgspec.UNSET
    errors: dict[str, str] = {}


def read_desired(state: JsonObject) -> Desired:
    """Judge each key of *state*; never raises."""
    desired: JsonDict = {"events": {}, "loads": {}, "errors": {}}
    for key, value in state.items():
        reader = _READERS.get(key)
        if reader is None:
            desired["errors"][key] = f"unknown; allowed: {', '.join(sorted(_READERS))}"
            continue
        try:
            reader(value, desired)
        except FieldError as error:
            desired["errors"][error.field] = error.reason
    return Desired(**desired)


def _read_events(value: object, desired: JsonDict) -> None:
    for key, body in _object(value if value is not None else {}, "drEvents").items():
        event_id = EventId(key)
        try:
            desired["events"][event_id] = (
                None if body is None else from_shadow(event_id, _object(body, f"drEvents.{event_id}"))
            )
        except FieldError as error:
            desired["errors"][error.field] = error.reason


def _read_loads(value: object, desired: JsonDict) -> None:
    for load_id, body in _loads_by_id(value).items():
        under = f"loads.{load_id}"
        try:
            if not LOAD_ID.fullmatch(load_id):
                raise FieldError(under[:64], "is no circuit's id")  # noqa: TRY301 - refused like any other
            desired["loads"][load_id] = codec.convert(LoadSetting, _object(body, under), under=under)
        except FieldError as error:
            desired["errors"][error.field] = error.reason


def _loads_by_id(value: object) -> JsonObject:
    """``{id: setting}``, also from the legacy list of ``{id, …}``; null means nothing is desired."""
    if value is None:
        return {}
    if not isinstance(value, list):
        return _object(value, "loads")
    by_id = {}
    for index, load in enumerate(canonical_loads(value)):
        body = dict(_object(load, f"loads[{index}]"))
        load_id = body.pop("id", None)
        if not isinstance(load_id, str):
            raise FieldError(f"loads[{index}].id", "required")
        by_id[load_id] = body
    return by_id


class _Number(msgspec.Struct):
    report_interval_seconds: Annotated[float, Meta(ge=1, le=3600)] = 30
    batch_seconds: Annotated[float, Meta(ge=0, le=BATCH_MAX_S)] = BATCH_MAX_S
    target_power_kw: PositivePower | None = None
    enabled: bool = True


def _number(key: str, value: object) -> Any:
    return getattr(codec.convert(_Number, {key: value}), key)


def _read_interval(value: object, desired: JsonDict) -> None:
    if value is not None:
        desired["report_interval_s"] = _number("report_interval_seconds", value)


def _read_batch(value: object, desired: JsonDict) -> None:
    if value is not None:
        desired["batch_s"] = _number("batch_seconds", value)


def _read_target(value: object, desired: JsonDict) -> None:
    desired["target_power_kw"] = _number("target_power_kw", value)


def _read_enabled(value: object, desired: JsonDict) -> None:
    if value is not None:
        desired["enabled"] = _number("enabled", value)


def _read_opt_out(value: object, desired: JsonDict) -> None:
    if value is None or value is False:
        desired["opt_out"] = None
    elif value is True:
        desired["opt_out"] = OptOut()
    else:
        desired["opt_out"] = codec.convert(OptOut, _object(value, "optOut"), under="optOut")


def _check_certificate(value: object, _: JsonDict) -> None:
    if value is not None and not (isinstance(value, str) and CERTIFICATE_ID.fullmatch(value)):
        raise FieldError("certificateId", "64 of 0-9 a-f")


_READERS: Mapping[str, Callable[[object, JsonDict], None]] = {
    "drEvents": _read_events,
    "loads": _read_loads,
    "report_interval_seconds": _read_interval,
    "batch_seconds": _read_batch,
    "target_power_kw": _read_target,
    "enabled": _read_enabled,
    "optOut": _read_opt_out,
    "certificateId": _check_certificate,
}


def _object(value: object, field: str) -> JsonObject:
    if not isinstance(value, Mapping):
        raise FieldError(field, f"expected an object, got {type(value).__name__}")
    return value


def merge(document: JsonObject, patch: JsonObject) -> JsonDict:
    """*document* with *patch* merged as the shadow service does: null deletes, arrays replace."""
    out = dict(document)
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        elif isinstance(value, Mapping):
            below = out.get(key)
            out[key] = merge(below if isinstance(below, Mapping) else {}, value)
        else:
            out[key] = value
    return out


def difference(before: JsonObject, after: JsonObject) -> JsonDict:
    """The smallest patch for which ``merge(before, patch) == after``; empty when there is nothing to say."""
    patch: JsonDict = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            below = difference(old, value)
            if below:
                patch[key] = below
        elif key not in before or not _same(old, value):
            patch[key] = value
    return patch


def _same(one: object, other: object) -> bool:
    """Compare two values as JSON, which tells true from 1 and knows no tuples."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def check_state(state: JsonObject) -> None:
    """Hold a shadow state to the service's limits before sending it; moto and brokers do not.

    Raises:
        OversizeError: more than 8 KB, or nested deeper than `STATE_MAX_DEPTH`.
        FieldError: a null inside an array.
    """
    size = len(codec.encode(state))
    if size > STATE_MAX_BYTES:
        raise OversizeError("shadow state bytes", size, STATE_MAX_BYTES)
    depth = _depth(state, "")
    if depth > STATE_MAX_DEPTH:
        raise OversizeError("shadow state depth", depth, STATE_MAX_DEPTH)


def _depth(value: object, path: str) -> int:
    if isinstance(value, Mapping):
        return 1 + max((_depth(item, f"{path}.{key}") for key, item in value.items()), default=0)
    if isinstance(value, list | tuple):
        if any(item is None for item in value):
            raise FieldError(path.lstrip("."), "an array in a shadow cannot hold null")
        return 1 + max((_depth(item, path) for item in value), default=0)
    return 0
