"""Tokens of an issuer and of those who are none, signed here."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lambdas.shared.bearer_tokens import JwtReader
from lambdas.shared.json_web_keys import CheckingKey

NOW = 1_800_000_000.0
ISSUER = "https://vtn.example/openadr3/3.1.0"
KID, EC_KID = "key-1", "key-2"


class FixedKeys:
    """The keys of an issuer, in memory."""

    def __init__(self, **keys: CheckingKey) -> None:
        self.keys = keys

    def key(self, kid: str, *, now: float) -> CheckingKey | None:  # noqa: ARG002 - they stay
        """The key of that name."""
        return self.keys.get(kid)


@cache
def private_key(name: str = "issuer") -> rsa.RSAPrivateKey:
    """A private key of RSA, one for each *name*."""
    assert name
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def elliptic_key() -> ec.EllipticCurvePrivateKey:
    """A private key of P-256."""
    return ec.generate_private_key(ec.SECP256R1())


@cache
def reader() -> JwtReader:
    """A reader of the stage's own tokens, beside whose key there is one of another algorithm."""
    own = CheckingKey(private_key().public_key(), "RS256")
    other = CheckingKey(elliptic_key().public_key(), "ES256")
    return JwtReader(issuer=ISSUER, audience=ISSUER, keys=FixedKeys(**{KID: own, EC_KID: other}))


def claims(**changed: Any) -> dict[str, Any]:
    """Claims as the stage makes them; those that are changed to None are left out."""
    made = {
        "iss": ISSUER,
        "aud": ISSUER,
        "sub": "house-1",
        "client_id": "house-1",
        "scope": "read_targets write_reports",
        "iat": int(NOW),
        "exp": int(NOW) + 3600,
        "jti": "one",
        **changed,
    }
    return {name: value for name, value in made.items() if value is not None}


def signed(payload: Any = None, *, key: Any = None, **header: Any) -> str:
    """A token signed with RS256 by the issuer, unless said otherwise; *payload* may be anything, or bytes."""
    algorithm = header.pop("alg", "RS256")
    more = {"kid": KID, **header}
    raw = _json(claims() if payload is None else payload)
    return jwt.PyJWS().encode(raw, key or private_key(), algorithm=algorithm, headers=more)


def by_hand(header: dict[str, Any], payload: Any, signature: bytes = b"") -> str:
    """A token that no library would make."""
    return ".".join(_text(part) for part in (_json(header), _json(payload), signature))


def hmac_with_public_key() -> str:
    """A token signed with HS256, the public key being the secret. Source: RFC 8725, 2.1."""
    secret = private_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    unsigned = f"{_text(_json({'alg': 'HS256', 'typ': 'JWT', 'kid': KID}))}.{_text(_json(claims()))}"
    return f"{unsigned}.{_text(hmac.new(secret, unsigned.encode(), hashlib.sha256).digest())}"


def _json(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
