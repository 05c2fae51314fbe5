"""An issuer's keys: read once, again when one is unknown, never more often than they may be."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from contracts.openadr.external_issuer import is_fetchable
from lambdas.shared.json_web_keys import JWKS_MAX_BYTES, jwk_of
from lambdas.shared.token_keys import (
    MAX_AGE_S,
    REREAD_S,
    RETRY_S,
    KeysUnavailableError,
    PublishedKeys,
    fetch_https,
)
from tests.support.token_forge import NOW, private_key

URL = "https://id.example/keys"


@dataclass
class Issuer:
    """An issuer with keys of these names; None where it does not answer."""

    kids: tuple[str, ...] | None
    asked: list[str] = field(default_factory=list)

    def fetch(self, url: str) -> bytes:
        """What is published."""
        self.asked.append(url)
        if self.kids is None:
            raise TimeoutError
        return json.dumps({"keys": [jwk_of(private_key().public_key(), kid) for kid in self.kids]}).encode()


def test_keys_are_read_once_and_again_for_an_unknown_one() -> None:
    """An issuer that changes its key is followed within a minute, and strangers cost it no more than that."""
    issuer = Issuer(("a",))
    keys = PublishedKeys(URL, issuer.fetch)
    assert keys.key("a", now=NOW)
    assert keys.key("a", now=NOW + 1)
    assert len(issuer.asked) == 1
    issuer.kids = ("a", "b")
    assert keys.key("b", now=NOW + REREAD_S - 1) is None
    assert len(issuer.asked) == 1
    assert keys.key("b", now=NOW + REREAD_S)
    for second in range(50):
        assert keys.key("made-up", now=NOW + REREAD_S + second) is None
    assert len(issuer.asked) == 2


def test_a_key_that_is_taken_away_is_good_no_longer_than_an_hour() -> None:
    """The keys are read again by then."""
    issuer = Issuer(("a",))
    keys = PublishedKeys(URL, issuer.fetch)
    assert keys.key("a", now=NOW)
    issuer.kids = ("b",)
    assert keys.key("a", now=NOW + MAX_AGE_S - 1)
    assert keys.key("a", now=NOW + MAX_AGE_S) is None


def test_an_issuer_that_is_down_keeps_nobody_out_who_was_in() -> None:
    """Its keys go on to be good, and it is asked once a minute."""
    issuer = Issuer(("a",))
    keys = PublishedKeys(URL, issuer.fetch)
    assert keys.key("a", now=NOW)
    issuer.kids = None
    for second in range(120):
        assert keys.key("a", now=NOW + MAX_AGE_S + second)
    assert len(issuer.asked) == 3


def test_without_any_key_no_token_can_be_judged() -> None:
    """That is no refusal of the client: it tries again; the issuer is asked every few seconds at the most."""
    issuer = Issuer(None)
    keys = PublishedKeys(URL, issuer.fetch)
    for second in range(int(RETRY_S)):
        with pytest.raises(KeysUnavailableError):
            keys.key("a", now=NOW + second)
    assert len(issuer.asked) == 1
    issuer.kids = ("a",)
    assert keys.key("a", now=NOW + RETRY_S)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"keys": 1}', b"<html>", b"{" * 90_000, b"\xff" * 9])
def test_what_is_no_set_of_keys_changes_nothing(raw: bytes) -> None:
    """Neither a page of a proxy nor an attack on the reader."""
    answers = [json.dumps({"keys": [jwk_of(private_key().public_key(), "a")]}).encode(), raw]
    keys = PublishedKeys(URL, lambda _: answers.pop(0))
    assert keys.key("a", now=NOW)
    assert keys.key("b", now=NOW + REREAD_S) is None
    assert keys.key("a", now=NOW + REREAD_S)


def test_more_than_any_issuer_has_is_not_read() -> None:
    """A bound on what is decoded, as on what is fetched."""
    keys = PublishedKeys(URL, lambda _: b" " * (JWKS_MAX_BYTES + 1))
    with pytest.raises(KeysUnavailableError):
        keys.key("a", now=NOW)


@pytest.mark.parametrize(
    ("url", "may"),
    [
        (URL, True),
        ("http://127.0.0.1:8080/keys", True),
        ("http://localhost/keys", True),
        ("http://[::1]:80/keys", True),
        ("http://id.example/keys", False),
        ("http://127.0.0.1.evil.example/keys", False),
        ("https://user:word@id.example/keys", False),
        ("file:///etc/passwd", False),
        ("ftp://id.example/keys", False),
        ("https://", False),
        ("https://[", False),
        ("id.example/keys", False),
    ],
)
def test_keys_come_over_https_or_from_this_machine(url: str, may: bool) -> None:
    """Whoever can change them on their way can sign tokens."""
    assert is_fetchable(url) is may
    if not may:
        with pytest.raises(ValueError, match="neither HTTPS nor on loopback"):
            fetch_https(url)
