"""``ven-twin cost``: a fleet's month on AWS by part, and by what else it could be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.api.event_text import parse_seconds
from contracts.errors import FieldError
from ven_twin.cli.connection import BasicIngestOption, BatchOption, JsonOption, batch_seconds
from ven_twin.cli.console import echo, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ven_twin.operations.bill.bill import Bill, BillRow
    from ven_twin.operations.prices import PriceTable

IntervalOption = Annotated[
    str, typer.Option("--report-interval", "--interval", help="Between two telemetry rows: 2s, 5m.")
]
RegionOption = Annotated[
    str | None, typer.Option("--region", help="AWS region of the prices; the price table's when left out.")
]
PricesOption = Annotated[
    Path | None, typer.Option("--prices", help="A price table, TOML, in place of the project's.")
]


def cost(
    *,
    vens: Annotated[int, typer.Option("--vens", help="VENs: how many, always connected.")],
    interval: IntervalOption = "30s",
    batch: BatchOption = None,
    basic_ingest: BasicIngestOption = None,
    events: Annotated[int, typer.Option("--events", help="Events a month, of an hour, for all VENs.")] = 0,
    region: RegionOption = None,
    prices: PricesOption = None,
    json_output: JsonOption = False,
) -> None:
    """Reckon what VENs and their stack cost in thirty days on AWS, by part, and what options would change.

    No account and no cloud is needed: quantities by the product, prices by its dated table.

    Examples:
        ven-twin cost --vens 1000 --interval 30s
        ven-twin cost --vens 1000 --interval 5m --events 10 --json
        ven-twin cost --vens 1000 --batch 1m --no-basic-ingest
    """
    from ven_twin.operations.bill.bill import Bill
    from ven_twin.operations.bill.fleet import BilledFleet

    fleet = BilledFleet(
        vens=vens,
        interval_s=parse_seconds(interval, "--interval"),
        batch_s=batch_seconds(batch, "dev"),
        basic_ingest=basic_ingest is not False,
        events=events,
    )
    bill = Bill(fleet, _prices(prices, region))
    if json_output:
        print_json(_answer(bill))
    else:
        _show(bill)


def _prices(path: Path | None, region: str | None) -> PriceTable:
    """The prices of the file or the project's. Raises FieldError, also where they are of another region."""
    from ven_twin.operations.prices import price_table, read_price_table

    table = price_table() if path is None else read_price_table(path, "--prices")
    if region is not None and region != table.region:
        whose = "the project's price table" if path is None else str(path)
        other = "; give --prices FILE with another's" if path is None else ""
        raise FieldError("--region", f"{region!r} has no prices: {whose} is of {table.region}{other}")
    return table


def _show(bill: Bill) -> None:
    """Print the bill for a person: parts, stack, options, the total, how sure."""
    from ven_twin.operations.bill import texts

    _show_table(texts.ITEMS, texts.item_rows(bill), numbers=3)
    _show_table(texts.BASE, texts.base_rows(bill), numbers=1)
    _show_table(texts.OPTIONS, texts.option_rows(bill), numbers=3)
    echo(texts.sentence(bill))
    echo(texts.sureness(bill))


def _show_table(names: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: int) -> None:
    """Print a table, a name first, then *numbers* columns of figures, then words; and an empty line."""
    from shutil import get_terminal_size

    from ven_twin.cli.tables import Column, table_lines

    columns = [Column(name, 0 < place <= numbers, name) for place, name in enumerate(names)]
    echo("\n".join(table_lines(columns, rows, get_terminal_size().columns)) + "\n")


def _answer(bill: Bill) -> dict[str, object]:
    """The bill for a program."""
    from ven_twin.operations.bill.options import options
    from ven_twin.operations.prices import how_sure

    fleet, table = bill.fleet, bill.prices
    return {
        "vens": fleet.vens,
        "intervalS": fleet.interval_s,
        "batchS": fleet.batch_s,
        "basicIngest": fleet.basic_ingest,
        "events": fleet.events,
        "days": 30,
        "region": table.region,
        "collected": table.collected.isoformat(),
        "usd": {
            "ven": bill.ven_usd,
            "fleet": bill.fleet_usd,
            "stack": bill.base_usd,
            "total": bill.total_usd,
        },
        "parts": [_item(bill, row) for row in bill.rows],
        "stack": [_item(bill, row) for row in bill.base],
        "options": [
            {
                "name": option.name,
                "by": option.how,
                "usd": {"ven": other.ven_usd, "fleet": other.fleet_usd, "total": other.total_usd},
                "differenceUsd": other.total_usd - bill.total_usd,
            }
            for option, other in options(bill)
        ],
        "note": how_sure(table),
    }


def _item(bill: Bill, row: BillRow) -> dict[str, object]:
    price = bill.prices.prices[row.item.price]
    return {
        "name": row.item.name,
        "of": row.item.how,
        "quantity": row.item.quantity,
        "unit": price.unit,
        "price": row.item.price,
        "usd": row.usd,
        "sure": price.sure,
    }
