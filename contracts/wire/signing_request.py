"""A private key and the request to certify it, made where the key is to stay.

The key is on NIST P-256 and the signature ECDSA with SHA-256, which AWS IoT certifies. They are made by
`cryptography`; whoever makes none does not load it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes


class KeyRequest(NamedTuple):
    """A private key, the request for its certificate, and the digest of its public key."""

    private_key_pem: str
    request_pem: str
    key_digest: str

    def __repr__(self) -> str:
        """Name the public key alone."""
        return f"KeyRequest({self.key_digest!r})"


def key_request(common_name: str) -> KeyRequest:
    """A new key, and the request to certify it for *common_name*."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    private_key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return KeyRequest(
        private_key.decode(), request.public_bytes(Encoding.PEM).decode(), _digest(key.public_key())
    )


def key_digests(certificate_pem: str) -> set[str]:
    """The `KeyRequest.key_digest` of a certificate; none for what is no certificate, or of an odd key."""
    try:
        return {_digest(x509.load_pem_x509_certificate(certificate_pem.encode()).public_key())}
    except (ValueError, UnsupportedAlgorithm):
        return set()


def _digest(public_key: CertificatePublicKeyTypes) -> str:
    """SHA-256 of a public key's SubjectPublicKeyInfo, hexadecimal."""
    info = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(info).hexdigest()
