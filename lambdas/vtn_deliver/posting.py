"""One delivery: to its callback as the subscription has it now, or back into the queue."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from contracts.errors import VenTwinError
from contracts.openadr.objects import ObjectOperations
from contracts.store.vtn_changes import CallbackDelivery
from contracts.wire.codec import JsonObject
from lambdas.shared import clock
from lambdas.shared.callback_urls import read_callback_url
from lambdas.shared.callbacks import CallbackError
from lambdas.shared.invocation import logger
from lambdas.vtn_deliver.adapters import DeliverAdapters
from lambdas.vtn_deliver.logic import DeliveryOutcome, pause_s, rests
from lambdas.vtn_deliver.settings import DeliverSettings

_deliveries = msgspec.json.Decoder(CallbackDelivery)


class UndeliveredError(VenTwinError):
    """A notification did not come to its callback. The queue has it still, and *outcome* says for what."""

    def __init__(self, outcome: DeliveryOutcome) -> None:
        self.outcome = outcome
        super().__init__(outcome.value)


@dataclass(frozen=True, slots=True)
class Posting:
    """Carries out deliveries."""

    adapters: DeliverAdapters
    settings: DeliverSettings

    def result(self, record: JsonObject) -> DeliveryOutcome | Exception:
        """The outcome of the delivery in a message, or why the message has failed."""
        try:
            delivery = _deliveries.decode(record["body"])
            receives = int(record["attributes"]["ApproximateReceiveCount"])
            outcome = self._deliver(delivery, receives)
            if outcome.is_failure:
                is_last = outcome is DeliveryOutcome.ABANDONED
                pause = 0 if is_last else pause_s(receives, self.settings.delivery_pause_s)
                self.adapters.postpone(record["receiptHandle"], pause)
                return UndeliveredError(outcome)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others of the batch are delivered
            return error
        return outcome

    def _deliver(self, delivery: CallbackDelivery, receives: int) -> DeliveryOutcome:
        stored = self.adapters.find(delivery)
        callback = None if stored is None else stored.callback(delivery)
        if stored is None or callback is None:
            return DeliveryOutcome.WITHDRAWN
        broken_ts = stored.broken_since(delivery)
        if broken_ts is not None:
            return self._try_broken(delivery, callback, broken_ts)
        if self._post(delivery, callback):
            return DeliveryOutcome.DELIVERED
        if receives < self.settings.delivery_attempts:
            return DeliveryOutcome.RETRIED
        self.adapters.mark(delivery, clock.utc_now(), instead_of=None)
        return DeliveryOutcome.ABANDONED

    def _try_broken(
        self, delivery: CallbackDelivery, callback: ObjectOperations, broken_ts: float
    ) -> DeliveryOutcome:
        """One attempt at a broken callback, unless it rests or another makes it."""
        now = clock.utc_now()
        if rests(broken_ts, now) or not self.adapters.mark(delivery, now, instead_of=broken_ts):
            return DeliveryOutcome.DROPPED
        if not self._post(delivery, callback):
            return DeliveryOutcome.DROPPED
        self.adapters.mend(delivery)
        return DeliveryOutcome.DELIVERED

    def _post(self, delivery: CallbackDelivery, callback: ObjectOperations) -> bool:
        """Post a notification; False when it did not come there. Neither address nor token is logged."""
        try:
            url = read_callback_url(callback.callback_url)
            self.adapters.callbacks.post(url, bytes(delivery.body), bearer_token=callback.bearer_token)
        except CallbackError as error:
            logger.warning(
                "callback failed",
                extra={
                    "client_id": delivery.client_id,
                    "subscription_id": delivery.subscription_id,
                    "callback": delivery.place,
                    "fault": error.fault.name,
                    "status": error.status,
                },
            )
            return False
        return True
