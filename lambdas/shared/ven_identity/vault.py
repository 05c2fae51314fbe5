"""The secret with a VEN's identity."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

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
