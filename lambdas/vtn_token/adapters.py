"""The clients and the key that `vtn_token` works with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from contracts.store.vtn_keys import VTN
from lambdas.shared import clients, settings
from lambdas.shared.oadr_clients import ClientBook
from lambdas.shared.token_keys import KmsKeys
from lambdas.vtn_token.settings import IssuingSettings

if TYPE_CHECKING:
    from types_boto3_kms import KMSClient


@dataclass(frozen=True, slots=True)
class TokenAdapters:
    """The clients, and KMS, which has the private key."""

    settings: IssuingSettings
    book: ClientBook
    kms: KMSClient
    keys: KmsKeys

    def sign(self, message: bytes) -> bytes:
        """The signature of *message* by the stage's key."""
        answer = self.kms.sign(
            KeyId=self.settings.token_key,
            Message=message,  # of up to 4,096 bytes; a token's has some 800
            MessageType="RAW",
            SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256",
        )
        return answer["Signature"]


@cache
def open_adapters() -> TokenAdapters:
    """Open the adapters that the environment names, once a sandbox."""
    environment = settings.read(IssuingSettings)
    table = clients.table(environment.vtn_table, VTN)
    keys = KmsKeys(clients.kms(), environment.token_key)
    return TokenAdapters(environment, ClientBook(table), clients.kms(), keys)
