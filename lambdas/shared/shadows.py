"""Writes ``desired`` into VENs' classic shadows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.wire import codec
from contracts.wire.ids import EventId, VenId
from contracts.wire.shadow import check_state

if TYPE_CHECKING:
    from types_boto3_iot_data import IoTDataPlaneClient


@dataclass(frozen=True, slots=True)
class Shadows:
    """The shadows of the account."""

    client: IoTDataPlaneClient

    def set_desired(self, ven_id: VenId, desired: Mapping[str, object]) -> bool:
        """Merge *desired* into a VEN's shadow; False when the shadow has no room for it.

        A thing that is gone has no shadow, so nothing is left to write to it: True.

        Raises:
            OversizeError, FieldError: the patch alone breaks the service's limits.
        """
        state = {"desired": desired}
        check_state(state)
        try:
            answer = self.client.update_thing_shadow(thingName=ven_id, payload=codec.encode({"state": state}))
        except self.client.exceptions.RequestEntityTooLargeException:
            return False
        except self.client.exceptions.ResourceNotFoundException:
            return True
        # A connection is used again once its answer was read to the end; a new one costs 25 ms of CPU.
        answer["payload"].read()
        return True

    def set_event(self, ven_id: VenId, event_id: EventId, value: Mapping[str, object] | None) -> bool:
        """Set or, with None, remove ``desired.drEvents.<event_id>``. Returns and raises as `set_desired`."""
        return self.set_desired(ven_id, {"drEvents": {event_id: value}})
