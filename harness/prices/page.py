"""docs/reference/prices.md: the price table, and the bills made of it."""

from __future__ import annotations

from pathlib import Path

from harness.prices.month import SHADOW_UPDATES_A_DAY, one_ven, the_stack, total
from ven_twin.operations.prices import BillItem, Price, price_table

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "prices.md"


def page() -> str:
    """The whole page."""
    table = price_table()
    ven, stack = total(one_ven()), total(the_stack())
    return f"""# Prices

Made by `make prices` of `ven_twin/operations/prices.toml`, the one place where the project has prices, and
of the quantities in `harness/prices/month.py`. {table.region}, USD, no free tier, put together on
{table.collected}. **Nobody has seen AWS's live price pages for it**: check what you rely on.

## One VEN, thirty days

Always connected, a telemetry row and a loads snapshot every 30 s. A shadow update goes out when the offer or
a setting has changed, and every 15 minutes at the least: {SHADOW_UPDATES_A_DAY} a day, of the standard house.
Each is answered on `update/accepted`, which the VEN takes with QoS 1, so its PUBACK is a message of its own.

{_bill(one_ven(), "one VEN")}

Not in it: events and commands (a few messages each), `get` on each connect, retries. Whether AWS bills a
shadow update that comes by MQTT as a message beside the shadow operation could not be read for certain; it is
counted here.

## The stack, thirty days

{_bill(the_stack(), "the stack")}

So about USD {ven + stack:.0f} a month with the first VEN, and {ven:.2f} for each further one. With many
VENs the batches fill, and Lambda, logs and receives shrink.

## The prices

| name | USD | for | how sure | read | source |
|---|--:|---|---|---|---|
{chr(10).join(_row(name, price) for name, price in table.prices.items())}
"""


def write() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def _bill(items: tuple[BillItem, ...], sum_of: str) -> str:
    rows = [
        f"| {item.name} | {item.how or '–'} | {_quantity(item.quantity)} | {item.usd:.3f} |" for item in items
    ]
    head = ["| item | of | quantity | USD |", "|---|---|--:|--:|"]
    return "\n".join([*head, *rows, f"| **{sum_of}** | | | **{total(items):.2f}** |"])


def _quantity(value: float) -> str:
    return f"{value:,.4g}" if value < 1000 else f"{value:,.0f}"


def _row(name: str, price: Price) -> str:
    amount = "1 M" if price.per == 1_000_000 else f"{price.per}"
    return (
        f"| `{name}` | {price.usd:g} | {amount} {price.unit} | {price.sure} | {price.date} | {price.source} |"
    )
