"""The subscription by which the VTN calls this VEN, made and renewed beside the polls.

    none ──made, or replaced──▶ healthy ──an hour──▶ replaced ──▶ healthy
      ▲                            │
      └── a pause ◀── refused, unreachable, or news that no call told of

While it is healthy the VEN polls rarely; else as ever. Each replacement has the VTN look at the callback
again. It is deleted when the VEN ends in good order, and one that is left over is taken up by the next run.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable

from contracts.openadr.ids import ObjectId
from contracts.openadr.objects import OadrSubscriptionRequest, ObjectOperations, ObjectType
from ven_twin.ven.mqtt.backoff import Backoff
from ven_twin.ven.openadr.call_health import CallHealth
from ven_twin.ven.openadr.callback import CallbackFile, CallbackMemory, VtnCallback
from ven_twin.ven.openadr.client import BAD_REQUEST, FORBIDDEN, NOT_FOUND, VenOfVtn
from ven_twin.ven.openadr.errors import VtnBusyError, VtnCredentialsError, VtnError, VtnRefusedError

RENEW_S = 3600.0
PAUSE_LEAST_S, PAUSE_MAX_S = 30.0, 3600.0
OBJECTS: tuple[ObjectType, ...] = ("PROGRAM", "EVENT", "VEN", "RESOURCE")
"""The last two: the targets that the business logic grants to a VEN and its resources."""
LEAST_OBJECTS: tuple[ObjectType, ...] = ("PROGRAM", "EVENT")
"""Interpretation: a VTN that tells no VEN of itself may refuse the whole subscription."""

logger = logging.getLogger(__name__)


class VtnSubscriber:
    """The subscription of one VEN; *now_s* is a steady clock, *now_ts* UTC seconds."""

    def __init__(
        self,
        client: VenOfVtn,
        callback: VtnCallback,
        file: CallbackFile,
        link: str,
        ven_name: str,
        *,
        health: CallHealth,
        now_s: Callable[[], float],
        now_ts: Callable[[], float],
        rng: random.Random,
    ) -> None:
        self._client, self._callback, self._file = client, callback, file
        self._memory = file.read(link)
        self._ven_name = ven_name
        self._now_s, self._now_ts, self._rng = now_s, now_ts, rng
        self._due_s = float("-inf")
        self._health = health
        self._backoff = self._new_backoff()
        self._logged = ""

    @property
    def token(self) -> str:
        """The token that the VTN calls with."""
        return self._memory.token

    def doubt(self) -> None:
        """The VTN did not call for a change."""
        self._failed("it did not call for a change")

    def lapse(self) -> None:
        """The VTN was away, and may have forgotten: replace the subscription next time."""
        self._due_s = float("-inf")

    async def renew(self) -> None:
        """Have the subscription at the VTN, where it is time to. Raises VtnBusyError."""
        if self._now_s() < self._due_s:
            return
        try:
            await self._have_either()
        except VtnBusyError as error:
            self._failed(str(error))
            raise
        except VtnError as error:
            self._failed(str(error))
            return
        self._health.began(self._now_ts())
        self._due_s = self._now_s() + RENEW_S
        self._backoff = self._new_backoff()
        self._say(f"the VTN calls {self._callback.place} when something changes", logging.INFO)

    async def remove(self) -> None:
        """Delete the subscription. Raises VtnError."""
        object_id = self._memory.subscription_id
        self._health.ended()
        if object_id is None:
            return
        try:
            await self._client.unsubscribe(ObjectId(object_id))
        except VtnRefusedError as error:
            if error.status != NOT_FOUND:
                raise
        self._remember(None)

    async def _have_either(self) -> None:
        try:
            await self._have(self._request(OBJECTS))
        except VtnCredentialsError:
            raise
        except VtnRefusedError as error:
            if error.status not in {BAD_REQUEST, FORBIDDEN}:
                raise
            await self._have(self._request(LEAST_OBJECTS))

    async def _have(self, request: OadrSubscriptionRequest) -> None:
        """Replace the subscription of before, or one of this callback, or make one."""
        self._remember(self._memory.subscription_id)  # the token is on the disk before the VTN has it
        before = self._memory.subscription_id
        if before is not None and await self._replaced(ObjectId(before), request):
            return
        for row in await self._client.subscriptions(self._ven_name):
            is_of_callback = any(wish.callback_url == self._callback.url for wish in row.object_operations)
            if is_of_callback and await self._replaced(row.id, request):
                self._remember(row.id)
                return
        made = await self._client.subscribe(request, self.token)
        self._remember(made.id)

    async def _replaced(self, object_id: ObjectId, request: OadrSubscriptionRequest) -> bool:
        """Replace a subscription; False where the VTN has it no more."""
        try:
            await self._client.resubscribe(object_id, request, self.token)
        except VtnRefusedError as error:
            if error.status == NOT_FOUND:
                return False
            raise
        return True

    def _request(self, objects: tuple[ObjectType, ...]) -> OadrSubscriptionRequest:
        operations = ObjectOperations(
            objects=objects,
            operations=("CREATE", "UPDATE", "DELETE"),
            callback_url=self._callback.url,
            bearer_token=self.token,
        )
        return OadrSubscriptionRequest(client_name=self._ven_name, object_operations=(operations,))

    def _remember(self, subscription_id: str | None) -> None:
        memory = CallbackMemory(
            link=self._memory.link, token=self._memory.token, subscription_id=subscription_id
        )
        self._memory = memory
        self._file.write(memory)

    def _failed(self, why: str) -> None:
        self._health.ended()
        self._due_s = self._now_s() + self._backoff.next_delay_s()
        self._say(f"the VTN does not call {self._callback.place}, so it is polled as ever: {why}")

    def _new_backoff(self) -> Backoff:
        return Backoff(self._rng, cap_s=PAUSE_MAX_S, floor_s=PAUSE_LEAST_S, first_exponent=6)

    def _say(self, text: str, level: int = logging.WARNING) -> None:
        """Log *text*, unless it was the last that was logged."""
        if text != self._logged:
            self._logged = text
            logger.log(level, "%s", text)
