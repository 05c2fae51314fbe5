"""The live MQTT connections of the VENs, ended from the cloud's side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.wire.ids import VenId
from lambdas.shared import clock

if TYPE_CHECKING:
    from types_boto3_iot_data import IoTDataPlaneClient

LOOKS, BETWEEN_S = 4, 0.25


@dataclass(frozen=True, slots=True)
class VenConnections:
    """The connections of the account's MQTT clients.

    Source: AWS IoT API Reference, DeleteConnection. A deactivated certificate's connection would last "a few
    minutes" without it.
    """

    client: IoTDataPlaneClient

    def end(self, ven_id: VenId) -> bool | None:
        """End the VEN's connection; True when it had one, None where that cannot be done from here.

        The boto3 of an older Lambda runtime has no such call.
        The connection's will is published, so that others learn of it.
        """
        if not hasattr(self.client, "delete_connection"):
            return None
        try:
            self.client.delete_connection(clientId=ven_id)
        except self.client.exceptions.ResourceNotFoundException:
            return False
        return True

    def keep_out(self, ven_id: VenId) -> bool | None:
        """End the VEN's connection, and any that it opens until AWS takes its certificate no more.

        Returns as `end`, once it is seen to have none.
        """
        ended = self.end(ven_id)
        for _ in range(LOOKS if ended else 0):
            clock.sleep(BETWEEN_S)
            if not self.end(ven_id):
                break
        return ended
