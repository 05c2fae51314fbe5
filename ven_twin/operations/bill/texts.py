"""A bill in words and tables for people. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ven_twin.operations.bill.bill import Bill, BillRow
from ven_twin.operations.bill.options import options
from ven_twin.operations.prices import how_sure
from ven_twin.webkit.formatting import duration, percent

LEAST_SHARE = 0.0005
"""Parts below are added up in one row."""
Cells = Sequence[str]
ITEMS = ("part", "USD a VEN", "USD the fleet", "share", "of")
BASE = ("stack", "USD", "of")
OPTIONS = ("option", "USD a VEN", "USD in all", "difference", "by")


def item_rows(bill: Bill) -> list[Cells]:
    """The parts of the fleet, the largest first, small ones together, and their sum."""
    rows = sorted(bill.rows, key=lambda row: -row.usd)
    large = [row for row in rows if row.usd >= LEAST_SHARE * bill.fleet_usd]
    cells = [_cells(bill, row) for row in large]
    if small := rows[len(large) :]:
        rest_usd = sum(row.usd for row in small)
        share = percent(rest_usd / bill.fleet_usd, 1)
        words = f"{len(small)} more, below {percent(LEAST_SHARE, 2)} each; --json has them"
        cells.append(("the rest", usd(rest_usd / bill.fleet.vens, 4), usd(rest_usd), share, words))
    return [*cells, ("the fleet", usd(bill.ven_usd, 4), usd(bill.fleet_usd), "100 %", "")]


def _cells(bill: Bill, row: BillRow) -> Cells:
    share = percent(row.usd / bill.fleet_usd, 1) if bill.fleet_usd else "–"
    return row.item.name, usd(row.usd / bill.fleet.vens, 4), usd(row.usd), share, row.item.how or "–"


def base_rows(bill: Bill) -> list[Cells]:
    """The parts of the stack without a VEN, and their sum."""
    rows = sorted(bill.base, key=lambda row: -row.usd)
    cells: list[Cells] = [(row.item.name, usd(row.usd), row.item.how or "–") for row in rows]
    return [*cells, ("the stack", usd(bill.base_usd), "")]


def option_rows(bill: Bill) -> list[Cells]:
    """The fleet as it was asked for, and each option by itself, the one that saves most first."""
    rows: list[Cells] = [("as above", usd(bill.ven_usd, 4), usd(bill.total_usd), "", "")]
    others = sorted(options(bill), key=lambda option: option[1].total_usd)
    for option, other in others:
        difference = other.total_usd - bill.total_usd
        rows.append(
            (option.name, usd(other.ven_usd, 4), usd(other.total_usd), signed_usd(difference), option.how)
        )
    return rows


def sentence(bill: Bill) -> str:
    """The total, in a sentence."""
    fleet = bill.fleet
    events = f" and {_counted(fleet.events, 'event')} of an hour" if fleet.events else ""
    costs = "cost" if fleet.vens > 1 else "costs"
    return (
        f"{_counted(fleet.vens, 'VEN')} with a row every {duration(fleet.interval_s)}{events} {costs} about "
        f"USD {usd(bill.total_usd)} in thirty days: {usd(bill.ven_usd, 4)} a VEN, and "
        f"{usd(bill.base_usd)} for the stack."
    )


def sureness(bill: Bill) -> str:
    """The reliance on the prices, in a sentence."""
    return how_sure(bill.prices)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def usd(value: float, digits: int = 2) -> str:
    """US dollars."""
    return f"{value:,.{digits}f}"


def signed_usd(value: float) -> str:
    """A difference in US dollars, with its sign."""
    return f"{value:+,.2f}".replace("-", "−")
