"""Whatever stands in an Authorization header, a token is read or refused."""

from __future__ import annotations

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from lambdas.shared.bearer_tokens import TokenRefusedError
from tests.support.token_forge import KID, NOW, by_hand, claims, reader, signed

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
SEGMENT = st.text("abcXYZ019-_=.", max_size=40)
CLAIMS = st.dictionaries(st.sampled_from(sorted(claims())), JSON, max_size=8)


def refused(authorization: str | None) -> bool:
    """True when the header is refused in one line. Any other exception fails the test."""
    try:
        reader().client(authorization, now=NOW)
    except TokenRefusedError as error:
        return "\n" not in str(error)
    return False


@given(
    st.none() | st.text(max_size=200) | st.lists(SEGMENT, max_size=6).map(".".join).map("Bearer {}".format)
)
def test_any_header_is_read_or_refused(authorization: str | None) -> None:
    """Text of any kind is refused, and fails nothing."""
    assert refused(authorization)


@given(
    st.dictionaries(
        st.sampled_from(["alg", "kid", "typ", "crit", "jwk", "b64", "zip", "cty"]), JSON, max_size=5
    ),
    JSON,
    st.binary(max_size=300),
)
def test_any_unsigned_token_is_refused(header: dict[str, object], payload: object, signature: bytes) -> None:
    """Whatever its header says of how it is to be checked."""
    for more in ({}, {"kid": KID}, {"kid": KID, "alg": "RS256"}):
        assert refused(f"Bearer {by_hand({**header, **more}, json.dumps(payload).encode(), signature)}")


@given(CLAIMS)
def test_any_claims_of_the_issuer_are_read_or_refused(changed: dict[str, object]) -> None:
    """A token that the issuer itself has signed, with claims of any kind."""
    refused(f"Bearer {signed({**claims(), **changed})}")


@given(st.integers(0, 2**11 - 1), st.integers(1, 255))
def test_no_changed_byte_of_a_signature_holds(place: int, change: int) -> None:
    """Nor of what it is over."""
    token = bytearray(signed().encode())
    place %= len(token)
    token[place] = (token[place] + change) % 128
    text = token.decode("ascii")
    if text != signed() and not _same_bytes(text, signed()):
        assert refused(f"Bearer {text}")


def _same_bytes(one: str, other: str) -> bool:
    """True where base64's unused last bits differ alone."""

    def decoded(text: str) -> list[bytes]:
        return [base64.urlsafe_b64decode(segment + "==") for segment in text.split(".")]

    try:
        return decoded(one) == decoded(other)
    except ValueError:
        return False
