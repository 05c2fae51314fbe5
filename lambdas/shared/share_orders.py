"""Orders to bring VENs of OpenADR their shares of a DR event. See `contracts.store.oadr_events`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.openadr.oadr_vens import is_oadr_ven
from contracts.store.oadr_events import DispatchOrder
from contracts.wire import codec
from contracts.wire.ids import VenId
from lambdas.shared.message_queue import MessageQueue
from lambdas.shared.rows import EventRow

NO_VTN = "off"


@dataclass(frozen=True, slots=True)
class ShareOrders:
    """The queue at *url* that `vtn_dispatch` reads; ``off`` in a stage without a VTN."""

    url: str

    def send(self, row: EventRow, ven_ids: Iterable[VenId]) -> None:
        """Have the shares of *row*'s event written, where one of *ven_ids* is a VEN of OpenADR."""
        if self.url != NO_VTN and any(map(is_oadr_ven, ven_ids)):
            order = DispatchOrder(object_type="DR_EVENT", id=row.event_id)
            MessageQueue(self.url).send([codec.encode(order).decode()])
