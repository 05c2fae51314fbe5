"""Keys that are made here, and the requests to certify them."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from contracts.wire.signing_request import key_digests, key_request
from ven_twin.testing.pki import Authority


@pytest.mark.parametrize("name", ["v", "v" * 64])
def test_a_request_is_signed_by_the_key_that_it_is_for(name: str) -> None:
    """It is of a key on P-256, which AWS IoT certifies, and names the VEN."""
    made = key_request(name)
    request = x509.load_pem_x509_csr(made.request_pem.encode())
    key = load_pem_private_key(made.private_key_pem.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert request.is_signature_valid
    assert request.public_key() == key.public_key()
    assert request.subject.rfc4514_string() == f"CN={name}"


def test_a_certificate_is_known_by_its_key() -> None:
    """It has the key that was made for it and no other; nonsense has none, and a key is in no text."""
    one, other = key_request("v"), key_request("v")
    assert key_digests(Authority().certify(one.request_pem)) == {one.key_digest}
    assert one.key_digest != other.key_digest
    assert key_digests("nonsense") == key_digests(one.request_pem) == set()
    assert "PRIVATE" not in f"{one} {one!r}"
