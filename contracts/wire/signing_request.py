"""A private key and the request to certify it, made where the key is to stay. Pure.

The key is on NIST P-256, the signature ECDSA with SHA-256; AWS IoT certifies both. The standard library has
neither, and a library that has them is larger than all that a function or a VEN else needs.

Source: PKCS #10 (RFC 2986), PKCS #8 (RFC 5208), keys on curves (RFC 5480, RFC 5915), ECDSA (FIPS 186-5).
Interpretation: the arithmetic does not take the same time for every key. Each key signs once, in the process
that has just made it, so nobody is there to measure it.
"""

from __future__ import annotations

import base64
import hashlib
import ssl
from collections.abc import Callable
from typing import NamedTuple

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
BASE = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
"""Source: FIPS 186-5 and SP 800-186, curve P-256."""

SEQUENCE, SET, INTEGER, BITS, OCTETS, OID, UTF8, CONTEXT_0, CONTEXT_1 = (
    0x30, 0x31, 0x02, 0x03, 0x04, 0x06, 0x0C, 0xA0, 0xA1,
)  # fmt: skip
EC_KEY = bytes.fromhex("06072a8648ce3d0201")
P256 = bytes.fromhex("06082a8648ce3d030107")
ECDSA_SHA256 = bytes.fromhex("06082a8648ce3d040302")
COMMON_NAME = bytes.fromhex("0603550403")

Point = tuple[int, int, int]
"""Jacobian coordinates; the third is 0 at infinity."""
Below = Callable[[int], int]
"""A random number from 0 and below a bound, as `secrets.randbelow`."""


class KeyRequest(NamedTuple):
    """A private key, the request for its certificate, and the public key's SubjectPublicKeyInfo, DER."""

    private_key_pem: str
    request_pem: str
    public_key: bytes

    def __repr__(self) -> str:
        """Name the public key alone."""
        return f"KeyRequest({key_digest(self.public_key)!r})"


def key_request(common_name: str, below: Below) -> KeyRequest:
    """A new key, and the request to certify it for *common_name*. *below* must be a cryptographic source."""
    secret = 1 + below(ORDER - 1)
    x, y = _affine(_times(secret, BASE))
    point = _der(BITS, b"\0\4" + x.to_bytes(32) + y.to_bytes(32))
    algorithm = _der(SEQUENCE, EC_KEY + P256)
    public_key = _der(SEQUENCE, algorithm + point)
    subject = _der(SEQUENCE, _der(SET, _der(SEQUENCE, COMMON_NAME + _der(UTF8, common_name.encode()))))
    info = _der(SEQUENCE, _number(0) + subject + public_key + _der(CONTEXT_0, b""))
    signature = _der(BITS, b"\0" + _sign(info, secret, below))
    request = _der(SEQUENCE, info + _der(SEQUENCE, ECDSA_SHA256) + signature)
    ec_private = _der(SEQUENCE, _number(1) + _der(OCTETS, secret.to_bytes(32)) + _der(CONTEXT_1, point))
    private = _der(SEQUENCE, _number(0) + algorithm + _der(OCTETS, ec_private))
    return KeyRequest(_pem("PRIVATE KEY", private), _pem("CERTIFICATE REQUEST", request), public_key)


def key_digest(public_key: bytes) -> str:
    """SHA-256 of a public key's SubjectPublicKeyInfo, hexadecimal."""
    return hashlib.sha256(public_key).hexdigest()


def key_digests(certificate_pem: str) -> set[str]:
    """The `key_digest` of a certificate's public key; none for another kind of key, or no certificate."""
    try:
        der = ssl.PEM_cert_to_DER_cert(certificate_pem.strip())
    except ValueError:
        return set()
    head = _der(SEQUENCE, _der(SEQUENCE, EC_KEY + P256) + _der(BITS, b"\0\4" + bytes(64)))[:-64]
    at = der.find(head)
    return set() if at < 0 else {key_digest(der[at : at + len(head) + 64])}


def _sign(message: bytes, secret: int, below: Below) -> bytes:
    """ECDSA with SHA-256. A nonce that gives zero is drawn again."""
    digest = int.from_bytes(hashlib.sha256(message).digest())
    while True:
        nonce = 1 + below(ORDER - 1)
        r = _affine(_times(nonce, BASE))[0] % ORDER
        s = pow(nonce, -1, ORDER) * (digest + r * secret) % ORDER
        if r and s:
            return _der(SEQUENCE, _number(r) + _number(s))


def _times(factor: int, base: tuple[int, int]) -> Point:
    point: Point = (0, 1, 0)
    for bit in f"{factor:b}":
        point = _double(point)
        if bit == "1":
            point = _add(point, base)
    return point


def _double(point: Point) -> Point:
    x, y, z = point
    if not z:
        return point
    delta, gamma = z * z % P, y * y % P
    beta, alpha = x * gamma % P, 3 * (x - delta) * (x + delta) % P
    x3 = (alpha * alpha - 8 * beta) % P
    return x3, (alpha * (4 * beta - x3) - 8 * gamma * gamma) % P, 2 * y * z % P


def _add(point: Point, base: tuple[int, int]) -> Point:
    """The sum of *point* and *base*, which differ unless *point* is at infinity."""
    x, y, z = point
    if not z:
        return *base, 1
    square = z * z % P
    h, r = (base[0] * square - x) % P, (base[1] * square * z - y) % P
    if not h:
        return _double(point) if not r else (0, 1, 0)
    h2 = h * h % P
    h3, v = h * h2 % P, x * h2 % P
    x3 = (r * r - h3 - 2 * v) % P
    return x3, (r * (v - x3) - y * h3) % P, z * h % P


def _affine(point: Point) -> tuple[int, int]:
    x, y, z = point
    inverse = pow(z, -1, P)
    return x * inverse**2 % P, y * inverse**3 % P


def _number(value: int) -> bytes:
    return _der(INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + content


def _pem(label: str, der: bytes) -> str:
    text = base64.b64encode(der).decode()
    lines = "\n".join(text[first : first + 64] for first in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"
