"""Notifications to whoever has subscribed to the stage's topic: each moment of an event once.

A moment is claimed by a conditional write beside the event, then published: of two invocations, and of one
that is repeated, one tells it. What is not published gives its claim back, for the next who looks. Whatever
fails here is logged and counted, and changes nothing of the event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.api.reports import EventReport, VenReport
from contracts.api.topic_message import NO_TOPIC, topic_message
from contracts.store.keys import NOTIFIED_SORT_KEY, Key
from lambdas.shared.due_notifications import DueNotification, due_notifications, settlement
from lambdas.shared.invocation import count, logger
from lambdas.shared.rows import EventRow
from lambdas.shared.tables import Condition, Table

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient

ATTEMPTS = 3
"""Looks at what was told while others tell."""


@dataclass(frozen=True, slots=True)
class Notifier:
    """Publishes the moments of events, unless *topic_arn* is `NO_TOPIC`. Its methods raise nothing."""

    client: SNSClient
    topic_arn: str
    events: Table

    @property
    def is_on(self) -> bool:
        """False where the stage notifies nobody."""
        return self.topic_arn != NO_TOPIC

    def tell(self, row: EventRow, *, now: float) -> None:
        """Publish what of *row* is due by *now* and was not told yet."""
        self.attempt(row, lambda: self._publish_due(row, list(due_notifications(row, now)), now))

    def tell_settled(
        self, row: EventRow, report: EventReport, vens: Sequence[VenReport], *, now: float
    ) -> None:
        """Publish what is due of *row*, and its result."""

        def publish() -> None:
            settled = settlement(row, report, vens)
            due = list(due_notifications(row, now)) + ([] if settled is None else [settled])
            self._publish_due(row, due, now)

        self.attempt(row, publish)

    def attempt(self, row: EventRow, work: Callable[[], None]) -> None:
        """Do some *work* for the notifications of an event; a failure is logged and counted, and no more."""
        if not self.is_on:
            return
        try:
            work()
        except Exception:  # noqa: BLE001 - whatever it is, the event goes on
            logger.exception("event not notified", extra={"event_id": row.event_id})
            count(NotificationsFailed=1)

    def _publish_due(self, row: EventRow, due: Sequence[DueNotification], now: float) -> None:
        """Publish what nobody has told yet; another who tells at the same time has claimed its own part."""
        for _ in range(ATTEMPTS):
            published = self.events.get(Key(row.event_id, NOTIFIED_SORT_KEY)) or {}
            owing = [one for one in due if one.key not in published]
            if not owing:
                return
            if self._claim(row, [one.key for one in owing], now):
                self._publish(row, owing, now)
                return

    def _claim(self, row: EventRow, keys: Sequence[str], now: float) -> bool:
        names = {f"#k{number}": key for number, key in enumerate(keys)}
        free = " AND ".join(f"attribute_not_exists({name})" for name in names)
        return self.events.update(
            Key(row.event_id, NOTIFIED_SORT_KEY),
            dict.fromkeys(keys, now),
            once={"expiresTs": row.expires_ts},
            when=Condition(free, names),
        )

    def _publish(self, row: EventRow, owing: Sequence[DueNotification], now: float) -> None:
        """Publish in order; what was not published gives its claim back."""
        left = list(owing)
        try:
            while left:
                notification = left[0].notification
                self.client.publish(TopicArn=self.topic_arn, **topic_message(notification))
                del left[0]
                count(NotificationsPublished=1)
                logger.info("event notified", extra={"event_id": row.event_id, "kind": notification.kind})
        except Exception:
            keys: dict[str, object] = dict.fromkeys(one.key for one in left)
            still = Condition.unchanged(left[0].key, now)
            self.events.update(Key(row.event_id, NOTIFIED_SORT_KEY), keys, when=still)
            raise
