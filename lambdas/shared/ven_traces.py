"""A VEN's power over some time, from its telemetry, by the cloud's clock."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from contracts.errors import WireError
from contracts.store.keys import LATEST_ROW
from contracts.wire.ids import VenId
from lambdas.shared.clock_skew import SKEW_S, ReceivedRow
from lambdas.shared.power_traces import PowerRow, Trace, Window
from lambdas.shared.telemetry_rows import query_telemetry

if TYPE_CHECKING:
    from lambdas.shared.tables import Table

OF_ONE_VEN = (
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    WireError,
    msgspec.MsgspecError,
)
"""Errors by what is stored of one VEN. Those of AWS, of time and of memory are everybody's: they pass."""


def ven_trace(
    telemetry: Table, ven_id: VenId, window: Window, *, lead_s: float, kind: type[PowerRow] = PowerRow
) -> Trace:
    """The VEN's rows of *window* and of *lead_s* before it, each as *kind*.

    They are stored by the VEN's clock. Where that is off, they are read once more, from where they are.
    """

    def trace(window: Window) -> Trace:
        # A row stands for the time before its timestamp: the one at the window's end belongs to it.
        first, last = int(window.start_ts - lead_s), int(window.end_ts) + 1
        return Trace.of(chain.from_iterable(query_telemetry(telemetry, kind, ven_id, first, last)))

    read = trace(window)
    skew_s = read.skew_s if read.rows else _latest_delay_s(telemetry, ven_id)
    if abs(skew_s) <= SKEW_S:
        return read
    return trace(Window(window.start_ts - skew_s, window.end_ts - skew_s))


def _latest_delay_s(telemetry: Table, ven_id: VenId) -> float:
    """The delay of a VEN's latest row, s: where no row is in the window, its clock may be far off."""
    pages = telemetry.query_rows(ReceivedRow, ven_id, (LATEST_ROW, LATEST_ROW))
    delays_s = [row.received_ts - row.timestamp for page in pages for row in page if row.received_ts]
    return delays_s[0] if delays_s else 0.0
