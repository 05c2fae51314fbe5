"""One table of prices: well formed, dated, whole, and the only place that has a figure."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from harness.prices.event import one_event
from harness.prices.month import one_ven, the_stack, total

from harness.prices.page import PAGE, page
from ven_twin.operations.prices import price_table

ROOT = Path(__file__).resolve().parents[3]
PRICE = re.compile(r"\b\d+\.\d+ ?(?:/ ?M\b|/ ?GB|a month|a million)")


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
    used = {item.price for item in (*one_ven(), *the_stack(), *one_event())}
    assert price_table().prices.keys() - used == {"http_api_call", "sns_email"}


def test_a_ven_pays_for_what_comes_down_and_for_its_own_pubacks() -> None:
    """A shadow update is a message up, one down, the VEN's PUBACK, an operation, a rule and a write."""
    bill = {item.name: item for item in one_ven()}
    down, acks = bill["IoT messages down"].quantity, bill["PUBACKs of the VEN"].quantity
    assert down == acks == bill["IoT shadow"].quantity
    up = bill["IoT messages up"]
    assert up.quantity == bill["IoT rules"].quantity == pytest.approx(172_800 + down)
    assert up.usd == pytest.approx(up.quantity / 1e6)
    assert total(one_ven()) == pytest.approx(sum(item.usd for item in one_ven()))


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
