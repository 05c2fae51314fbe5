"""The home's broker by its address, and what the worker is told."""

from __future__ import annotations

import pytest

from contracts.errors import FieldError
from ven_twin.ven.home_assistant.broker import HomeBroker, read_broker
from ven_twin.ven.home_assistant.discovery import wants_opt_out


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("mqtt://127.0.0.1", HomeBroker(host="127.0.0.1")),
        ("mqtt://127.0.0.1:1884/", HomeBroker(host="127.0.0.1", port=1884)),
        ("mqtt://[::1]:1884", HomeBroker(host="::1", port=1884)),
        ("mqtt://ven:a%40b@home", HomeBroker(host="home", username="ven", password="a@b")),
    ],
)
def test_a_broker_is_an_address(url: str, broker: HomeBroker) -> None:
    """With its port and, where it has one, the user and the password."""
    assert read_broker(url) == broker


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1", "mqtts://a:secret@home", "mqtt://", "mqtt://home:0", "mqtt://home:x", "mqtt://a/b"],
)
def test_another_address_is_refused_without_its_password(url: str) -> None:
    """The option is named, with an example, and what was typed is not repeated."""
    with pytest.raises(FieldError, match=r"mqtt://127\.0\.0\.1:1883") as refused:
        read_broker(url)
    assert refused.value.field == "--home-assistant"
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(("payload", "order"), [(b"ON", True), (b"OFF", False), (b"on", None), (b"", None)])
def test_the_switch_has_two_orders(payload: bytes, order: bool | None) -> None:
    """Anything else is none."""
    assert wants_opt_out(payload) is order
