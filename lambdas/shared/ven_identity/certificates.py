"""Certificates of things: made inactive, attached, activated; and taken away again, whatever is left."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lambdas.shared import clock

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

    def attach(self, certificate: Certificate, *, policy: str, thing: str | None = None) -> None:
        """Give it to the thing, if there is one, give it the policy, activate it."""
        if thing is not None:
            self.client.attach_thing_principal(thingName=thing, principal=certificate.arn)
        self.client.attach_policy(policyName=policy, target=certificate.arn)
        self.client.update_certificate(certificateId=certificate.id, newStatus="ACTIVE")

    def of_thing(self, thing: str) -> set[str]:
        """Ids of the certificates that are attached to *thing*; none when there is no such thing."""
        try:
            pages = self.client.get_paginator("list_thing_principals").paginate(thingName=thing)
            return _ids(arn for page in pages for arn in page["principals"])
        except self.client.exceptions.ResourceNotFoundException:
            return set()

    def of_policy(self, policy: str) -> set[str]:
        """Ids of the certificates that *policy* is attached to."""
        pages = self.client.get_paginator("list_targets_for_policy").paginate(policyName=policy)
        return _ids(arn for page in pages for arn in page["targets"])

    def remove(self, certificate_id: str, *, thing: str | None = None) -> None:
        """Detach it from *thing* and its policies, deactivate it, delete it; what is gone is passed over."""
        errors = self.client.exceptions
        try:
            answer = self.client.describe_certificate(certificateId=certificate_id)
            arn = answer["certificateDescription"]["certificateArn"]
            self.client.update_certificate(certificateId=certificate_id, newStatus="INACTIVE")
            for policy in self._policies(arn):
                self._gone_is_fine(self.client.detach_policy, policyName=policy, target=arn)
            if thing is not None:
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

    def _gone_is_fine(self, call: Callable[..., object], **arguments: str) -> None:
        try:
            call(**arguments)
        except self.client.exceptions.ResourceNotFoundException:
            return

    def _policies(self, arn: str) -> Iterator[str]:
        pages = self.client.get_paginator("list_attached_policies").paginate(target=arn)
        return (policy["policyName"] for page in pages for policy in page["policies"])


def certificate_id_of(pem: str) -> str:
    """The id of a certificate: SHA-256 of its DER form. Source: AWS IoT API, CertificateId.

    Raises:
        ValueError: *pem* is no certificate.
    """
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.strip())).hexdigest()


def _ids(arns: Iterable[str]) -> set[str]:
    return {arn.rpartition("cert/")[2] for arn in arns if ":cert/" in arn}
