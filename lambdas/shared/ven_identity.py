"""A VEN's certificate, its registration and its secret: what provisioning and rotation share."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.errors import WireError
from contracts.store.stack import SECRET_CA, SECRET_CERTIFICATE, SECRET_PRIVATE_KEY
from contracts.wire import codec
from contracts.wire.ids import VenId
from contracts.wire.signing_request import key_request
from lambdas.shared import clock
from lambdas.shared.certificate_journal import GONE, MADE, CertificateJournal

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
        journal: notes what is about to be made or taken away, so that a cut leaves nothing unknown.
        wait_s: how long a certificate that was detached is waited for until it can be deleted, s.
    """

    client: IoTClient
    journal: CertificateJournal
    wait_s: float = DELETE_WAIT_S

    def create(self, secret_id: str, *, ven_id: VenId | None = None) -> Certificate:
        """A new certificate, inactive: one that is lost before it is attached opens nothing.

        Its key is made here and noted before AWS certifies it: by that the certificate is known, also when
        the answer with its id is lost, or comes for the second attempt alone.
        """
        key = key_request(ven_id or "claim")
        self.journal.note(MADE + key.key_digest, ven_id, secret_id)
        made = self.client.create_certificate_from_csr(
            certificateSigningRequest=key.request_pem, setAsActive=False
        )
        return Certificate(
            made["certificateId"], made["certificateArn"], made["certificatePem"], key.private_key_pem
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

    def opens(self, certificate_id: str, thing: str) -> bool:
        """True when whoever has its key can connect as *thing*: attached to it, with a policy, and active."""
        if certificate_id not in self.of_thing(thing):
            return False
        answer = self.client.describe_certificate(certificateId=certificate_id)["certificateDescription"]
        return answer["status"] == "ACTIVE" and any(self._policies(answer["certificateArn"]))

    def is_pending(self, certificate_id: str) -> bool:
        """True when a claim has made it, and nothing came of that. Source: AWS IoT, provisioning MQTT API."""
        try:
            answer = self.client.describe_certificate(certificateId=certificate_id)
        except self.client.exceptions.ResourceNotFoundException:
            return False
        return answer["certificateDescription"]["status"] == "PENDING_ACTIVATION"

    def deactivate(self, certificate_id: str) -> None:
        """Have it open nothing any more; what is gone is passed over."""
        self._gone_is_fine(self.client.update_certificate, certificateId=certificate_id, newStatus="INACTIVE")

    def remove(self, certificate_id: str, *, thing: VenId | None = None) -> None:
        """Detach it from *thing* and its policies, deactivate it, delete it; what is gone is passed over."""
        entry = self.journal.note(GONE + certificate_id, thing)
        self._remove(certificate_id, thing)
        self.journal.close(entry)

    def _remove(self, certificate_id: str, thing: VenId | None) -> None:
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


def certificate_id_in(secret: str | None) -> str | None:
    """The id of the certificate in a secret's value; None when there is none to read."""
    try:
        return certificate_id_of(str(codec.load_object(secret or "")[SECRET_CERTIFICATE]))
    except (WireError, KeyError, ValueError):
        return None


def _ids(arns: Iterable[str]) -> set[str]:
    return {arn.rpartition("cert/")[2] for arn in arns if ":cert/" in arn}


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


def with_certificate(value: str, *, certificate_pem: str, private_key_pem: str, **more: str) -> str:
    """The same secret with another certificate. Raises MalformedError when *value* is no such secret."""
    pair = {SECRET_CERTIFICATE: certificate_pem, SECRET_PRIVATE_KEY: private_key_pem}
    return codec.encode(codec.load_object(value) | pair | more).decode()


def with_trust_root(value: str, ca_pem: str) -> str:
    """The same secret with another trust root. Raises MalformedError when *value* is no such secret."""
    return codec.encode(codec.load_object(value) | {SECRET_CA: ca_pem}).decode()
