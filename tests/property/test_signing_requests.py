"""Keys that are made here, held against a cryptography library."""

from __future__ import annotations

import random

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.wire import signing_request
from contracts.wire.signing_request import ORDER, key_digest, key_digests, key_request
from tests.support.pki import Authority

SECRETS = st.integers(0, ORDER - 2)


@given(SECRETS, SECRETS, st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", fullmatch=True))
@example(0, 0, "v")
@example(1, 1, "v")
@example(ORDER - 2, ORDER - 2, "v" * 64)
def test_a_request_is_signed_by_the_key_that_it_is_for(secret: int, nonce: int, name: str) -> None:
    """The library reads key and request, takes the signature for good, and finds the name in it."""
    draws = [secret, nonce]
    made = key_request(name, lambda _: draws.pop(0))
    request = x509.load_pem_x509_csr(made.request_pem.encode())
    key = load_pem_private_key(made.private_key_pem.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.private_numbers().private_value == secret + 1
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert public == made.public_key
    assert request.public_key() == key.public_key()
    assert request.is_signature_valid
    assert request.subject.rfc4514_string() == f"CN={name}"


def test_a_key_is_drawn_from_the_whole_range() -> None:
    """Each draw is below the order less one, so that no key is zero or the order."""
    bounds: list[int] = []

    def below(bound: int) -> int:
        bounds.append(bound)
        return 7

    key_request("v", below)
    assert bounds == [ORDER - 1] * 2


def test_a_certificate_is_known_by_its_key() -> None:
    """It has the key that was made for it, no other, and nonsense has none."""
    rng = random.Random(7)
    one, other = key_request("v", rng.randrange), key_request("v", rng.randrange)
    certificate_pem = Authority().certify(one.request_pem)
    assert key_digests(certificate_pem) == {key_digest(one.public_key)}
    assert key_digest(one.public_key) != key_digest(other.public_key)
    assert key_digests("nonsense") == set()
    assert "PRIVATE" not in repr(one)
    assert signing_request.P256 in one.public_key
