"""The quantities of those who read the whole fleet: watch, sweep of certificates, operator's page. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.wire.units import S_PER_H
from ven_twin.operations.bill.fleet import DAYS, MONTH_S, BilledFleet
from ven_twin.operations.bill.measured import measured
from ven_twin.operations.bill.rows import READ_UNIT_BYTES, VEN_ROW_BYTES
from ven_twin.operations.prices import BillItem

WATCH_PERIOD_S, SWEEP_PERIOD_S = 300, 3600
PAGE_PERIOD_S = 2
"""Between two reads of the operator's page; it reads only while somebody looks at it."""
SCAN_UNITS = VEN_ROW_BYTES / READ_UNIT_BYTES
"""Read units a VEN of a scan of the fleet; a page of it is read whole."""
LATEST_UNITS = 1


def items(fleet: BilledFleet) -> Iterator[BillItem]:
    """The items, of the whole fleet."""
    looks, sweeps = MONTH_S / WATCH_PERIOD_S, MONTH_S / SWEEP_PERIOD_S
    reads = fleet.vens * (looks * (SCAN_UNITS + LATEST_UNITS) + sweeps * SCAN_UNITS)
    how = "each VEN's row and latest row every 5 min; certificates hourly"
    yield BillItem("the watch's reads", how, reads, "dynamodb_read")
    times = measured().fleets
    gb_s = looks * times["watch_fleet"].gb_s(fleet.vens) + sweeps * times["rotate_ven"].gb_s(fleet.vens)
    yield BillItem("the watch's time", "beyond that of no VEN", gb_s, "lambda_gb_second")
    if fleet.watched_h:
        pages = fleet.watched_h * S_PER_H * DAYS / PAGE_PERIOD_S
        how = f"the whole fleet every {PAGE_PERIOD_S} s, {fleet.watched_h:g} h a day"
        page_reads = pages * fleet.vens * (SCAN_UNITS + LATEST_UNITS)
        yield BillItem("the operator's page", how, page_reads, "dynamodb_read")
