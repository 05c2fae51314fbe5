"""Answers of a VTN: what each status is, the pause that it asks for, and what no error may repeat."""

from __future__ import annotations

import httpx
import pytest

from ven_twin.ven.openadr.errors import VtnBusyError, VtnError, VtnRefusedError, VtnUnreachableError
from ven_twin.ven.openadr.http import RETRY_AFTER_MAX_S, VtnReply, _date_ts, _refusal, _retry_after_s

REQUEST = httpx.Request("GET", "https://vtn.example.org/3.1.0/events")
DATE = "Sun, 29 Nov 2026 09:00:00 GMT"


def refusal(status: int, body: bytes = b"", *secrets: str) -> VtnError:
    """The error of an answer."""
    return _refusal(REQUEST, VtnReply(status=status, body=body, retry_after_s=7.0), secrets)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, VtnBusyError),
        (503, VtnBusyError),
        (302, VtnUnreachableError),
        (408, VtnUnreachableError),
        (425, VtnUnreachableError),
        (500, VtnUnreachableError),
        (502, VtnUnreachableError),
        (199, VtnUnreachableError),
        (400, VtnRefusedError),
        (401, VtnRefusedError),
        (404, VtnRefusedError),
    ],
)
def test_a_status_is_busy_unreachable_or_refused(status: int, kind: type[VtnError]) -> None:
    """What may pass is tried again soon, what someone has to change slowly."""
    assert type(refusal(status)) is kind


@pytest.mark.parametrize(
    ("text", "pause_s"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("999999", RETRY_AFTER_MAX_S),
        ("Sun, 29 Nov 2026 09:00:30 GMT", 30.0),
        ("Sun, 29 Nov 2026 08:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("1" * 400, None),
        (None, None),
    ],
)
def test_retry_after_is_a_number_or_a_time_by_the_vtns_clock(text: str | None, pause_s: float | None) -> None:
    """A clock of the VEN's that is wrong changes nothing of it, and no VTN stops a VEN for a day."""
    assert _retry_after_s(text, _date_ts(DATE)) == pause_s


def test_a_time_without_a_date_beside_it_says_nothing() -> None:
    """It is compared with the answer's own time alone."""
    assert _retry_after_s(DATE, None) is None
    assert _date_ts("today") is None


def test_the_reason_is_the_problems_in_plain_text_and_never_a_secret() -> None:
    """An answer that repeats the secret, or sends what a terminal acts on, does neither in a log."""
    body = b'{"title": "Bad Request", "detail": "limit: 0 to 50 \\u001b[2J", "status": 400}'
    text = str(refusal(400, body))
    assert text.startswith("https://vtn.example.org answers 400 to GET /3.1.0/events: limit: 0 to 50")
    assert "\x1b" not in text
    repeated = str(refusal(401, b'{"error_description": "no such secret: hush"}', "hush"))
    assert "hush" not in repeated
    for other in (b"<html>", b"[]", b"\xff", b'{"detail": 7}'):
        assert str(refusal(400, other)).endswith("/events")
