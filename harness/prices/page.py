"""docs/reference/prices.md: the price table, and the bills made of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from contracts.wire.units import S_PER_MIN
from harness.prices.compared import COUNTED, Compared, Counted, comparison, event_comparison
from ven_twin.operations.bill import openadr, telemetry
from ven_twin.operations.bill.batches import BATCH_SIZE, POLLERS
from ven_twin.operations.bill.bill import Bill
from ven_twin.operations.bill.events import one_event
from ven_twin.operations.bill.fleet import BATCH_S, DAYS, STACK_VENS, WINDOW_S, BilledFleet
from ven_twin.operations.bill.measured import CALL_S, measured
from ven_twin.operations.bill.openadr import PollingFleet
from ven_twin.operations.bill.options import options
from ven_twin.operations.bill.rows import row_bytes
from ven_twin.operations.prices import BillItem, Price, price_table

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "prices.md"
POLLED = 10_000
FLEETS, INTERVALS = (1, 20, 1_000, 10_000), (30, 300)
EVENTS = 10


def page() -> str:
    """The whole page."""
    table = price_table()
    one = Bill(BilledFleet(vens=1), table)
    counted = msgspec.json.decode(COUNTED.read_bytes(), type=Counted)
    assert counted.event is not None
    days, snapshots = (
        ", ".join(f"{count} on {day}" for day, count in sorted(counts.items()))
        for counts in (measured().updates_a_day, measured().snapshots_a_day)
    )
    return f"""# Prices

Made by `make prices` of `ven_twin/operations/prices.toml`, the one place where the project has prices, and
of the quantities in `ven_twin/operations/bill/`, of which `ven-twin cost` makes the bill of any fleet
([guide](../guides/scale.md#what-it-costs)). {table.region}, USD, no free tier, put together on
{table.collected}. **Nobody has seen AWS's live price pages for it**: check what you rely on.

## One VEN, thirty days

Always connected, with a telemetry row every 30 s. In peace rows wait for {BATCH_S / 60:g} minutes and go
together, {one.fleet.rows_a_message} in a message; from a quarter hour before an event to a quarter hour
after it each goes at once. They go past the broker (Basic Ingest). A loads snapshot goes out when something
of a circuit has changed: {snapshots}. A shadow update goes out when the offer or a setting has changed, and
every 15 minutes at the least: {days}. Both are of the standard house, lived at speed by the twin's own loop
(`harness/prices/shadow_day.py`). {measured().updates:.0f} updates a day are reckoned with. Each is answered
on `update/accepted`, which the VEN takes with QoS 1, so its PUBACK is a message of its own.

{_bill([(row.item, row.usd) for row in one.rows], "one VEN")}

Not in it: events (below), commands (a few messages each), `get` on each connect, retries, starts of
sandboxes, log storage. Whether AWS bills a shadow update that comes by MQTT as a message beside the shadow
operation could not be read for certain; it is counted here.

## Fleets

USD a VEN and month, with {EVENTS} events of an hour for all of them, without the stack's {one.base_usd:.2f}.

| VENs | every 30 s | every 5 min | messages an invocation, at 30 s |
|--:|--:|--:|--:|
{chr(10).join(_fleet_row(vens) for vens in FLEETS)}

**Batches.** A queue's messages come at λ a second. {POLLERS} pollers take up to {BATCH_SIZE} each time and
run the function, which takes t(B) = t₀ + t₁·B for B messages; while one runs, a share of what comes waits
for it. So B = λ·(w + t₀) / ({POLLERS} − λ·t₁), from 1 to {BATCH_SIZE}, with the batching window w =
{WINDOW_S:g} s for telemetry and 0 for the rest. With few VENs each message is an invocation of its own.
Interpretation: more pollers come only where batches are full.

**Time.** t₀ and t₁ are CPU by [functions.json](functions.json) (`make functions`) at the share of a
processor that the memory buys, and {1000 * CALL_S:g} ms for each call of DynamoDB, one after the other.

**Identity.** VENs of the stack, {STACK_VENS} at most, have their key in a secret; VENs beyond come by claim,
with a key of their own, and pay for none.

With 1,000 VENs, a row every 30 s, each option by itself:

| option | USD a VEN | by |
|---|--:|---|
{chr(10).join(_option_rows())}

## One event of an hour, with one VEN

Three settlements follow an event: at once, four hours after it when baselines have all of their rows, and
a day after it when its payback is over
([decision 22](../decisions/0022-payback-is-counted-a-day-later.md)). Each reads the VEN's rows of its time,
of {row_bytes()} bytes and strongly consistent, so that each further VEN costs these reads again.

{_bill(_priced(one_event(BilledFleet(vens=1))), "one event", digits=5)}

Not in it: each day before the event that no settlement of this VEN has read yet, once; `ven-twin cost
--events` reckons with every day of the month.

## VENs of the VTN, thirty days

{POLLED:,} VENs that speak [OpenADR](../guides/openadr.md), each a client of its own with a token an hour,
without the stack. Polling each minute:

{_bill(_priced(openadr.items(_polling(S_PER_MIN))), f"{POLLED:,} VENs")}

With a webhook for each change, and a poll each 15 minutes in case one was lost:

{_bill(_priced(openadr.items(_polling(15 * S_PER_MIN, pushed=True))), f"{POLLED:,} VENs")}

## The stack, thirty days

{_bill([(row.item, row.usd) for row in one.base], "the stack")}

So about USD {one.total_usd:.0f} a month with the first VEN, and {one.ven_usd:.2f} for each further one, as
long as it is one of the stack's {STACK_VENS}.

## Counted

`make counted` starts a metered local cloud (`local_cloud/metering.py`) that counts at its own edges: packets
of MQTT, rules, requests of queues, starts of functions, units of DynamoDB. On {counted.date} with
{counted.vens} VENs, a row every {counted.interval_s:g} s, {counted.seconds:.0f} s long, scaled to {DAYS}
days, beside the bill of the same fleet with as many shadow updates as there were:

{_comparison(comparison(counted))}

*Allowed* is what the edges of the count explain: in so short a time each VEN has a row and a snapshot more
or less, messages that were sent together may come in one batch of two, and a write that its condition
refused is done again. Reads depend on how many sandboxes see a VEN: one at the least, five at the most. Not
counted are AWS's own log lines ({telemetry.PLATFORM_LOG_BYTES} bytes an invocation, reckoned on both sides),
receives that bring nothing, and the functions' time: that of this machine is not Lambda's.

An event of two minutes for all of them, until after its first settlement:

{_comparison(event_comparison(counted))}

Messages sent into the telemetry queue at a rate, and how many an invocation took; by the law with the time
that one took here, λ·t/{POLLERS} and 1 at the least:

| messages a second | s an invocation | counted | by the law |
|--:|--:|--:|--:|
{
        chr(10).join(
            f"| {fill.per_s:g} | {fill.run_s:.3f} | {fill.size:.2f} | {fill.reckoned:.2f} |"
            for fill in counted.fillings
        )
    }

The emulator's batches fill somewhat before the law says: messages come unevenly, and its one process is busy
with all of it. So the bill reckons with more invocations there than were counted, never with fewer.

## The prices

| name | USD | for | how sure | read | source |
|---|--:|---|---|---|---|
{chr(10).join(_row(name, price) for name, price in table.prices.items())}
"""


def write() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def _fleet_row(vens: int) -> str:
    bills = [
        Bill(BilledFleet(vens=vens, interval_s=interval_s, events=EVENTS), price_table())
        for interval_s in INTERVALS
    ]
    size = telemetry.telemetry_batches(bills[0].fleet).size
    return f"| {vens:,} | {bills[0].ven_usd:.3f} | {bills[1].ven_usd:.3f} | {size:.1f} |"


def _option_rows() -> list[str]:
    bill = Bill(BilledFleet(vens=1_000, events=EVENTS), price_table())
    rows = [f"| as above | {bill.ven_usd:.3f} | |"]
    others = sorted(options(bill), key=lambda option: option[1].total_usd)
    return rows + [f"| {option.name} | {other.ven_usd:.3f} | `{option.how}` |" for option, other in others]


def _polling(poll_s: float, *, pushed: bool = False) -> PollingFleet:
    return PollingFleet(vens=POLLED, poll_s=poll_s, pushed=pushed)


def _priced(items: Iterable[BillItem]) -> list[tuple[BillItem, float]]:
    table = price_table()
    return [(item, table.prices[item.price].of(item.quantity)) for item in items]


def _bill(items: Sequence[tuple[BillItem, float]], sum_of: str, digits: int = 3) -> str:
    rows = [
        f"| {item.name} | {item.how or '–'} | {_quantity(item.quantity)} | {usd:.{digits}f} |"
        for item, usd in items
    ]
    total = sum(usd for _, usd in items)
    head = ["| item | of | quantity | USD |", "|---|---|--:|--:|"]
    return "\n".join([*head, *rows, f"| **{sum_of}** | | | **{total:.{digits - 1}f}** |"])


def _comparison(rows: Iterable[Compared]) -> str:
    head = ["| item | counted | reckoned | difference | allowed |", "|---|--:|--:|--:|--:|"]
    lines = [
        f"| {row.name} | {_quantity(row.counted)} | {_quantity(row.reckoned)} | {row.deviation:+.1%} "
        f"| {_quantity(row.low)} to {_quantity(row.high)} |"
        for row in rows
    ]
    return "\n".join([*head, *lines])


def _quantity(value: float) -> str:
    return f"{value:,.4g}" if value < 1000 else f"{value:,.0f}"


def _row(name: str, price: Price) -> str:
    amount = "1 M" if price.per == 1_000_000 else f"{price.per}"
    tiers = "".join(f"; {tier.usd:g} above {tier.above:,.0f}" for tier in price.tiers)
    return (
        f"| `{name}` | {price.usd:g}{tiers} | {amount} {price.unit} | {price.sure} | {price.date} "
        f"| {price.source} |"
    )
