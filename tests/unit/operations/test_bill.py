"""A fleet's bill: quantities that follow from its numbers, prices with tiers, options side by side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from contracts.errors import FieldError
from ven_twin.operations.bill import telemetry
from ven_twin.operations.bill.batches import BATCH_SIZE, POLLERS, batches
from ven_twin.operations.bill.bill import Bill, fleet_items
from ven_twin.operations.bill.fleet import STACK_VENS, BilledFleet
from ven_twin.operations.bill.measured import BatchTime, measured
from ven_twin.operations.bill.openadr import PollingFleet
from ven_twin.operations.bill.openadr import items as polling_items
from ven_twin.operations.bill.options import OPTIONS, options
from ven_twin.operations.prices import TABLE, Price, Tier, price_table, read_price_table

TIME = BatchTime(memory_mb=1769, first_s=0.1, one_more_s=0.01, first_calls=0, one_more_calls=0)


def quantities(fleet: BilledFleet) -> dict[str, float]:
    """The fleet's quantities by item."""
    return {item.name: item.quantity for item in fleet_items(fleet)}


def test_quantities_follow_the_number_of_vens() -> None:
    """Ten times as many VENs send ten times as much; all of it, while batches do not fill."""
    one, ten = (quantities(BilledFleet(vens=vens, claimed=True)) for vens in (1, 10))
    for name in ("IoT messages up", "IoT connection", "SQS sends", "DynamoDB writes", "logs"):
        assert ten[name] == pytest.approx(10 * one[name]), name


def test_a_slower_row_saves_rows_and_not_snapshots() -> None:
    """Snapshots of the circuits and shadow updates come as before."""
    fast, slow = (
        BilledFleet(vens=1, interval_s=interval_s, batch_s=0, basic_ingest=False) for interval_s in (30, 300)
    )
    saved = quantities(fast)["IoT messages up"] - quantities(slow)["IoT messages up"]
    assert saved == pytest.approx(86_400 * 0.9)
    assert slow.snapshots == fast.snapshots == 86_400


def test_rows_that_wait_for_each_other_are_messages_writes_and_bytes_fewer() -> None:
    """Nine rows from first to last of four minutes: a ninth of messages and writes, and smaller rows."""
    alone, together = (BilledFleet(vens=1, batch_s=batch_s) for batch_s in (0, 240))
    assert together.rows == alone.rows == alone.row_messages == 86_400
    assert (together.row_messages, together.batch_messages) == (0, 9_600)
    stored = [quantities(fleet)["DynamoDB storage"] for fleet in (together, alone)]
    assert stored[0] < stored[1] / 4


def test_rows_of_events_are_sent_at_once() -> None:
    """From a quarter hour before to a quarter hour after, each as a message: 180 of an hour's event."""
    fleet = BilledFleet(vens=2, events=3)
    assert fleet.row_messages == 2 * 3 * 180
    assert fleet.batch_messages == (fleet.rows - fleet.row_messages) / 9


def test_basic_ingest_saves_the_messages_of_telemetry_and_nothing_else() -> None:
    """Rules, queues and writes are the same."""
    by_broker, past = (quantities(BilledFleet(vens=7, basic_ingest=basic)) for basic in (False, True))
    changed = {name for name in by_broker if by_broker[name] != past[name]}
    assert changed == {"IoT messages up"}
    assert past["IoT messages up"] == past["IoT messages down"]


def test_batches_fill_where_messages_come_faster_than_they_are_handled() -> None:
    """By hand: 100 a second, five pollers, 0.1 s and 0.01 s a message: B = 100 × 0.1 / (5 − 1) = 2.5."""
    made = batches(1000, 10, TIME)
    assert made.size == pytest.approx(2.5)
    assert made.invocations == pytest.approx(400)
    assert made.gb_s == pytest.approx(400 * 0.125 * 1769 / 1024)
    assert made.sandboxes == 5


@pytest.mark.parametrize(
    ("a_second", "size"), [(0.1, 1.0), (49.0, 1.09), (200.0, 6.67), (5000.0, BATCH_SIZE)]
)
def test_a_batch_has_one_message_at_the_least_and_ten_at_the_most(a_second: float, size: float) -> None:
    """Few VENs start a function for each message; beyond what all pollers can do batches are full."""
    assert batches(a_second * 100, 100, TIME).size == pytest.approx(size, abs=0.01)


def test_a_window_fills_batches() -> None:
    """A batching window of 5 s at one message a second gathers one more of what five pollers share."""
    assert batches(100, 100, TIME, window_s=20.0).size == pytest.approx(1.0 * 20.1 / (POLLERS - 0.01))


def test_a_ven_is_looked_up_once_a_minute_by_a_sandbox_that_sees_it_often() -> None:
    """One sandbox and many messages: once a minute. Many sandboxes and few messages: with each of these."""
    assert telemetry.lookups(1000.0, 1) == pytest.approx(1.0, rel=0.01)
    assert telemetry.lookups(0.1, 1000) == pytest.approx(0.1, rel=0.01)


def test_vens_beyond_the_stack_have_no_secret() -> None:
    """A stack has eighty VENs with secrets; others come by claim with their own keys."""
    assert quantities(BilledFleet(vens=1000))["secrets"] == STACK_VENS
    assert "secrets" not in quantities(BilledFleet(vens=1000, claimed=True))


def test_events_cost_by_their_number_and_nothing_without_one() -> None:
    """Twice as many events settle twice as often; a fleet without events pays for none."""
    assert not [name for name in quantities(BilledFleet(vens=5)) if name.startswith("events")]
    one, two = (quantities(BilledFleet(vens=5, events=events)) for events in (1, 2))
    assert two["events: Scheduler"] == 2 * one["events: Scheduler"] == 130
    assert two["events: DynamoDB reads"] == 2 * one["events: DynamoDB reads"]


@pytest.mark.parametrize(
    ("numbers", "field", "words"),
    [
        ({"vens": 0}, "--vens", "within 1 and"),
        ({"vens": 2_000_000}, "--vens", "1,000,000"),
        ({"vens": 1, "interval_s": 0.5}, "--interval", "1s and 1h"),
        ({"vens": 1, "interval_s": 3601}, "--interval", "1s and 1h"),
        ({"vens": 1, "events": -1}, "--events", "0 and 3,000"),
        ({"vens": 1, "batch_s": 241}, "--batch", "0 and 4m"),
    ],
)
def test_a_fleet_that_cannot_be_is_refused(numbers: dict[str, int], field: str, words: str) -> None:
    """The option and what is allowed are named."""
    with pytest.raises(FieldError) as error:
        BilledFleet(**numbers)
    assert error.value.field == field
    assert words in error.value.reason


def test_a_price_has_tiers() -> None:
    """Above a quantity more costs less; below it, as before."""
    price = Price(1.0, 10, "messages", "", price_table().collected, "high", (Tier(100, 0.5), Tier(200, 0.1)))
    assert price.of(50) == pytest.approx(5.0)
    assert price.of(300) == pytest.approx(10.0 + 5.0 + 1.0)


def test_tiers_are_of_all_that_has_the_price() -> None:
    """Messages up and down are one meter: a large fleet's average is below the first tier's price."""
    large, small = (
        Bill(BilledFleet(vens=vens, claimed=True, batch_s=0, basic_ingest=False), price_table())
        for vens in (20_000, 10)
    )
    usd = {
        bill.fleet.vens: next(row for row in bill.rows if row.item.name == "IoT messages down")
        for bill in (large, small)
    }
    assert usd[10].usd == pytest.approx(usd[10].item.quantity / 1e6)
    assert usd[20_000].usd < 0.9 * usd[20_000].item.quantity / 1e6


def test_each_option_is_by_itself_and_changes_the_bill() -> None:
    """An option that is so already is left out; the others are the fleet but for one thing."""
    bill = Bill(BilledFleet(vens=500, events=10), price_table())
    offered = dict(options(bill))
    assert {option.name for option in OPTIONS} - {option.name for option in offered} == {
        "a row every 30 s",
        "rows kept 30 days",
        "rows in batches of 4 min",
        "past the broker",
    }
    for other in offered.values():
        assert other.fleet != bill.fleet
        assert other.fleet_usd != bill.fleet_usd
    slow = next(other for option, other in offered.items() if option.name == "a row every 5 min")
    assert slow.fleet == replace(bill.fleet, interval_s=300)


def test_a_days_updates_are_a_mean_of_days() -> None:
    """The days that were lived are in the file, and heartbeats alone are 96 a day."""
    assert len(measured().updates_a_day) == 2
    assert measured().updates >= 96


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("usd = 0.40\nper = 1_000_000", "per = 1_000_000", "sqs_request"),
        ("usd = 0.40\nper = 1_000_000", "usd = -1.0\nper = 1_000_000", "sqs_request.usd: -1 is no price"),
        ("usd = 0.40\nper = 1_000_000", 'usd = "dear"\nper = 1_000_000', "sqs_request.usd: Expected `float`"),
        ("usd = 0.40\nper = 1_000_000", "usd = nan\nper = 1_000_000", "sqs_request.usd: nan is no price"),
        ("usd = 0.40\nper = 1_000_000", "usd = 0.40\nper = 0", "sqs_request.per: 0 is no number"),
        ("requests of 64 KB, standard queue", "dozens", "sqs_request.unit: 'dozens' is not"),
        ("[sqs_request]", "[sqs_requests]", "sqs_request: is missing"),
        ("[sqs_request]", "[gold]\nusd = 1.0\nper = 1\n[sqs_request]", "gold"),
        ("[sqs_request]", "[sqs_request", "is no TOML"),
        ('region = "us-east-1"\n', "", "region: is missing"),
        ("collected = 2026-11-28", 'collected = "lately"', "collected: 'lately'"),
        ("above = 5_000_000_000", "above = 5", "iot_message.tiers: each begins above"),
    ],
)
def test_a_price_table_that_is_none_is_refused(tmp_path: Path, before: str, after: str, words: str) -> None:
    """One line that names the option, the file, the key, and what is wrong with it."""
    text = TABLE.read_text(encoding="utf-8")
    assert before in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(FieldError) as error:
        read_price_table(path, "--prices")
    assert error.value.field == "--prices"
    assert str(path) in error.value.reason
    assert words in error.value.reason
    assert "\n" not in error.value.reason


def test_a_price_table_of_ones_own_takes_the_projects_place(tmp_path: Path) -> None:
    """Another region with other prices makes another bill."""
    text = (
        TABLE.read_text(encoding="utf-8")
        .replace("us-east-1", "eu-west-1")
        .replace("usd = 0.40", "usd = 0.80")
    )
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    table = read_price_table(path, "--prices")
    assert table.region == "eu-west-1"
    fleet = BilledFleet(vens=10)
    assert Bill(fleet, table).fleet_usd > Bill(fleet, price_table()).fleet_usd


def test_vens_of_the_vtn_pay_for_their_polls_and_save_by_webhooks() -> None:
    """Fifteen times fewer polls; a webhook costs less than what it saves, and a token is one an hour."""

    def usd(fleet: PollingFleet) -> dict[str, float]:
        table = price_table()
        return {item.name: table.prices[item.price].of(item.quantity) for item in polling_items(fleet)}

    polled = usd(PollingFleet(vens=100, poll_s=60))
    pushed = usd(PollingFleet(vens=100, poll_s=900, pushed=True))
    assert polled["polls"] == pytest.approx(15 * pushed["polls"])
    assert polled["signatures"] == pushed["signatures"]
    assert sum(pushed.values()) < sum(polled.values()) / 5
    assert usd(PollingFleet(vens=200, poll_s=60))["polls"] == pytest.approx(2 * polled["polls"])
