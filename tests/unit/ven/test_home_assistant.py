"""The home's broker by its address, and what the worker is told."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.models import OptionInfo

from contracts.errors import FieldError
from ven_twin.cli.resident_options import shown_elsewhere, variables
from ven_twin.cli.run import run
from ven_twin.testing.pki import Authority
from ven_twin.ven.home_assistant.broker import HomeBroker, read_broker
from ven_twin.ven.home_assistant.discovery import wants_opt_out

PEM = Authority().certificate.encode()


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("mqtt://127.0.0.1", HomeBroker(host="127.0.0.1")),
        ("mqtt://127.0.0.1:1884/", HomeBroker(host="127.0.0.1", port=1884)),
        ("mqtt://[::1]:1884", HomeBroker(host="::1", port=1884)),
        ("mqtt://ven:a%40b@home", HomeBroker(host="home", username="ven", password="a@b")),
        ("mqtts://home", HomeBroker(host="home", port=8883, tls=True)),
        ("mqtts://home:8884", HomeBroker(host="home", port=8884, tls=True)),
    ],
)
def test_a_broker_is_an_address(url: str, broker: HomeBroker) -> None:
    """With its port and, where it has one, the user and the password."""
    assert read_broker(url) == broker


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1",
        "mqttss://a:secret@home",
        "mqtts://",
        "mqtt://",
        "mqtt://home:0",
        "mqtt://home:x",
        "mqtt://a/b",
    ],
)
def test_another_address_is_refused_without_its_password(url: str) -> None:
    """The option is named, with an example, and what was typed is not repeated."""
    with pytest.raises(FieldError, match=r"mqtt://127\.0\.0\.1:1883") as refused:
        read_broker(url)
    assert refused.value.field == "--home-assistant"
    assert "secret" not in str(refused.value)


RESIDENT_OPTIONS: dict[str, Any] = {
    "home_assistant": None,
    "home_assistant_ca": None,
    "webhook": None,
    "webhook_secret_file": None,
    "webhook_plain_http": False,
    "webhook_link_after": "5m",
}


@pytest.mark.parametrize(
    ("url", "content", "why"),
    [
        (None, PEM, "--home-assistant"),
        ("mqtt://home", PEM, "mqtts://host"),
        ("mqtts://home", b"no certificate", "in PEM"),
        ("mqtts://home", None, "in PEM"),
    ],
)
def test_an_authority_that_cannot_be_is_refused(
    tmp_path: Path, url: str | None, content: bytes | None, why: str
) -> None:
    """A file is for a broker with TLS, and has certificates."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    options = {**RESIDENT_OPTIONS, "home_assistant": url, "home_assistant_ca": file}
    with pytest.raises(FieldError, match=why) as refused:
        shown_elsewhere(**options)
    assert refused.value.field == "--home-assistant-ca"


def test_a_further_twin_is_shown_by_the_same_options(tmp_path: Path) -> None:
    """As the variables that `ven-twin run` reads: no list of processes shows an address."""
    file = tmp_path / "ca.pem"
    file.write_bytes(PEM)
    chosen = {"home_assistant": "mqtts://a:b@home", "home_assistant_ca": file, "webhook": "https://home/x"}
    passed = variables(**{**RESIDENT_OPTIONS, **chosen})
    readable = {option.envvar for option in _options(run)}
    assert set(passed) <= readable
    assert passed["VEN_TWIN_HOME_ASSISTANT"] == "mqtts://a:b@home"
    assert passed["VEN_TWIN_HOME_ASSISTANT_CA"] == str(file)
    assert "VEN_TWIN_WEBHOOK_SECRET_FILE" not in passed
    with pytest.raises(FieldError):
        variables(**{**RESIDENT_OPTIONS, "webhook": "http://example.org/x"})


def _options(command: Callable[..., None]) -> list[OptionInfo]:
    """The options of a command."""
    annotations = inspect.signature(command).parameters.values()
    return [kind for each in annotations for kind in get_args(each.annotation)[1:]]


@pytest.mark.parametrize(("payload", "order"), [(b"ON", True), (b"OFF", False), (b"on", None), (b"", None)])
def test_the_switch_has_two_orders(payload: bytes, order: bool | None) -> None:
    """Anything else is none."""
    assert wants_opt_out(payload) is order
