"""Sources of the public keys of tokens: the stage's KMS key, or an identity provider's document.

Both are read once and remembered for the life of the sandbox.
"""

from __future__ import annotations

import http.client
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from contracts.errors import VenTwinError, WireError
from contracts.openadr.external_issuer import is_fetchable
from contracts.openadr.tokens import ALGORITHM
from lambdas.shared import clock
from lambdas.shared.json_web_keys import JWKS_MAX_BYTES, CheckingKey, read_jwks

if TYPE_CHECKING:
    from email.message import Message
    from typing import IO

    from types_boto3_kms import KMSClient

TIMEOUT_S = 5.0
REREAD_S = 60.0
"""Keys are read again so soon at the earliest: a token with a made-up key's name costs one call a minute."""
RETRY_S = 5.0
"""The same while there are no keys at all."""
MAX_AGE_S = 3600.0
"""Keys are read again after so long, so that one that the issuer has taken away is good no longer."""
CHUNK = 16 * 1024

Fetch = Callable[[str], bytes]


class KeysUnavailableError(VenTwinError):
    """Raised when an issuer's keys cannot be read, so that no token can be checked. Answer 503, try again."""


@dataclass
class KmsKeys:
    """The one public key of the stage, by the id of its KMS key."""

    client: KMSClient
    key_id: str
    _public: RSAPublicKey | None = field(default=None, init=False)

    def key(self, kid: str, *, now: float) -> CheckingKey | None:  # noqa: ARG002 - it never ages
        """The key, when it is the one."""
        return CheckingKey(self.public(), ALGORITHM) if kid == self.key_id else None

    def public(self) -> RSAPublicKey:
        """The public key; KMS is asked once."""
        if self._public is None:
            public = load_der_public_key(self.client.get_public_key(KeyId=self.key_id)["PublicKey"])
            if not isinstance(public, RSAPublicKey):
                raise KeysUnavailableError("the stage's key is no RSA key")
            self._public = public
        return self._public


class _DirectAlone(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: it might lead away from HTTPS, or to an address within."""

    def redirect_request(  # noqa: PLR0917 - as it is declared
        self,
        req: urllib.request.Request,  # noqa: ARG002
        fp: IO[bytes],  # noqa: ARG002
        code: int,  # noqa: ARG002
        msg: str,  # noqa: ARG002
        headers: Message,  # noqa: ARG002
        newurl: str,  # noqa: ARG002
    ) -> None:
        """No request."""
        return


def fetch_https(url: str) -> bytes:
    """The bytes at *url*, within `TIMEOUT_S` altogether and up to `JWKS_MAX_BYTES`.

    Raises:
        OSError: it is not there, or it took too long.
        ValueError: the address is neither HTTPS nor on loopback, or there is more.
    """
    if not is_fetchable(url):
        raise ValueError("neither HTTPS nor on loopback")
    until_s = clock.monotonic_s() + TIMEOUT_S
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _DirectAlone)
    raw = b""
    with opener.open(url, timeout=TIMEOUT_S) as answer:
        while chunk := answer.read1(CHUNK):
            raw += chunk
            if len(raw) > JWKS_MAX_BYTES:
                raise ValueError(f"more than {JWKS_MAX_BYTES} bytes")
            if clock.monotonic_s() > until_s:
                raise TimeoutError("took too long")
    return raw


@dataclass
class PublishedKeys:
    """The keys that an issuer publishes at *url*."""

    url: str
    fetch: Fetch = fetch_https
    _keys: Mapping[str, CheckingKey] = field(default_factory=dict, init=False)
    _tried_ts: float | None = field(default=None, init=False)
    _read_ts: float | None = field(default=None, init=False)

    def key(self, kid: str, *, now: float) -> CheckingKey | None:
        """The key that is named *kid*. Raises KeysUnavailableError while none were ever read."""
        if (kid not in self._keys or self._aged(now)) and self._may_try(now):
            self._read(now)
        if self._read_ts is None:
            raise KeysUnavailableError(f"the keys at {self.url} cannot be read")
        return self._keys.get(kid)

    def _aged(self, now: float) -> bool:
        return self._read_ts is not None and now - self._read_ts >= MAX_AGE_S

    def _may_try(self, now: float) -> bool:
        pause_s = RETRY_S if self._read_ts is None else REREAD_S
        return self._tried_ts is None or abs(now - self._tried_ts) >= pause_s

    def _read(self, now: float) -> None:
        """Read the keys; what was read before stays when that fails."""
        self._tried_ts = now
        try:
            self._keys = read_jwks(self.fetch(self.url))
        except (OSError, http.client.HTTPException, ValueError, WireError):
            return
        self._read_ts = now
