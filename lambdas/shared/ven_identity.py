"""A VEN's certificate, its registration and its secret: what provisioning and rotation share."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.store.keys import Key
from contracts.store.stack import SECRET_CA, SECRET_CERTIFICATE, SECRET_PRIVATE_KEY
from contracts.wire import codec
from contracts.wire.ids import VenId
from lambdas.shared import clock
from lambdas.shared.registrations import ATTRIBUTES, Registration, read_registration
from lambdas.shared.tables import Condition, Table

if TYPE_CHECKING:
    from types_boto3_iot import IoTClient
    from types_boto3_secretsmanager import SecretsManagerClient

DELETE_WAIT_S = 16.0
"""Detaching takes effect seconds after its answer. Source: AWS IoT API, DetachThingPrincipal."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 15.0


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its key, which is nowhere else and never printed."""

    id: str
    arn: str
    pem: str = field(repr=False)
    private_key_pem: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Certificates:
    """IoT Core's certificates.

    Attributes:
        wait_s: how long a certificate that was detached is waited for until it can be deleted, s.
    """

    client: IoTClient
    wait_s: float = DELETE_WAIT_S

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

    def deactivate(self, certificate_id: str) -> None:
        """Have it open nothing any more; what is gone is passed over."""
        self._gone_is_fine(self.client.update_certificate, certificateId=certificate_id, newStatus="INACTIVE")

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
            self._delete(certificate_id, arn, thing)
        except errors.ResourceNotFoundException:
            return

    def _delete(self, certificate_id: str, arn: str, thing: str | None) -> None:
        """Delete it once AWS lets go of it.

        One that stays is attached to its thing again, inactive and without a policy: whoever looks at the
        thing next finds it there, and nothing else would.
        """
        try:
            until_deletable(
                lambda: self.client.delete_certificate(certificateId=certificate_id, forceDelete=True),
                self.client.exceptions.DeleteConflictException,
                wait_s=self.wait_s,
            )
        except self.client.exceptions.DeleteConflictException:
            if thing is not None:
                self.client.attach_thing_principal(thingName=thing, principal=arn)
            raise

    def _gone_is_fine(self, call: Callable[..., object], **arguments: str) -> None:
        try:
            call(**arguments)
        except self.client.exceptions.ResourceNotFoundException:
            return

    def _policies(self, arn: str) -> Iterator[str]:
        pages = self.client.get_paginator("list_attached_policies").paginate(target=arn)
        return (policy["policyName"] for page in pages for policy in page["policies"])


def until_deletable(delete: Callable[[], object], conflict: type[Exception], *, wait_s: float) -> None:
    """Call *delete* until it no longer raises *conflict*, with growing pauses, for at most *wait_s*.

    Raises:
        conflict: it still does after that.
    """
    pause_s, waited_s = FIRST_PAUSE_S, 0.0
    while True:
        try:
            delete()
        except conflict:
            if waited_s + pause_s > wait_s:
                raise
            clock.sleep(pause_s)
            waited_s += pause_s
            pause_s = min(LONGEST_PAUSE_S, 2 * pause_s)
        else:
            return


def certificate_id_of(pem: str) -> str:
    """The id of a certificate: SHA-256 of its DER form. Source: AWS IoT API, CertificateId.

    Raises:
        ValueError: *pem* is no certificate.
    """
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.strip())).hexdigest()


def _ids(arns: Iterable[str]) -> set[str]:
    return {arn.rpartition("cert/")[2] for arn in arns if ":cert/" in arn}


@dataclass(frozen=True, slots=True)
class Registry:
    """Provisioned VENs."""

    vens: Table

    def find(self, ven_id: VenId) -> Registration:
        """The VEN's registration; empty for a VEN without one."""
        return read_registration(self.vens.get(Key(ven_id)) or {})

    def all(self) -> Iterator[tuple[VenId, Registration]]:
        """Every VEN that has a certificate."""
        for row in self.vens.scan(ATTRIBUTES):
            registration = read_registration(row)
            if registration.certificate_id is not None:
                yield VenId(row[self.vens.keys.partition]), registration

    def register(
        self, ven_id: VenId, certificate_id: str, request_id: str, groups: Sequence[str] = (), *, now: float
    ) -> None:
        """The VEN is provisioned, with this certificate, by this request of CloudFormation."""
        values = {
            "certificateId": certificate_id,
            "provisionRequestId": request_id,
            "resourceId": certificate_id,
            "changedOverTo": certificate_id,
            "certifiedTs": now,
            "groups": list(groups) or None,
            "revokedTs": None,
        }
        self.vens.update(Key(ven_id), values, once={"provisionedTs": now})

    def regroup(self, ven_id: VenId, groups: Sequence[str]) -> None:
        """The VEN is in these groups, and in no other."""
        self.vens.update(Key(ven_id), {"groups": list(groups) or None})

    def certify(self, ven_id: VenId, certificate_id: str, *, was: str | None, now: float) -> bool:
        """Another certificate is in force, and the VEN not cut off; False when it was another than *was*."""
        values = {"certificateId": certificate_id, "certifiedTs": now, "revokedTs": None}
        when = Condition.unchanged("certificateId", was)
        return self.vens.update(Key(ven_id), values, once={"provisionedTs": now}, when=when)

    def revoke(self, ven_id: VenId, certificate_id: str, *, now: float) -> None:
        """The VEN is cut off, since *now* or since before; one that was taken out meanwhile stays out."""
        when = Condition.unchanged("certificateId", certificate_id)
        self.vens.update(Key(ven_id), {}, once={"revokedTs": now}, when=when)

    def settle(self, ven_id: VenId, certificate_id: str) -> None:
        """The VEN has changed over to this certificate, which is in force, and has no other."""
        when = Condition.unchanged("certificateId", certificate_id)
        self.vens.update(Key(ven_id), {"changedOverTo": certificate_id}, when=when)

    def sweep(self, ven_id: VenId, certificate_id: str, *, now: float) -> None:
        """A sweep looks at the VEN, whatever comes of it; a VEN that was taken out meanwhile stays out."""
        when = Condition.unchanged("certificateId", certificate_id)
        self.vens.update(Key(ven_id), {"sweptTs": now}, when=when)

    def unregister(self, ven_id: VenId, certificate_id: str) -> bool:
        """Forget the VEN, if this certificate is still its own; returns True when it was."""
        return self.vens.delete(Key(ven_id), when=Condition.unchanged("certificateId", certificate_id))


@dataclass(frozen=True, slots=True)
class Vault:
    """Secrets Manager."""

    client: SecretsManagerClient

    def read(self, secret_id: str) -> str | None:
        """The current value; None when the secret has none yet."""
        try:
            return self.client.get_secret_value(SecretId=secret_id).get("SecretString")
        except self.client.exceptions.ResourceNotFoundException:
            return None

    def write(self, secret_id: str, value: str) -> None:
        """Make *value* the current one."""
        self.client.put_secret_value(SecretId=secret_id, SecretString=value)


@cache
def amazon_roots_pem() -> str:
    """The roots that AWS IoT Core's ATS endpoints are signed by."""
    return Path(__file__).with_name("amazon_roots.pem").read_text(encoding="ascii")


def secret_value(*, ca_pem: str, certificate_pem: str, private_key_pem: str, **more: str) -> str:
    """The secret that a VEN reads its identity from."""
    identity = {SECRET_CA: ca_pem, SECRET_CERTIFICATE: certificate_pem, SECRET_PRIVATE_KEY: private_key_pem}
    return codec.encode({**identity, **more}).decode()


def with_certificate(value: str, *, certificate_pem: str, private_key_pem: str) -> str:
    """The same secret with another certificate. Raises MalformedError when *value* is no such secret."""
    pair = {SECRET_CERTIFICATE: certificate_pem, SECRET_PRIVATE_KEY: private_key_pem}
    return codec.encode(codec.load_object(value) | pair).decode()


def with_trust_root(value: str, ca_pem: str) -> str:
    """The same secret with another trust root. Raises MalformedError when *value* is no such secret."""
    return codec.encode(codec.load_object(value) | {SECRET_CA: ca_pem}).decode()
