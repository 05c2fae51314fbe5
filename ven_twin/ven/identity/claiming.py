"""Getting a certificate of one's own over MQTT, with the claim certificate that all VENs come with."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from typing import Any

import msgspec

from contracts.errors import WireError
from contracts.store.claim_codes import CODE_PARAMETER
from contracts.wire import codec
from contracts.wire.ids import VenId
from contracts.wire.topics import ProvisioningTopics, claim_client_id
from ven_twin.ven.errors import ClaimRefusedError
from ven_twin.ven.identity.identity_files import Identity
from ven_twin.ven.mqtt.session import MqttSession
from ven_twin.ven.mqtt.session_status import SessionState
from ven_twin.ven.storage.outbox import Outbox

TIMEOUT_S = 60.0


class Claimed(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The certificate that was issued, and its key. They are never printed.

    Without a *private_key_pem* the certificate is for the device's key.
    """

    certificate_id: str
    certificate_pem: str
    private_key_pem: str | None = msgspec.field(name="privateKey", default=None)
    ownership_token: str = msgspec.field(name="certificateOwnershipToken")

    def __repr__(self) -> str:
        """Name the certificate alone."""
        return f"Claimed({self.certificate_id!r})"


class Claiming:
    """One exchange: make a certificate, have the VEN registered with it.

    *code* is the VEN's claim code. With a *request_pem* the certificate is for the key that has made the
    request, which stays where it is.
    """

    def __init__(
        self,
        endpoint: str,
        port: int,
        claim: Identity,
        ven_id: VenId,
        template: str,
        *,
        code: str | None = None,
        request_pem: str | None = None,
    ) -> None:
        self._ven_id, self._request_pem = ven_id, request_pem
        self._parameters = {"SerialNumber": ven_id} | ({} if code is None else {CODE_PARAMETER: code})
        self._topics = ProvisioningTopics(template)
        self._answers: dict[str, asyncio.Future[Mapping[str, object]]] = {}
        self._connected = asyncio.Event()
        self._outbox = Outbox(":memory:")
        try:
            self._session = MqttSession(
                endpoint,
                port,
                claim,
                claim_client_id(ven_id),
                self._topics.subscriptions,
                self._outbox,
                self._on_message,
                self._on_connected,
                rng=random.Random(),  # noqa: S311 - spreads reconnects
                session_expiry_s=0,
            )
        except BaseException:
            self._outbox.close()
            raise

    async def claim(self, timeout_s: float = TIMEOUT_S) -> Claimed:
        """Ask, and wait for at most *timeout_s*.

        Raises:
            ClaimRefusedError: the cloud does not let this VEN in, or did not answer; the reason is in it.
        """
        with self._outbox:
            async with self._session.running(0):
                try:
                    async with asyncio.timeout(timeout_s):
                        return await self._exchange()
                except TimeoutError:
                    why = self._session.status.reason or "no answer"
                    raise ClaimRefusedError(self._ven_id, f"{why} (within {timeout_s:g} s)") from None

    async def _exchange(self) -> Claimed:
        await self._connect()
        claimed = codec.convert(Claimed, await self._certificate())
        registration = {
            "certificateOwnershipToken": claimed.ownership_token,
            "parameters": self._parameters,
        }
        await self._ask(self._topics.register, registration)
        return claimed

    async def _certificate(self) -> Mapping[str, object]:
        if self._request_pem is None:
            return await self._ask(self._topics.create, {})
        return await self._ask(self._topics.certify, {"certificateSigningRequest": self._request_pem})

    async def _connect(self) -> None:
        live = (SessionState.CONNECTED, SessionState.REFUSED, SessionState.DUPLICATE_CLIENT)
        status = await self._session.until(lambda status: status.state in live)
        if status.state is not SessionState.CONNECTED or status.reason is not None:
            raise ClaimRefusedError(self._ven_id, status.reason or status.state)
        # It is told of after the status: taken for another connection, it would make a second certificate.
        await self._connected.wait()

    async def _ask(self, topic: str, request: Mapping[str, object]) -> Mapping[str, object]:
        """Ask, and ask again after a connection that was lost meanwhile."""
        answer: asyncio.Future[Mapping[str, object]] = asyncio.get_running_loop().create_future()
        self._answers[topic] = answer
        while not answer.done():
            self._connected.clear()
            await self._session.publish_now(topic, codec.encode(request))
            lost = asyncio.ensure_future(self._connected.wait())
            waits: set[asyncio.Future[Any]] = {answer, lost}
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            lost.cancel()
            await asyncio.gather(lost, return_exceptions=True)  # suppressed, it could be our end
        return answer.result()

    async def _on_connected(self, session_present: bool) -> None:
        del session_present
        self._connected.set()

    async def _on_message(self, topic: str, payload: bytes) -> None:
        request_topic, _, verdict = topic.rpartition("/")
        answer = self._answers.get(request_topic)
        if answer is None or answer.done():
            return
        try:
            document = codec.load_object(payload)
        except WireError as error:
            answer.set_exception(ClaimRefusedError(self._ven_id, str(error)))
            return
        if verdict == "accepted":
            answer.set_result(document)
        else:
            why = f"{document.get('errorCode', 'rejected')}: {document.get('errorMessage', '')}"
            answer.set_exception(ClaimRefusedError(self._ven_id, why))
