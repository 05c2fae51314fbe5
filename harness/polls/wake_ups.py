"""From the POST of an event to whom it concerns: the call of a webhook, and a site that acts.

The site is a twin that polls once an hour, so that it acts because it was called. Its receiver and the
webhook's are on loopback, with TLS.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx

from contracts.openadr.ids import ClientId
from contracts.openadr.scopes import Role
from contracts.wire.codec import JsonDict
from contracts.wire.ids import VenId
from harness.polls.stand import TIMEOUT_S, VtnStand
from tests.support.receivers import receiving
from ven_twin.operations.oadr_clients import OadrClients
from ven_twin.testing.pki import Authority
from ven_twin.testing.running_cloud import cloud_of, unshared_port
from ven_twin.ven import startup
from ven_twin.ven.openadr.attaching import being_ven_of
from ven_twin.ven.openadr.bridge import CALLS_APART_S
from ven_twin.ven.openadr.callback import FILE, VtnCallback, read_callback
from ven_twin.ven.openadr.link import read_link
from ven_twin.ven.runtime import Twin
from ven_twin.ven.settings import TwinSettings

TIMES = 20
POLL_S = 3600.0
NOW = {"start": "0001-01-01", "duration": "PT10M"}
LEVEL = [{"id": 0, "payloads": [{"type": "SIMPLE", "values": [2]}]}]
Acts = Callable[[str | None], Awaitable[float]]
CALLED_FOR = ["CREATE", "UPDATE", "DELETE"]


class WakeUp(NamedTuple):
    """The time from the POST of an event, at the median and the slowest of `TIMES`, s."""

    words: str
    p50_s: float
    worst_s: float


def wake_ups(stand: VtnStand, authority: Authority, folder: Path) -> Iterator[WakeUp]:
    """The wake-ups, one after the other; *stand* trusts certificates of *authority*."""
    pair = authority.issue("receiver")
    certificate = folder / "receiver.pem"
    certificate.write_text(pair.certificate + pair.key)
    yield _wake_up("POST /events to the webhook's call", _called_s(stand, certificate))
    acted_s, ended_s = asyncio.run(_acted_s(stand, certificate, folder))
    yield _wake_up("POST /events to a site that acts", acted_s)
    yield _wake_up("DELETE of it to a site at rest", ended_s)


def _wake_up(words: str, spent_s: list[float]) -> WakeUp:
    return WakeUp(words, statistics.median(spent_s), max(spent_s))


def _called_s(stand: VtnStand, certificate: Path) -> list[float]:
    """From the POST to the call, for business logic that is told of events."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    spent_s = []
    with receiving(context) as receiver:
        receiver.echo = lambda path: parse_qs(urlsplit(path).query).get("echo", [None])[0]
        operations = {"objects": ["EVENT"], "operations": CALLED_FOR, "callbackUrl": receiver.url}
        made = _posted(stand, "subscriptions", {"clientName": "bench", "objectOperations": [operations]})
        for number in range(TIMES):
            begun_ts = time.time()
            _posted(stand, "events", stand.event)
            _until(lambda number=number: len(receiver.received) > number)  # type: ignore[misc]
            spent_s.append(receiver.received[number].ts - begun_ts)
        path = f"{stand.url}/subscriptions/{made['id']}"
        stand.http.delete(path, headers=stand.operator).raise_for_status()
    return spent_s


def _posted(stand: VtnStand, path: str, body: JsonDict) -> JsonDict:
    answer = stand.http.post(f"{stand.url}/{path}", json=body, headers=stand.operator)
    answer.raise_for_status()
    made: JsonDict = answer.json()
    return made


def _until(is_there: Callable[[], bool]) -> None:
    begun_s = time.monotonic()
    while not is_there():
        if time.monotonic() > begun_s + TIMEOUT_S:
            raise AssertionError("no call came")
        time.sleep(0.005)


async def _acted_s(stand: VtnStand, certificate: Path, folder: Path) -> tuple[list[float], list[float]]:
    """From the POST until the site acts, and from the DELETE until it does no more."""
    _, secret = OadrClients(cloud_of(stand.runtime)).make(ClientId("site"), Role.VEN, None)
    file = folder / "site.secret"
    file.touch(0o600)
    file.write_text(secret)
    port = unshared_port()
    callback = read_callback(f"https://localhost:{port}/site", port=port, cert=certificate)
    acted_s, ended_s = [], []
    body = {**stand.event, "intervalPeriod": NOW, "intervals": LEVEL}
    async with (
        _site(stand.url, file, callback, folder / "site") as acts,
        httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_S, headers=stand.operator) as http,
    ):
        for _ in range(TIMES):
            await asyncio.sleep(CALLS_APART_S)
            begun_s = time.monotonic()
            answer = await http.post(f"{stand.url}/events", json=body)
            event_id = answer.raise_for_status().json()["id"]
            acted_s.append(await acts(event_id) - begun_s)
            await asyncio.sleep(CALLS_APART_S)
            begun_s = time.monotonic()
            (await http.delete(f"{stand.url}/events/{event_id}")).raise_for_status()
            ended_s.append(await acts(None) - begun_s)
    return acted_s, ended_s


@asynccontextmanager
async def _site(url: str, secret: Path, callback: VtnCallback, folder: Path) -> AsyncIterator[Acts]:
    """A twin that is called; it gives what waits until an event, or none, is acted on, and since when."""
    logging.getLogger(startup.__name__).setLevel(logging.ERROR)  # of how its house bears the cold
    twin = Twin.open(TwinSettings(ven_id=VenId("site"), endpoint="", state_dir=folder), None)
    link = read_link(url, client_id="site", secret_file=secret, callback=callback, called_poll_s=POLL_S)
    seen: dict[str | None, float] = {}

    def look() -> None:
        seen.setdefault(twin.snapshot().house.acting, time.monotonic())

    async def acts(event_id: str | None) -> float:
        begun_s = time.monotonic()
        seen.clear()
        look()
        while event_id not in seen:
            if time.monotonic() > begun_s + TIMEOUT_S:
                raise AssertionError("the site did not follow")
            await asyncio.sleep(0.005)
        return seen[event_id]

    twin.watch(look)
    async with being_ven_of(twin, link, folder):
        running = asyncio.ensure_future(twin.run())
        try:
            while '"subscription_id":"' not in _text(folder / FILE):  # noqa: ASYNC110 - of a file
                await asyncio.sleep(0.05)
            yield acts
        finally:
            twin.stop()
            await running


def _text(file: Path) -> str:
    return file.read_text() if file.exists() else ""
