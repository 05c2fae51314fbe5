"""The broker that a VTN offers: which one a VEN uses, and to which topics it listens."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ven_twin.ven.openadr.broker import (
    OfferedNotifiers,
    TopicsOfOperations,
    VtnBroker,
    read_broker,
    read_filters,
)

TOKEN = {"method": "OAUTH2_BEARER_TOKEN", "username": "{clientID}"}


def offered(*uris: str, **authentication: Any) -> OfferedNotifiers:
    """The answer of GET /notifiers, as it is read."""
    mqtt = {"URIS": list(uris), "serialization": "JSON", "authentication": authentication or TOKEN}
    return msgspec.convert({"WEBHOOK": True, "MQTT": mqtt}, OfferedNotifiers)


@pytest.mark.parametrize(
    ("uri", "broker"),
    [
        ("mqtts://vtn.example.org", ("vtn.example.org", 8883, True)),
        ("ssl://vtn.example.org:443", ("vtn.example.org", 443, True)),
        ("MQTTS://[::1]:1", ("::1", 1, True)),
        ("mqtt://localhost", ("localhost", 1883, False)),
        ("tcp://127.0.0.1:1884/", ("127.0.0.1", 1884, False)),
    ],
)
def test_a_broker_with_tls_or_on_this_machine_is_used(uri: str, broker: tuple[str, int, bool]) -> None:
    """Its port is the usual one where none is named."""
    assert read_broker(offered(uri), "house-1") == VtnBroker(*broker, "house-1")
    assert read_broker(offered("wss://vtn.example.org/mqtt", uri), "house-1") == VtnBroker(*broker, "house-1")


@pytest.mark.parametrize(
    "uri",
    [
        "mqtt://vtn.example.org",
        "wss://vtn.example.org/mqtt",
        "mqtts://",
        "mqtts://vtn.example.org:0",
        "mqtts://vtn.example.org:x",
        "vtn.example.org",
    ],
)
def test_a_broker_that_would_have_the_token_read_on_the_way_is_not(uri: str) -> None:
    """Nor is one that cannot be spoken to."""
    assert isinstance(read_broker(offered(uri), "house-1"), str)


def test_who_connects_is_said_as_the_broker_asks() -> None:
    """By the client's id, by a word of the VTN's, or not at all; a certificate is none of a VEN's here."""
    uri = "mqtts://vtn.example.org"
    literal = read_broker(offered(uri, method="OAUTH2_BEARER_TOKEN", username="token"), "house-1")
    assert isinstance(literal, VtnBroker)
    assert literal.username == "token"
    anonymous = read_broker(offered(uri, method="ANONYMOUS"), "house-1")
    assert isinstance(anonymous, VtnBroker)
    assert anonymous.username is None
    assert anonymous.place == "mqtts://vtn.example.org:8883"
    certificate = read_broker(offered(uri, method="CERTIFICATE", clientKey="hush"), "house-1")
    assert "CERTIFICATE" in str(certificate)
    assert "hush" not in str(certificate)
    assert read_broker(OfferedNotifiers(), "house-1") == "the VTN has none"


@pytest.mark.parametrize(
    ("topics", "filters"),
    [
        ({"CREATE": "a/c", "UPDATE": "a/u", "DELETE": "a/d", "ALL": "a/+"}, ["a/+"]),
        ({"CREATE": None, "UPDATE": "a/u", "DELETE": "a/d"}, ["a/u", "a/d"]),
        ({"UPDATE": "", "DELETE": "a\0b", "CREATE": "a" * 1025}, []),
        ({}, []),
    ],
)
def test_topics_are_the_one_of_all_or_each(topics: dict[str, Any], filters: list[str]) -> None:
    """Names that no broker takes are left out."""
    assert read_filters(msgspec.convert({"topics": topics}, TopicsOfOperations)) == filters
