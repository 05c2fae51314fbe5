"""The pre-provisioning hook's request, checked. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from contracts.errors import FieldError
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

    @property
    def ven_id(self) -> VenId:
        """The VEN's id."""
        return VenId(self.parameters[SERIAL])


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
