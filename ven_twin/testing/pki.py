"""A certificate authority for one test run, made with ``cryptography`` in a temporary folder."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from ven_twin.ven.identity import identity_files


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM."""

    certificate: str
    key: str


class Authority:
    """Issues certificates. *strict* adds the extensions that VERIFY_X509_STRICT asks of a CA."""

    def __init__(self, *, strict: bool = True) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._revoked: list[int] = []
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test CA")])
        builder = _builder(name, self._key).issuer_name(name)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        if strict:
            ski = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
            builder = builder.add_extension(ski, critical=False).add_extension(_CA_USAGE, critical=True)
        self._name = name
        self.certificate = _pem(builder.sign(self._key, hashes.SHA256()))

    def issue(self, common_name: str, *, days: int = 1, host: str | None = "localhost") -> Pair:
        """A certificate for *common_name*; negative *days* make one that has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        builder = _builder(name, key, days).issuer_name(self._name)
        if host is not None:
            names = [x509.DNSName(host), x509.IPAddress(IPv4Address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return Pair(_pem(builder.sign(self._key, hashes.SHA256())), _key_pem(key))

    def certify(self, request_pem: str) -> str:
        """The certificate for a request's key and subject."""
        request = x509.load_pem_x509_csr(request_pem.encode())
        begin = dt.datetime.now(dt.UTC)
        builder = x509.CertificateBuilder(self._name, request.subject, request.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begin)
        builder = builder.not_valid_after(begin + dt.timedelta(days=1))
        return _pem(builder.sign(self._key, hashes.SHA256()))

    def revoke(self, *certificates: str) -> str:
        """A list of revoked certificates with these, and those revoked before; PEM."""
        now = dt.datetime.now(dt.UTC)
        self._revoked += [
            x509.load_pem_x509_certificate(certificate.encode()).serial_number for certificate in certificates
        ]
        builder = x509.CertificateRevocationListBuilder().issuer_name(self._name)
        builder = builder.last_update(now - dt.timedelta(days=1)).next_update(now + dt.timedelta(days=1))
        for serial in self._revoked:
            revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now)
            builder = builder.add_revoked_certificate(revoked.build())
        signed = builder.sign(self._key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM).decode()

    def identity(self, folder: Path, common_name: str = "ven-1") -> identity_files.Identity:
        """A client's identity, saved in *folder*."""
        pair = self.issue(common_name, host=None)
        return identity_files.save(folder, self.certificate, pair.certificate, pair.key)


_CA_USAGE = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def _builder(subject: x509.Name, key: ec.EllipticCurvePrivateKey, days: int = 1) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=3))
        .not_valid_after(now + dt.timedelta(days=days))
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
