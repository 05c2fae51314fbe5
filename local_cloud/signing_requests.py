"""CreateCertificateFromCsr over MQTT, which the emulator has over HTTP alone.

Source: AWS IoT Developer Guide, device provisioning MQTT API, CreateCertificateFromCsr.
"""

from __future__ import annotations

import json
import secrets
import time
from types import ModuleType
from typing import Any

from local_cloud.overrides import Original

TOPIC = "$aws/certificates/create-from-csr/json"
_OPERATION = "create-from-csr"


def recognised(parse: Original) -> Original:
    """The emulator's *parse* of a provisioning topic, which knows this one too."""

    def parse_topic(topic: str) -> Any:
        return (_OPERATION, None) if topic == TOPIC else parse(topic)

    return parse_topic


def answered(reply: Original, iot: ModuleType) -> Original:
    """The emulator's *reply* to a provisioning request. *iot* is the emulator's module."""

    async def provisioning_reply(account_id: str, region: str, operation: str, *request: Any) -> Any:
        if operation != _OPERATION:
            return await reply(account_id, region, operation, *request)
        _template, payload, _connection = request
        with iot.request_scope(account_id, region):
            return _certify(payload, iot)

    return provisioning_reply


def _certify(payload: bytes, iot: Any) -> Any:
    try:
        request = json.loads(payload)["certificateSigningRequest"]
        certificate_pem = iot.sign_certificate_request(*iot._ensure_ca(), str(request))  # noqa: SLF001
    except (ValueError, TypeError, KeyError):
        return iot._fleet_rejected("InvalidCertificateSigningRequest", "CSR violates constraints")  # noqa: SLF001
    certificate_id, token = iot.get_certificate_id(certificate_pem), secrets.token_urlsafe(48)
    record = iot._certificate_record(certificate_id, certificate_pem, "PENDING_ACTIVATION")  # noqa: SLF001
    iot._certificates[certificate_id] = record  # noqa: SLF001
    expiration = time.time() + iot._OWNERSHIP_TOKEN_SECONDS  # noqa: SLF001
    iot._ownership_tokens[token] = {"certificateId": certificate_id, "expiration": expiration}  # noqa: SLF001
    return "accepted", {
        "certificateId": certificate_id,
        "certificatePem": certificate_pem,
        "certificateOwnershipToken": token,
    }
