"""One table of prices: well formed, dated, whole, and the only place that has a figure."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from harness.prices.compared import COUNTED, Compared, Counted, comparison, event_comparison
from harness.prices.measuring import DAYS, a_day
from harness.prices.page import PAGE, page
from harness.prices.shadow_day import LivedHours
from ven_twin.operations.bill import openadr, stack
from ven_twin.operations.bill.batches import BATCH_SIZE
from ven_twin.operations.bill.bill import fleet_items
from ven_twin.operations.bill.fleet import BilledFleet
from ven_twin.operations.bill.measured import measured
from ven_twin.operations.bill.openadr import PollingFleet
from ven_twin.operations.load_test import costs
from ven_twin.operations.load_test.sizing import ShardSize, load_test_size
from ven_twin.operations.prices import price_table

ROOT = Path(__file__).resolve().parents[3]
PRICE = re.compile(r"\b\d+\.\d+ ?(?:/ ?M\b|/ ?GB|a month|a million)")


@pytest.fixture(scope="module")
def counted() -> Counted:
    """The count that is written down."""
    return msgspec.json.decode(COUNTED.read_bytes(), type=Counted)


def test_every_price_is_of_a_day_and_a_source() -> None:
    """A figure has its source, its date, and how far it is to be relied on; none is later than the table."""
    table = price_table()
    assert len(table.prices) > 15
    for name, price in table.prices.items():
        assert price.usd > 0, name
        assert price.source, name
        assert price.date <= table.collected, name


def test_a_bill_is_made_of_prices_that_are_in_the_table_and_uses_them() -> None:
    """A price that no bill uses is one that a whole account of the costs lacks, but for calls of people."""
    tests = (
        load_test_size(1, ShardSize(1.0, 2048.0, kind), per_shard=None, claims_per_s=5, run_s=3600)
        for kind in costs.PRICES
    )
    load_tests = (item for size in tests for item in costs.items(size))
    polled = openadr.items(PollingFleet(vens=1, poll_s=60.0))
    items = (*fleet_items(BilledFleet(vens=1, events=1)), *stack.items(), *load_tests, *polled)
    assert price_table().prices.keys() - {item.price for item in items} == {"sns_email"}


def test_a_ven_pays_for_what_comes_down_and_for_its_own_pubacks() -> None:
    """A shadow update is a message up, one down, the VEN's PUBACK, an operation, a rule and a write."""
    bill = {
        item.name: item.quantity for item in fleet_items(BilledFleet(vens=1, batch_s=0, basic_ingest=False))
    }
    down, acks = bill["IoT messages down"], bill["PUBACKs of VENs"]
    assert down == acks == pytest.approx(30 * measured().updates)
    assert bill["IoT shadow"] == pytest.approx(down * measured().record_kb)
    assert bill["IoT messages up"] == bill["IoT rules"] == bill["SQS sends"] == pytest.approx(172_800 + down)
    assert bill["DynamoDB writes"] == pytest.approx(2 * 172_800 + down)


def test_what_was_counted_is_what_is_reckoned(counted: Counted) -> None:
    """Each item of the count that is written down is within what the edges of the count explain."""
    rows = (*comparison(counted), *event_comparison(counted))
    assert [row for row in rows if not row.fits] == []
    assert counted.counts["shadow_updates"] >= 1, "without an update nothing is counted of it"


def test_a_deviation_beyond_what_is_allowed_does_not_fit() -> None:
    """Half as much as was counted is no match, nor is something that nobody counted."""
    assert Compared.within("x", 100.0, 104.0, 5.0, 5.0).fits
    assert not Compared.within("x", 100.0, 50.0, 5.0, 5.0).fits
    assert not Compared.within("x", 0.0, 50.0, 5.0, 5.0).fits


def test_batches_are_reckoned_no_fuller_than_they_were_counted(counted: Counted) -> None:
    """With few messages one each, but for some that come at once; the law is on the dear side throughout."""
    few = min(counted.fillings, key=lambda filling: filling.per_s)
    assert few.size < 1.1
    assert few.reckoned == 1.0
    assert all(1.0 <= filling.reckoned <= filling.size <= BATCH_SIZE for filling in counted.fillings)


def test_the_days_are_those_that_were_lived() -> None:
    """A VEN's updates and snapshots are of `days.jsonl`, with as many rows as the clock has."""
    lived = [msgspec.json.decode(line, type=LivedHours) for line in DAYS.read_bytes().splitlines()]
    assert measured().updates_a_day == a_day(lived, "updates")
    assert measured().snapshots_a_day == a_day(lived, "snapshots")
    for hours in lived:
        assert hours.rows == pytest.approx(hours.hours * 120, abs=1)
        assert 2 * hours.hours <= hours.snapshots <= 5 * hours.hours


def test_the_page_is_what_the_table_makes() -> None:
    """docs/reference/prices.md is written by `make prices`, and by hand nowhere."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_no_other_page_has_prices_of_its_own() -> None:
    """A price that stands twice is wrong in one place before long."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    assert len(pages) > 10
    found = {
        path.relative_to(ROOT).as_posix(): PRICE.findall(path.read_text(encoding="utf-8"))
        for path in pages
        if path != PAGE
    }
    assert {name: prices for name, prices in found.items() if prices} == {}
