"""The Device Shadow service's limits, which the emulator does not keep: it stores any shadow.

AWS refuses with 400 or 413. Source: AWS IoT Device Shadow error messages and quotas.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contracts.errors import FieldError, OversizeError
from contracts.wire.codec import JsonDict
from contracts.wire.shadow import CLIENT_TOKEN_MAX_BYTES, STATE_MAX_DEPTH, check_state, merge


def within_limits(update: Callable[..., Any], iot: Any) -> Callable[..., Any]:
    """The emulator's *update* of a shadow, refusing what AWS refuses. *iot* is the emulator's module."""

    def update_thing_shadow(thing_name: str, shadow_name: str, request: object) -> Any:
        refusal = _shadow_refusal(request) or _merged_refusal(iot, thing_name, shadow_name, request)
        if refusal is not None:
            return iot._shadow_error(*refusal)  # noqa: SLF001 - the emulator's own form of a refusal
        return update(thing_name, shadow_name, request)

    return update_thing_shadow


def _shadow_refusal(request: object) -> tuple[int, str] | None:
    """The refusal by AWS of a request that is wrong in itself."""
    if not isinstance(request, dict) or not isinstance(request.get("state"), dict):
        return None  # the emulator's own check
    token, version, state = request.get("clientToken"), request.get("version"), request["state"]
    sections = {key: state.get(key) or {} for key in ("desired", "reported")}
    if token is not None and (not isinstance(token, str) or len(token.encode()) > CLIENT_TOKEN_MAX_BYTES):
        return 400, "Invalid clientToken"
    if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
        return 400, "Invalid version"
    if not all(isinstance(section, dict) for section in sections.values()):
        return 400, "State contains an invalid node: desired and reported are objects"
    return _limits_refusal(sections)


def _merged_refusal(iot: Any, thing_name: str, shadow_name: str, request: object) -> tuple[int, str] | None:
    """413 when the shadow that the request would make is too large."""
    status, document = iot.get_thing_shadow(thing_name, shadow_name)
    if status != 200 or not isinstance(request, dict) or not isinstance(request.get("state"), dict):
        return None
    stored = {key: value for key, value in document["state"].items() if key != "delta"}
    return _limits_refusal(merge(stored, request["state"]))


def _limits_refusal(state: JsonDict) -> tuple[int, str] | None:
    try:
        check_state(state)
    except OversizeError as error:
        if error.allowed == STATE_MAX_DEPTH:
            return 400, "JSON contains too many levels"
        return 413, "Payload too large"
    except FieldError as error:
        return 400, f"State contains an invalid node: {error.field}"
    return None
