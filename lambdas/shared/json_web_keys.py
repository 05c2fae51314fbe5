"""Public keys as JSON web keys: ours written, an issuer's read. Pure. Source: RFC 7517, RFC 7518."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from contracts.errors import MalformedError, OversizeError
from contracts.openadr.tokens import ALGORITHM
from contracts.wire.codec import JsonDict

RSA_MIN_BITS, RSA_MAX_BITS = 2048, 8192
KEYS_MAX = 100
"""Keys that are looked at of one issuer."""
JWKS_MAX_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class CheckingKey:
    """A public key, and the one algorithm that it checks."""

    public: RSAPublicKey | EllipticCurvePublicKey
    algorithm: str


class TokenKeys(Protocol):
    """The public keys of an issuer."""

    def key(self, kid: str, *, now: float) -> CheckingKey | None:
        """The key that is named *kid*; None when the issuer has none of that name at *now*."""
        ...


def jwk_of(public: RSAPublicKey, kid: str) -> JsonDict:
    """The JSON web key of an RSA key of ours."""
    numbers = public.public_numbers()
    return {
        "kty": "RSA",
        "use": "sig",
        "alg": ALGORITHM,
        "kid": kid,
        "n": _text(numbers.n),
        "e": _text(numbers.e),
    }


def read_jwks(raw: bytes) -> Mapping[str, CheckingKey]:
    """The keys in *raw*, by their names. Those that are not for RS256 or ES256 are left out.

    Raises:
        OversizeError: it is larger than any issuer's.
        MalformedError: it is no set of keys.
    """
    if len(raw) > JWKS_MAX_BYTES:
        raise OversizeError("bytes of keys", len(raw), JWKS_MAX_BYTES)
    try:
        listed = msgspec.json.decode(raw, type=dict[str, object]).get("keys")
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise MalformedError("not a set of JSON web keys") from None
    if not isinstance(listed, list):
        raise MalformedError("not a set of JSON web keys: it has no list of keys")
    keys: dict[str, CheckingKey] = {}
    for entry in listed[:KEYS_MAX]:
        if isinstance(entry, dict) and isinstance(kid := entry.get("kid"), str):
            key = _read_key(entry)
            if key is not None:
                keys.setdefault(kid, key)
    return keys


def _read_key(entry: JsonDict) -> CheckingKey | None:
    """The key of one entry; None of one for encryption, of another kind, too short, or private."""
    if entry.get("use") not in {None, "sig"} or "d" in entry:
        return None
    try:
        public = jwt.PyJWK(entry).key
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
        return None
    if isinstance(public, RSAPublicKey) and RSA_MIN_BITS <= public.key_size <= RSA_MAX_BITS:
        key = CheckingKey(public, "RS256")
    elif isinstance(public, EllipticCurvePublicKey) and isinstance(public.curve, SECP256R1):
        key = CheckingKey(public, "ES256")
    else:
        return None
    return key if entry.get("alg") in {None, key.algorithm} else None


def _text(number: int) -> str:
    """A number in base64url, without padding. Source: RFC 7518, 2, Base64urlUInt."""
    raw = number.to_bytes((number.bit_length() + 7) // 8)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
