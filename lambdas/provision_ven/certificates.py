"""Certificates of things: made inactive, attached, activated; and taken away again, whatever is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lambdas.common import clock

if TYPE_CHECKING:
    from types_boto3_iot import IoTClient

DELETE_ATTEMPTS = 8
"""Detaching takes effect seconds after its answer. Source: AWS IoT API, DetachThingPrincipal."""
FIRST_PAUSE_S = 0.25


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its key, which is nowhere else and never printed."""

    id: str
    arn: str
    pem: str = field(repr=False)
    private_key_pem: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Certificates:
    """IoT Core's certificates."""

    client: IoTClient
    sleep: Callable[[float], None] = clock.sleep

    def create(self) -> Certificate:
        """A new certificate, inactive: one that is lost before it is attached opens nothing."""
        made = self.client.create_keys_and_certificate(setAsActive=False)
        return Certificate(
            made["certificateId"],
            made["certificateArn"],
            made["certificatePem"],
            made["keyPair"]["PrivateKey"],
        )

    def attach(self, certificate: Certificate, *, thing: str, policy: str) -> None:
        """Give it to the thing, give it the policy, activate it."""
        self.client.attach_thing_principal(thingName=thing, principal=certificate.arn)
        self.client.attach_policy(policyName=policy, target=certificate.arn)
        self.client.update_certificate(certificateId=certificate.id, newStatus="ACTIVE")

    def of_thing(self, thing: str) -> set[str]:
        """Ids of the certificates that are attached to *thing*."""
        pages = self.client.get_paginator("list_thing_principals").paginate(thingName=thing)
        arns = [arn for page in pages for arn in page["principals"]]
        return {arn.rpartition("cert/")[2] for arn in arns if ":cert/" in arn}

    def remove(self, certificate_id: str) -> None:
        """Detach it from everything, deactivate it, delete it; what is gone already is passed over."""
        errors = self.client.exceptions
        try:
            found = self.client.describe_certificate(certificateId=certificate_id)
            arn = found["certificateDescription"]["certificateArn"]
            self.client.update_certificate(certificateId=certificate_id, newStatus="INACTIVE")
            for policy in self._policies(arn):
                self._gone_is_fine(self.client.detach_policy, policyName=policy, target=arn)
            for thing in self._things(arn):
                self._gone_is_fine(self.client.detach_thing_principal, thingName=thing, principal=arn)
            self._delete(certificate_id)
        except errors.ResourceNotFoundException:
            return

    def _delete(self, certificate_id: str) -> None:
        for attempt in range(DELETE_ATTEMPTS):
            try:
                self.client.delete_certificate(certificateId=certificate_id, forceDelete=True)
            except self.client.exceptions.DeleteConflictException:
                if attempt == DELETE_ATTEMPTS - 1:
                    raise
                self.sleep(min(4.0, FIRST_PAUSE_S * 2**attempt))
            else:
                return

    def _gone_is_fine(self, call: Callable[..., Any], **arguments: str) -> None:
        try:
            call(**arguments)
        except self.client.exceptions.ResourceNotFoundException:
            return

    def _policies(self, arn: str) -> Iterator[str]:
        pages = self.client.get_paginator("list_attached_policies").paginate(target=arn)
        return (policy["policyName"] for page in pages for policy in page["policies"])

    def _things(self, arn: str) -> Iterator[str]:
        pages = self.client.get_paginator("list_principal_things").paginate(principal=arn)
        return (thing for page in pages for thing in page["things"])
