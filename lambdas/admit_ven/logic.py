"""The pre-provisioning hook's request, checked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from contracts.errors import FieldError
from contracts.store.claim_codes import (
    CODE_PARAMETER,
    HASH_ATTRIBUTE,
    SALT_ATTRIBUTE,
    TRIES,
    TRIES_ATTRIBUTE,
    is_code,
)
from contracts.store.items import Item
from contracts.store.keys import TTL_ATTRIBUTE
from contracts.wire import codec
from contracts.wire.codec import JsonDict
from contracts.wire.ids import VenId
from contracts.wire.topics import CERTIFICATE_ID, check_ven_id, claim_client_id

SERIAL = "SerialNumber"
"""The template's parameter that names the VEN."""


class AdmissionRequest(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A VEN that wants to be registered. Source: AWS IoT developer guide, pre-provisioning hook input."""

    certificate_id: str
    client_id: str
    parameters: JsonDict

    def __repr__(self) -> str:
        """Name the client alone; a parameter is a secret."""
        return f"AdmissionRequest({self.client_id!r})"

    @property
    def ven_id(self) -> VenId:
        """The VEN's id."""
        return VenId(self.parameters[SERIAL])

    @property
    def code(self) -> str | None:
        """The claim code; None from a device of an earlier release, which sends none."""
        code = self.parameters.get(CODE_PARAMETER)
        return code if isinstance(code, str) else None


class AdmissionRefusal(StrEnum):
    """The reason against a VEN that is on the list; its value is the words for the log."""

    NOT_LISTED = "not on the list, or no more: certs allow"
    NO_CODE_STORED = "put on the list by an earlier release, without a code: certs allow again"
    NO_CODE_SENT = "no claim code: the device is of an earlier release"
    CLOSED = "too many wrong codes: certs allow again"
    WRONG_CODE = "wrong claim code"


def refusal_by_code(row: Item | None, request: AdmissionRequest, *, now: float) -> AdmissionRefusal | None:
    """The reason against *request* by the VEN's *row* in the list; None for none.

    The order tells whoever guesses nothing: the device learns only that it is refused.
    """
    if row is None or row.get(TTL_ATTRIBUTE, 0) <= now:
        return AdmissionRefusal.NOT_LISTED
    if row.get("usedBy", request.certificate_id) != request.certificate_id:
        return AdmissionRefusal.NOT_LISTED
    stored, salt = row.get(HASH_ATTRIBUTE), row.get(SALT_ATTRIBUTE)
    if not isinstance(stored, str) or not isinstance(salt, str):
        return AdmissionRefusal.NO_CODE_STORED
    if request.code is None:
        return AdmissionRefusal.NO_CODE_SENT
    if row.get(TRIES_ATTRIBUTE, 0) > TRIES:
        return AdmissionRefusal.CLOSED
    return None if is_code(request.code, salt, stored) else AdmissionRefusal.WRONG_CODE


def read_admission_request(event: Mapping[str, object]) -> AdmissionRequest:
    """The request in a hook's event.

    Raises:
        FieldError: it names no VEN, or comes from a client with another VEN's id.
    """
    request = codec.convert(AdmissionRequest, event)
    serial = request.parameters.get(SERIAL)
    if not isinstance(serial, str):
        raise FieldError(f"parameters.{SERIAL}", "required")
    ven_id = check_ven_id(serial, f"parameters.{SERIAL}")
    if request.client_id != claim_client_id(ven_id):
        raise FieldError("clientId", f"must be {claim_client_id(ven_id)!r}")
    if not CERTIFICATE_ID.fullmatch(request.certificate_id):
        raise FieldError("certificateId", "64 of 0-9 a-f")
    return request
