"""Reports that wait, filed one after the other, each once."""

from __future__ import annotations

import logging

import msgspec

from contracts.openadr.objects import OadrReportRequest
from ven_twin.ven import clock
from ven_twin.ven.openadr.client import UNAUTHORIZED, VenOfVtn
from ven_twin.ven.openadr.errors import VtnCredentialsError, VtnRefusedError
from ven_twin.ven.openadr.store import VtnStore, WaitingReport

logger = logging.getLogger(__name__)


async def file_all(client: VenOfVtn, store: VtnStore) -> None:
    """File all reports that wait, in their order. Raises VtnError, and FieldError as the client does."""
    while (row := store.first(clock.now_ts())) is not None:
        try:
            if not row.sent or not await _is_there(client, row):
                store.sending(row)
                await client.file_report(bytes(row.body))
        except VtnCredentialsError:
            raise
        except VtnRefusedError as error:
            if error.status == UNAUTHORIZED:
                raise
            logger.warning("report %s on event %s is given up: %s", row.name, row.event_id, error)
        else:
            logger.info("report %s on event %s is filed", row.name, row.event_id)
        store.done(row)


async def _is_there(client: VenOfVtn, row: WaitingReport) -> bool:
    """Tell whether the VTN has a report whose answer was lost; no, where it does not let us look."""
    report = msgspec.json.decode(row.body, type=OadrReportRequest)
    try:
        return await client.has_report(report)
    except VtnCredentialsError:
        raise
    except VtnRefusedError:
        return False
