"""The limits of shadows and of messages over HTTP, which the emulator does not keep: it stores any shadow.

AWS refuses with 400 or 413, over HTTP with the code's own name. Source: AWS IoT Device Shadow error messages
and quotas; botocore's errors of UpdateThingShadow.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from contracts.errors import FieldError, OversizeError
from contracts.wire.codec import PAYLOAD_MAX_BYTES, JsonDict
from contracts.wire.shadow import CLIENT_TOKEN_MAX_BYTES, STATE_MAX_DEPTH, check_state, merge
from local_cloud.overrides import Original

_TOO_LARGE = "RequestEntityTooLargeException"


def within_limits(update: Original, iot: ModuleType) -> Original:
    """The emulator's *update* of a shadow, refusing what AWS refuses. *iot* is the emulator's module."""

    def update_thing_shadow(thing_name: str, shadow_name: str, request: object) -> Any:
        refusal = _shadow_refusal(request) or _merged_refusal(iot, thing_name, shadow_name, request)
        if refusal is not None:
            return iot._shadow_error(*refusal)  # noqa: SLF001 - the emulator's own form of a refusal
        return update(thing_name, shadow_name, request)

    return update_thing_shadow


def answered_as_on_aws(shadow: Original, iot_data: ModuleType) -> Original:
    """The emulator's *shadow* over HTTP, with AWS's names of errors. *iot_data* is the emulator's module."""

    async def answer(method: str, path: str, body: bytes, query: Any) -> Any:
        if not _is_utf8(body):
            return iot_data.error_response_json(
                "UnsupportedDocumentEncodingException", "The document encoding is not supported.", 415
            )
        response = await shadow(method, path, body, query)
        if response[0] == 413:
            return iot_data.error_response_json(
                _TOO_LARGE, "The payload exceeds the maximum size allowed.", 413
            )
        return response

    return answer


def published_within_limits(publish: Original, iot_data: ModuleType) -> Original:
    """The emulator's *publish* over HTTP, of at most 128 KB as over MQTT."""

    async def answer(topic: str, body: bytes, *request: Any) -> Any:
        if len(body or b"") > PAYLOAD_MAX_BYTES:
            return iot_data.error_response_json(
                _TOO_LARGE, "The payload exceeds the maximum size allowed.", 413
            )
        return await publish(topic, body, *request)

    return answer


def _is_utf8(body: bytes) -> bool:
    try:
        (body or b"").decode()
    except UnicodeDecodeError:
        return False
    return True


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


def _merged_refusal(
    iot: ModuleType, thing_name: str, shadow_name: str, request: object
) -> tuple[int, str] | None:
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
