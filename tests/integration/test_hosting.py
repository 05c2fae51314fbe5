"""A page that cannot be served leaves its port to others."""

from __future__ import annotations

import pytest

from local_cloud.ports import free_port
from ven_twin.webkit.guard import Guard
from ven_twin.webkit.hosting import _listen, hosted
from ven_twin.webkit.settings import WebSettings


async def test_an_application_that_cannot_be_made_frees_the_port() -> None:
    """What fails once there is a port closes it."""
    port = free_port()
    with pytest.raises(ValueError, match="no page"):
        async with hosted(_fail, WebSettings(port=port), lambda: None):
            pass
    assert free_port(port) == port


def _fail() -> Guard:
    raise ValueError("no page")


async def test_streams_that_cannot_be_closed_do_not_keep_the_port() -> None:
    """The server ends, whatever closing its streams comes to."""
    port = free_port()

    def close() -> None:
        raise ValueError("no stream")

    async def application(_scope: object, _receive: object, _send: object) -> None:
        """Answer nothing."""

    with pytest.raises(ValueError, match="no stream"):
        async with hosted(lambda: application, WebSettings(port=port), close):  # type: ignore[arg-type,return-value]
            pass
    assert free_port(port) == port


def test_a_socket_that_cannot_be_bound_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when what fails is no error of the system's."""
    settings = WebSettings(port=0)
    monkeypatch.setattr(WebSettings, "ports", (70_000,))
    with pytest.raises(OverflowError):
        _listen(settings)
