"""The VTN's MQTT broker, listened to: a message is a reason to ask the VTN, and nothing of it is used.

    GET /notifiers ──▶ this VEN's topics ──▶ connection with a token ──▶ subscribed: polls are rare
         ▲                                                                │ lost, in doubt
         ├── a pause, longer each time: polls as ever ◀───────────────────┤
         └── at once, before the token ends ◀─────────────────────────────┘

Source: OpenADR 3.1.0, `/notifiers` and `/notifiers/mqtt/topics/vens/{venID}/…`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any
from urllib.parse import quote

from contracts.errors import FieldError, VenTwinError
from contracts.openadr.ids import ObjectId
from ven_twin.ven import clock
from ven_twin.ven.mqtt.backoff import Backoff
from ven_twin.ven.mqtt.gmqtt_link import GmqttLink, LinkOptions, NoOutbox, watch
from ven_twin.ven.openadr.broker import (
    OfferedNotifiers,
    TopicsOfOperations,
    VtnBroker,
    read_broker,
    read_filters,
)
from ven_twin.ven.openadr.call_health import CallHealth
from ven_twin.ven.openadr.client import FORBIDDEN, NOT_FOUND, VenOfVtn
from ven_twin.ven.openadr.errors import VtnCredentialsError, VtnError, VtnRefusedError
from ven_twin.ven.openadr.link import VtnLink

KEEPALIVE_S = 60
CONNECT_TIMEOUT_S = 10.0
PAUSE_MAX_S = 300.0
NO_BROKER_S = 3600.0
"""A VTN that has no broker is asked again after so long."""
BAD_CODE = 0x80
TOPICS = ("", "/programs", "/events", "/resources")
"""Those of the VEN itself, for the targets that it is granted, and of what is below it."""

logger = logging.getLogger(__name__)


class NoBrokerError(VenTwinError):
    """Raised where a VTN has no broker that this VEN can use. Polling goes on."""


class VtnListener:
    """Listens at the broker of the VTN of one VEN, which has the name *ven_name* there."""

    def __init__(self, client: VenOfVtn, link: VtnLink, ven_name: str, health: CallHealth) -> None:
        self._client, self._link, self._ven_name, self._health = client, link, ven_name, health
        self._doubted = asyncio.Event()
        self._backoff = self._new_backoff()
        self._logged = ""

    async def renew(self) -> None:
        """Nothing is to be renewed: it connects in its own time."""

    def doubt(self) -> None:
        """The broker did not tell of a change: connect anew, after a pause."""
        self._health.ended()
        self._doubted.set()

    def lapse(self) -> None:
        """Nothing is to be asked again: the broker is there, or it is not."""

    @contextlib.asynccontextmanager
    async def listening(self, on_call: Callable[[], None]) -> AsyncIterator[None]:
        """Listen for as long as the block lasts; *on_call* is called for each message."""
        running = asyncio.ensure_future(self._run(on_call))
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def _run(self, on_call: Callable[[], None]) -> None:
        while True:
            pause_s = None
            try:
                why = await self._listen(on_call)
            except NoBrokerError as error:
                why, pause_s = str(error), NO_BROKER_S
            except (VtnError, FieldError) as error:
                why = str(error)
            except Exception:
                logger.exception("the VTN's broker could not be listened to")
                why = "of an error of this program"
            self._health.ended()
            if why is None:
                continue
            self._say(f"the VTN's broker is not listened to, so the VTN is polled as ever: {why}")
            await asyncio.sleep(self._backoff.next_delay_s() if pause_s is None else pause_s)

    async def _listen(self, on_call: Callable[[], None]) -> str | None:
        """Listen until that ends; the reason, or None where it only needs a new token.

        Raises:
            VtnError: the VTN does not say where, or gives no token.
            NoBrokerError: it has no broker that this VEN can use.
        """
        broker = read_broker(await self._notifiers(), self._link.client_id)
        if isinstance(broker, str):
            raise NoBrokerError(broker)
        filters = await self._filters()
        token, good_s = None, float("inf")
        if broker.username is not None:
            token, good_s = await self._client.token()
        link = self._gmqtt_link(broker, token, on_call)
        try:
            context = self._link.tls() if broker.tls else None
            await link.open(broker.host, broker.port, context, KEEPALIVE_S, timeout_s=CONNECT_TIMEOUT_S)
            if not link.lost.done():
                codes = await link.subscribe(filters)
                if not link.lost.done() and max(codes, default=BAD_CODE) >= BAD_CODE:
                    return f"{broker.place} does not let this VEN listen to its topics"
            if not link.lost.done():
                self._subscribed(broker, on_call)
                if await self._is_renewed(link, good_s):
                    return None
            elif token is not None:
                self._client.forget_token()  # what it was refused for is not told apart here
            lost = link.lost.result().reason if link.lost.done() else "it did not tell of a change"
            return f"{broker.place}: {lost}"
        finally:
            await link.close()

    def _subscribed(self, broker: VtnBroker, on_call: Callable[[], None]) -> None:
        self._doubted.clear()
        self._health.began(clock.now_ts())
        self._say(f"the VTN tells of changes by {broker.place}", logging.INFO)
        on_call()  # for what has changed while nobody listened

    async def _is_renewed(self, link: GmqttLink, good_s: float) -> bool:
        """Wait until the connection is lost or in doubt; True where the token's end comes first."""
        ends: list[asyncio.Future[Any]] = [
            asyncio.ensure_future(watch(link, NoOutbox(), CONNECT_TIMEOUT_S)),
            asyncio.ensure_future(self._doubted.wait()),
        ]
        try:
            timeout_s = None if good_s == float("inf") else good_s
            done, _ = await asyncio.wait(
                [*ends, link.lost], timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for end in ends:
                end.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
        if not done:
            self._backoff = self._new_backoff()
        else:
            self._backoff.connection_stood(link.stood_s() or 0.0 if link.lost.done() else 0.0)
        return not done

    def _gmqtt_link(self, broker: VtnBroker, token: str | None, on_call: Callable[[], None]) -> GmqttLink:
        async def deliver(_topic: str, _payload: bytes) -> bool:
            on_call()
            return True

        options = LinkOptions(clean_session=True, username=broker.username, password=token)
        name = f"oadr:{self._link.client_id}:{self._ven_name}"
        return GmqttLink(name, "3.1.1", 0, deliver, NoOutbox(), options=options)

    async def _notifiers(self) -> OfferedNotifiers:
        try:
            return await self._client.document("notifiers", OfferedNotifiers)
        except VtnCredentialsError:
            raise
        except VtnRefusedError as error:
            if error.status in {FORBIDDEN, NOT_FOUND}:
                raise NoBrokerError(str(error)) from None
            raise

    async def _filters(self) -> Sequence[str]:
        ven = await self._client.register(self._ven_name)
        filters: list[str] = []
        for below in TOPICS:
            filters += await self._filters_at(ven.id, below)
        if not filters:
            raise NoBrokerError("the VTN has no topics for this VEN")
        return filters

    async def _filters_at(self, ven_id: ObjectId, below: str) -> Sequence[str]:
        path = f"notifiers/mqtt/topics/vens/{quote(ven_id, safe='')}{below}"
        try:
            return read_filters(await self._client.document(path, TopicsOfOperations))
        except VtnCredentialsError:
            raise
        except VtnRefusedError as error:
            if error.status in {FORBIDDEN, NOT_FOUND}:
                return ()
            raise

    def _new_backoff(self) -> Backoff:
        return Backoff(random.Random(), cap_s=PAUSE_MAX_S)  # noqa: S311 - spreads reconnects

    def _say(self, text: str, level: int = logging.WARNING) -> None:
        """Log *text*, unless it was the last that was logged."""
        if text != self._logged:
            self._logged = text
            logger.log(level, "%s", text)
