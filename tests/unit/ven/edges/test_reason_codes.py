"""What codes and broken connections mean."""

from __future__ import annotations

import ssl

import pytest

from ven_twin.ven.mqtt.reason_codes import (
    connack_loss,
    describe,
    disconnect_loss,
    is_refusal,
    is_retryable,
    transport_loss,
)


def test_success_codes_are_no_refusals() -> None:
    """0x00 and 0x10, "no matching subscribers", mean that the broker has the message."""
    assert not is_refusal(0x00)
    assert not is_refusal(0x10)


@pytest.mark.parametrize("code", [0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99])
def test_error_codes_are_refusals(code: int) -> None:
    """From 0x80 on the broker does not have the message."""
    assert is_refusal(code)


def test_what_passes_later_is_retryable() -> None:
    """Quota, a packet id in use and a broker's own trouble pass; a policy or a bad topic does not."""
    assert [code for code in range(0x80, 0xA0) if is_retryable(code)] == [0x83, 0x91, 0x97]


@pytest.mark.parametrize("code", [1, 2, 4, 5, 0x84, 0x85, 0x86, 0x87, 0x8A])
def test_connack_codes_that_need_someone_to_act_are_refusals(code: int) -> None:
    """Versions, ids and credentials do not mend themselves."""
    assert connack_loss(code, "5").kind == "refused"


@pytest.mark.parametrize("code", [3, 0x88, 0x89, 0x97, 0x9F])
def test_connack_codes_that_pass_are_not(code: int) -> None:
    """An unavailable or busy broker is tried again with the usual backoff."""
    assert connack_loss(code, "5").kind == "closed"


def test_a_disconnect_names_its_reason() -> None:
    """The broker's DISCONNECT is quoted by name and number; none of it is clean."""
    loss = disconnect_loss(b"\x95\x00")
    assert (loss.kind, loss.clean) == ("closed", False)
    assert loss.reason == "the broker disconnected: packet too large (0x95)"
    assert disconnect_loss(b"").reason == "the broker disconnected: no reason given"


def test_a_tls_alert_is_a_refusal() -> None:
    """An alert is seen as such although it arrives as the error of an established transport."""
    alert = ssl.SSLError(1, "[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca")
    alert.reason = "TLSV1_ALERT_UNKNOWN_CA"
    loss = transport_loss(alert, connected=False)
    assert (loss.kind, loss.reason) == (
        "refused",
        "the broker refused the TLS handshake: TLSV1_ALERT_UNKNOWN_CA",
    )


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (None, "closed"),
        (ConnectionResetError(104, "reset"), "closed"),
        (OSError(113, "No route to host"), "unreachable"),
        (TimeoutError(110, "timed out"), "unreachable"),
    ],
)
def test_the_end_of_the_stream_tells_the_peer_from_the_network(cause: OSError | None, kind: str) -> None:
    """A close or a reset comes from the peer, anything else from the network between."""
    assert transport_loss(cause, connected=True).kind == kind


@pytest.mark.parametrize("cause", [ConnectionRefusedError(), ConnectionResetError(), EOFError()])
def test_a_broken_connection_is_told_without_a_name_of_pythons(cause: BaseException) -> None:
    """A resident reads it on the VEN's page."""
    assert "Error" not in transport_loss(cause, connected=False).reason


def test_an_unknown_code_is_still_described() -> None:
    """A code outside the table is shown by its number."""
    assert describe(0xEE) == "unknown reason (0xEE)"
