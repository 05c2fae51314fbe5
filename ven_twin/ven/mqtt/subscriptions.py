"""The subscriptions of the session, and the SUBSCRIBE that the broker acknowledged last."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ven_twin.ven.mqtt.link import Link
from ven_twin.ven.mqtt.reason_codes import describe, is_refusal
from ven_twin.ven.storage.outbox import Outbox

SUBSCRIPTIONS_MAX = 8
"""Filters in one SUBSCRIBE. Source: AWS IoT Core quotas."""
_SUBSCRIBED = "subscribed"

logger = logging.getLogger(__name__)


class Subscriptions:
    """The filters of a session; those that the broker acknowledged last are noted beside the outbox.

    Raises:
        ValueError: more than `SUBSCRIPTIONS_MAX` filters.
    """

    def __init__(self, filters: Sequence[str], outbox: Outbox) -> None:
        if len(filters) > SUBSCRIPTIONS_MAX:
            raise ValueError(f"{len(filters)} subscriptions; at most {SUBSCRIPTIONS_MAX} go in a SUBSCRIBE")
        self._filters = tuple(filters)
        self._outbox = outbox

    def missing(self, *, session_present: bool) -> bool:
        """True when the broker lacks our subscriptions: when it has no session of ours (guard 10).

        Interpretation: a session whose SUBSCRIBE was cut off before SUBACK, or that an earlier release made
        with other filters, lacks them too.
        """
        if not self._filters:
            return False
        return not session_present or self._outbox.recall(_SUBSCRIBED) not in (None, self._noted())

    async def subscribe(self, link: Link) -> str | None:
        """Subscribe on *link*; returns the broker's objection, if it refused a filter."""
        self._outbox.remember(_SUBSCRIBED, "")
        granted = await link.subscribe(self._filters)
        refused = [
            f"{topic}: {describe(code)}"
            for topic, code in zip(self._filters, granted, strict=False)
            if is_refusal(code)
        ]
        if refused:
            objection = f"subscription refused: {', '.join(refused)}"
            logger.error("%s", objection)
            return objection
        if granted:
            self._outbox.remember(_SUBSCRIBED, self._noted())
        return None

    def _noted(self) -> str:
        return "\n".join(sorted(self._filters))
