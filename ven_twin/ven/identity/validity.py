"""Until when a certificate holds, read from its file without a cryptography library.

Source: X.509 (RFC 5280, 4.1): the certificate's first part is version, serial, signature, issuer, validity.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from ven_twin.ven.errors import IdentityInvalidError

SEQUENCE, VERSION, UTC_TIME, GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18


class _Element(NamedTuple):
    """A DER element: its tag, where its content starts, where it ends."""

    tag: int
    start: int
    end: int


def valid_until_ts(certificate: Path) -> float:
    """Expiry of the certificate in a PEM file, UTC s.

    Raises:
        IdentityInvalidError: the file cannot be read, or is no certificate.
    """
    try:
        pem = certificate.read_text(encoding="ascii")
        end = pem.index(ssl.PEM_FOOTER) + len(ssl.PEM_FOOTER)
        der = ssl.PEM_cert_to_DER_cert(pem[pem.index(ssl.PEM_HEADER) : end])
        return _not_after_ts(der)
    except (OSError, ValueError, IndexError) as error:
        raise IdentityInvalidError(certificate, f"not a readable certificate ({error})") from None


def _not_after_ts(der: bytes) -> float:
    signed = _expect(der, _expect(der, 0, SEQUENCE).start, SEQUENCE)
    at = signed.start
    if der[at] == VERSION:
        at = _element(der, at).end
    for _ in ("serial", "signature", "issuer"):
        at = _element(der, at).end
    validity = _expect(der, at, SEQUENCE)
    until = _element(der, _element(der, validity.start).end)
    text = der[until.start : until.end].decode("ascii")
    if until.tag == UTC_TIME:  # two digits of the year: 50 and above are of the last century
        text = ("19" if text[:2] >= "50" else "20") + text
    elif until.tag != GENERALIZED_TIME:
        raise ValueError("no time where the validity ends")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()


def _expect(der: bytes, at: int, tag: int) -> _Element:
    element = _element(der, at)
    if element.tag != tag:
        raise ValueError(f"tag {element.tag} where {tag} should be")
    return element


def _element(der: bytes, at: int) -> _Element:
    length, start = der[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, start = int.from_bytes(der[start : start + size]), start + size
    if start + length > len(der):
        raise ValueError("it is cut short")
    return _Element(der[at], start, start + length)
