"""docs/reference/prices.md: the price table, and the bills made of it."""

from __future__ import annotations

from pathlib import Path

from harness.prices.event import one_event, past_day_units, row_bytes
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
a setting has changed, and every 15 minutes at the least: {SHADOW_UPDATES_A_DAY} a day, of the standard house
as it was before offers were promises; a day has not been counted since.
Each is answered on `update/accepted`, which the VEN takes with QoS 1, so its PUBACK is a message of its own.

{_bill(one_ven(), "one VEN")}

Not in it: events (below), commands (a few messages each), `get` on each connect, retries. Whether AWS
bills a shadow update that comes by MQTT as a message beside the shadow operation could not be read for
certain; it is counted here.

## One event of an hour, with one VEN

Three settlements follow an event: at once, four hours after it when baselines have all of their rows, and
a day after it when its payback is over
([decision 22](../decisions/0022-payback-is-counted-a-day-later.md)). Each reads the VEN's rows of its time,
of {row_bytes()} bytes and strongly consistent, so that each further VEN costs these reads again.

{_bill(one_event(), "one event", digits=5)}

Not in it: {past_day_units()} read units for each day before the event that no settlement of this VEN has
read yet (up to 45 days, once), messages and shadow updates of the event itself, and the row of the fleet
that each redispatch reads.

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


def _bill(items: tuple[BillItem, ...], sum_of: str, digits: int = 3) -> str:
    rows = [
        f"| {item.name} | {item.how or '–'} | {_quantity(item.quantity)} | {item.usd:.{digits}f} |"
        for item in items
    ]
    head = ["| item | of | quantity | USD |", "|---|---|--:|--:|"]
    return "\n".join([*head, *rows, f"| **{sum_of}** | | | **{total(items):.{digits - 1}f}** |"])


def _quantity(value: float) -> str:
    return f"{value:,.4g}" if value < 1000 else f"{value:,.0f}"


def _row(name: str, price: Price) -> str:
    amount = "1 M" if price.per == 1_000_000 else f"{price.per}"
    return (
        f"| `{name}` | {price.usd:g} | {amount} {price.unit} | {price.sure} | {price.date} | {price.source} |"
    )
