"""A twin on its stand, and a client that calls its application in process; no sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_socket

from tests.support.ven_stand import Stand
from ven_twin.ven.page.app import Page
from ven_twin.webkit.settings import WebSettings

ORIGIN = "http://127.0.0.1:8080"
TOKEN = "0123456789abcdef-token"


@pytest.fixture(autouse=True)
def _no_sockets() -> Iterator[None]:
    pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()


@dataclass
class Caller:
    """A client of the page's application, and the twin behind it."""

    stand: Stand
    page: Page
    client: httpx.AsyncClient

    async def get(self, path: str, **options: Any) -> httpx.Response:
        """A GET."""
        return await self.client.get(path, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """A POST of JSON."""
        return await self.client.post(path, json={} if body is None else body, **options)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """A VEN in the middle of a summer afternoon."""
    stand = Stand(tmp_path / "ven")
    stand.start(house_start_ts=1_784_154_600.0, house_speed=10, vens=8)
    stand.live(3)
    yield stand
    stand.twin.close()


@pytest.fixture
async def caller(stand: Stand) -> AsyncIterator[Caller]:
    """The page on loopback."""
    page = Page(stand.twin, WebSettings())
    async with client_of(page) as client:
        yield Caller(stand, page, client)
    page.history.close()


@pytest.fixture
async def guarded(stand: Stand) -> AsyncIterator[Caller]:
    """The page on all addresses, behind a token."""
    page = Page(stand.twin, WebSettings(host="0.0.0.0", token=TOKEN))  # noqa: S104 - nothing is bound
    async with client_of(page) as client:
        yield Caller(stand, page, client)
    page.history.close()


def client_of(page: Page) -> httpx.AsyncClient:
    """A client of *page* in this process."""
    transport = httpx.ASGITransport(page.application(), raise_app_exceptions=False)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url=ORIGIN)
