"""The file of a VTN's events and of the reports that wait: each once, bounded, and of one VTN."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.openadr.ids import ObjectId
from contracts.openadr.objects import OadrReportRequest
from ven_twin.ven.openadr.book import BookOfEvents
from ven_twin.ven.openadr.reporting import DueReport
from ven_twin.ven.openadr.store import AGE_MAX_S, FILE, ROWS_MAX, VtnStore

NOW = 1_800_000_000.0
LINK = "https://vtn.example.org house-1"


def due(name: str) -> DueReport:
    """A report of that name."""
    request = OadrReportRequest(event_id=ObjectId("e1"), client_name="ven-1", resources=(), report_name=name)
    return DueReport(ObjectId("e1"), name, request)


@pytest.fixture
def store(tmp_path: Path) -> VtnStore:
    """A file that is not there yet."""
    return VtnStore(tmp_path)


def test_a_report_of_a_name_waits_once(store: VtnStore) -> None:
    """Also where the book that has it as filed was lost."""
    assert store.put(BookOfEvents(link=LINK), [due("USAGE-0-0")], NOW)
    assert store.put(BookOfEvents(link=LINK), [due("USAGE-0-0"), due("DEMAND-1-0")], NOW)
    assert store.count() == 2
    first = store.first(NOW)
    assert first is not None
    assert (first.name, first.sent) == ("USAGE-0-0", 0)
    store.sending(first)
    again = store.first(NOW)
    assert again is not None
    assert again.sent == 1
    store.done(again)
    second = store.first(NOW)
    assert second is not None
    assert second.name == "DEMAND-1-0"
    store.close()


def test_another_vtn_gets_nothing_of_the_one_before(store: VtnStore) -> None:
    """Neither its events nor its reports; nor does another client of the same."""
    assert store.put(BookOfEvents(link=LINK), [due("USAGE-0-0")], NOW)
    assert store.book(LINK) == BookOfEvents(link=LINK)
    assert store.book("https://vtn.example.org house-2") is None
    assert store.count() == 0
    store.close()


def test_what_waits_is_bounded(store: VtnStore) -> None:
    """In number, and in age: after a week a report is no news."""
    assert store.put(BookOfEvents(link=LINK), [due(f"USAGE-0-{n}") for n in range(ROWS_MAX + 5)], NOW)
    assert store.count() == ROWS_MAX
    assert store.first(NOW + AGE_MAX_S + 1) is None
    assert store.count() == 0
    store.close()


def test_a_file_that_is_damaged_is_begun_anew(tmp_path: Path) -> None:
    """The VEN goes on, and reads its events from the VTN."""
    (tmp_path / FILE).write_bytes(b"no database" * 1000)
    store = VtnStore(tmp_path)
    assert store.book(LINK) is None
    assert store.put(BookOfEvents(link=LINK), [due("USAGE-0-0")], NOW)
    assert store.count() == 1
    store.close()
