"""A client of the VTN as it is stored. Of its secrets there are only digests. Pure.

A secret is 256 random bits, so that one SHA-256 hides it as well as a slow hash hides a password: there is
nothing to guess. Interpretation: RFC 6749, 10.10, asks for no more.
"""

from __future__ import annotations

import hashlib
import hmac

import msgspec

from contracts.openadr.ids import ClientId
from contracts.openadr.scopes import Client, read_scopes
from contracts.store.keys import TTL_ATTRIBUTE
from contracts.store.vtn_keys import VTN, VTN_INDEX, client_key
from contracts.wire import codec
from contracts.wire.codec import JsonDict, JsonObject

CLIENT_TYPE = "CLIENT"
"""Partition of the index by type in which clients are."""
SECRET_BYTES = 32
SECRETS_MAX = 4
"""Secrets that open a client at one time: one, and those whose grace is not over."""
_NOBODYS = hashlib.sha256(b"").hexdigest()


class StoredSecret(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A secret by its *digest*; good until *until_ts*, or for ever."""

    digest: str
    until_ts: float | None = None

    def good(self, now: float) -> bool:
        """True at *now*, UTC s."""
        return self.until_ts is None or now < self.until_ts


class ClientRow(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A client's own item. *scopes* is one string; *version* counts its changes."""

    client_id: ClientId
    scopes: str
    secrets: tuple[StoredSecret, ...]
    created_ts: float
    rotated_ts: float | None = None
    disabled: bool = False
    version: int = 0

    def client(self) -> Client:
        """The client with what it is granted now."""
        return Client(self.client_id, read_scopes(self.scopes))


def secret_digest(secret: str) -> str:
    """The digest of a secret, as it is stored."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def opens(secret: str, row: ClientRow | None, now: float) -> bool:
    """True when *secret* opens the client of *row* at *now*; never without a row.

    As many digests are compared, each in constant time, whatever is stored: the time tells nobody whether
    there is such a client, or how many secrets it has.
    """
    digest = secret_digest(secret)
    stored = [one.digest for one in row.secrets if one.good(now)] if row is not None else []
    slots = [*stored, *[_NOBODYS] * SECRETS_MAX][:SECRETS_MAX]
    equal = [hmac.compare_digest(digest, slot) for slot in slots]
    return any(equal[: len(stored)]) and row is not None and not row.disabled


def client_item(row: ClientRow) -> JsonDict:
    """The item of *row*, listed among the clients by the index."""
    key = client_key(row.client_id)
    fields: JsonDict = msgspec.to_builtins(row)
    return fields | {
        VTN.partition: key.partition,
        str(VTN.sort): key.sort,
        VTN_INDEX.partition: CLIENT_TYPE,
        str(VTN_INDEX.sort): row.client_id,
    }


def read_client(item: JsonObject) -> ClientRow:
    """The row of *item*."""
    return codec.convert(ClientRow, {name: value for name, value in item.items() if name != TTL_ATTRIBUTE})
