"""What CloudFormation asks for, and what it takes to get there. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any

import msgspec

from contracts import codec
from contracts.errors import FieldError
from contracts.names import SECRET_CA, SECRET_CERTIFICATE, SECRET_PRIVATE_KEY, check_ven_id

CERTIFICATE_ID = re.compile(r"^[0-9a-f]{64}$")
"""Source: AWS IoT API, CertificateId."""


class Properties(msgspec.Struct, rename="pascal", frozen=True, kw_only=True):
    """Properties of the custom resource.

    *secret_id* is the ARN or name of a secret that exists and has no value yet. *trust_root_pem* is what the
    VEN trusts, empty for Amazon's roots. A changed *rotation*, whatever it says, asks for a new certificate.
    """

    ven_id: str
    policy_name: str
    secret_id: str
    trust_root_pem: str = ""
    rotation: str = ""

    def __post_init__(self) -> None:
        """Refuse an id that could not be a VEN's."""
        check_ven_id(self.ven_id, "VenId")


class Step(Enum):
    """What a request comes to."""

    NEW_CERTIFICATE = "newCertificate"
    NEW_TRUST_ROOT = "newTrustRoot"
    NOTHING = "nothing"
    REMOVE = "remove"


def plan_step(event: Mapping[str, Any]) -> Step:
    """The step that *event* asks for.

    A change of anything that the certificate is bound to, or of where its key lies, takes a new one: the key
    exists nowhere but in the secret.

    Raises:
        FieldError: properties that cannot be read, or an unknown request type.
    """
    kind = event.get("RequestType")
    if kind == "Create":
        return Step.NEW_CERTIFICATE
    if kind == "Delete":
        return Step.REMOVE
    if kind != "Update":
        raise FieldError("RequestType", "unknown; allowed: Create, Update, Delete")
    new, old = properties(event), properties(event, "OldResourceProperties")
    if any(getattr(new, name) != getattr(old, name) for name in _BINDS):
        return Step.NEW_CERTIFICATE
    return Step.NOTHING if new.trust_root_pem == old.trust_root_pem else Step.NEW_TRUST_ROOT


_BINDS = ("ven_id", "policy_name", "secret_id", "rotation")


def properties(event: Mapping[str, Any], which: str = "ResourceProperties") -> Properties:
    """The resource's properties. Raises FieldError; those of CloudFormation itself are passed over."""
    given = event.get(which)
    if not isinstance(given, Mapping):
        raise FieldError(which, "required")
    return codec.convert(Properties, given, under=which)


def secret_value(*, ca_pem: str, certificate_pem: str, private_key_pem: str) -> str:
    """The secret that a VEN reads its identity from."""
    return codec.encode(
        {SECRET_CA: ca_pem, SECRET_CERTIFICATE: certificate_pem, SECRET_PRIVATE_KEY: private_key_pem}
    ).decode()


def with_trust_root(value: str, ca_pem: str) -> str:
    """The same secret with another trust root. Raises MalformedError when *value* is no such secret."""
    return codec.encode(codec.load_object(value) | {SECRET_CA: ca_pem}).decode()


def leftovers(attached: set[str], *, recorded: str | None, current: str | None) -> set[str]:
    """Certificates on the thing that an attempt which was cut short left there.

    One certificate a thing: besides the one that is *recorded*, and the *current* one that CloudFormation
    will have deleted after an update, none has business there.
    """
    return attached - {recorded, current}
