"""CloudFormation's request, and the step that answers it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

import msgspec

from contracts.errors import FieldError, VenTwinError, WireError
from contracts.store.stack import DEFINITIONS_RESOURCE, SECRET_CERTIFICATE, VEN_IDS_RESOURCE
from contracts.wire import codec
from contracts.wire.ids import CheckedVenId, VenId
from contracts.wire.topics import check_ven_id
from lambdas.shared.registrations import Registration

REQUEST_ID = "REQUEST_ID"
"""Field of the claim's secret: the id of the request that made it."""


POLICY_REMOVAL = "Custom::PolicyRemoval"
"""Type of the resource that goes just before a policy does."""
ANSWER_S = 60.0
"""Time for the last calls, and for the answer to go out, s."""


class UndoFailedError(VenTwinError):
    """A certificate could neither be put to use nor taken away. Deleting it is tried again later.

    Attributes:
        certificate_id: the certificate that is left.
    """

    def __init__(self, certificate_id: str) -> None:
        self.certificate_id = certificate_id
        super().__init__(f"certificate {certificate_id} is left")


class NoSecretValueError(VenTwinError):
    """The secret has no value whose trust root could be changed. Rotate the certificate instead."""


class Properties(msgspec.Struct, rename="pascal", frozen=True, kw_only=True):
    """Properties of the custom resource.

    Without a *ven_id* it is the claim certificate: no thing, no VEN, only the policy. *secret_id* is the ARN
    or name of a secret that exists and has no value yet. *trust_root_pem* is what the VEN trusts, empty for
    Amazon's roots. A changed *rotation*, whatever it is, leads to a new certificate.
    """

    ven_id: VenId | None = None
    policy_name: str
    secret_id: str
    trust_root_pem: str = ""
    rotation: str = ""

    def __post_init__(self) -> None:
        """Refuse an id that could not be a VEN's."""
        if self.ven_id is not None:
            check_ven_id(self.ven_id, "VenId")


class VenIds(msgspec.Struct, rename="pascal", frozen=True, kw_only=True):
    """Properties of the resource that checks the stack's VENs."""

    ven_ids: tuple[CheckedVenId, ...]
    ven_id_pattern: str = "*"


class PolicyRemoval(msgspec.Struct, rename="pascal", frozen=True, kw_only=True):
    """Properties of the resource that goes just before a policy does."""

    policy_name: str


class Step(Enum):
    """The step that answers a request."""

    NEW_CERTIFICATE = "newCertificate"
    NEW_TRUST_ROOT = "newTrustRoot"
    NOTHING = "nothing"
    REMOVE = "remove"
    CHECK_IDS = "checkIds"
    SOW = "sow"
    REMOVE_POLICY = "removePolicy"


def plan_step(event: Mapping[str, object]) -> Step:
    """The step that answers *event*.

    A change of anything that the certificate is bound to, or of where its key lies, takes a new one: the key
    exists nowhere but in the secret.

    Raises:
        FieldError: properties that cannot be read, or an unknown request type.
    """
    kind = event.get("RequestType")
    if event.get("ResourceType") == VEN_IDS_RESOURCE:
        return Step.NOTHING if kind == "Delete" else Step.CHECK_IDS
    if event.get("ResourceType") == DEFINITIONS_RESOURCE:
        return Step.SOW
    if event.get("ResourceType") == POLICY_REMOVAL:
        return Step.REMOVE_POLICY if kind == "Delete" else Step.NOTHING
    return _certificate_step(event, kind)


def _certificate_step(event: Mapping[str, object], kind: object) -> Step:
    """The step for a certificate's resource."""
    if kind == "Create":
        return Step.NEW_CERTIFICATE
    if kind == "Delete":
        return Step.REMOVE
    if kind != "Update":
        raise FieldError("RequestType", "unknown; allowed: Create, Update, Delete")
    new, old = properties(event), properties(event, "OldResourceProperties")
    if any(getattr(new, name) != getattr(old, name) for name in _BINDS):
        return Step.NEW_CERTIFICATE
    if new.trust_root_pem != old.trust_root_pem:
        return Step.NEW_TRUST_ROOT
    return Step.NOTHING


def new_ids(event: Mapping[str, object]) -> VenIds:
    """The VENs that the stack takes up by *event*, and the pattern of its ids if it is new, else any.

    Raises:
        FieldError: properties that cannot be read.
    """

    def listed(which: str) -> VenIds:
        value = event.get(which)
        return codec.convert(VenIds, value, under=which) if isinstance(value, Mapping) else VenIds(ven_ids=())

    before, now = listed("OldResourceProperties"), listed("ResourceProperties")
    new = tuple(ven_id for ven_id in now.ven_ids if ven_id not in before.ven_ids)
    return VenIds(
        ven_ids=new, ven_id_pattern="*" if now.ven_id_pattern == before.ven_id_pattern else now.ven_id_pattern
    )


_BINDS = ("ven_id", "policy_name", "secret_id", "rotation")


def properties(event: Mapping[str, object], which: str = "ResourceProperties") -> Properties:
    """The resource's properties. Raises FieldError; those of CloudFormation itself are passed over."""
    value = event.get(which)
    if not isinstance(value, Mapping):
        raise FieldError(which, "required")
    return codec.convert(Properties, value, under=which)


def policy_to_remove(event: Mapping[str, object]) -> str:
    """The policy before which the resource goes. Raises FieldError."""
    value = event.get("ResourceProperties")
    if not isinstance(value, Mapping):
        raise FieldError("ResourceProperties", "required")
    return codec.convert(PolicyRemoval, value, under="ResourceProperties").policy_name


def is_of_failed_create(event: Mapping[str, object], recorded: Registration) -> bool:
    """True when a Delete without a certificate's id is of the Create that has made the VEN's resource.

    That Create took effect, and failed in the end or was never answered: CloudFormation has another id for
    it. A resource that it knows by its certificate is deleted by that.
    """
    return recorded.resource_id is not None and recorded.logical_id == event.get("LogicalResourceId")


class Claim(NamedTuple):
    """The claim's certificate in its secret, and the id of the request that made it."""

    request_id: str
    certificate_pem: str


def claim(value: str | None) -> Claim | None:
    """The claim in a secret's value; None when that has no value, or another."""
    try:
        secret = codec.load_object(value or "")
        return Claim(str(secret[REQUEST_ID]), str(secret[SECRET_CERTIFICATE]))
    except (WireError, KeyError):
        return None


def leftovers(attached: set[str], *, recorded: str | None, current: str | None) -> set[str]:
    """Certificates on the thing that an attempt which was cut short left there.

    One certificate a thing: besides the one that is *recorded*, and the *current* one that CloudFormation
    will have deleted after an update, none has business there.
    """
    return attached - {recorded, current}
