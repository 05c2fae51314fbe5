"""The secret with a VEN's identity: its CA, certificate and private key."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.store.stack import SECRET_CA, SECRET_CERTIFICATE, SECRET_PRIVATE_KEY
from contracts.wire import codec

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient


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
