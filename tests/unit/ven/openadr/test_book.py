"""The book of a VTN's events: read once, revised, gone, absent, renewed, forgotten, and over a restart."""

from __future__ import annotations

from typing import Any

import msgspec

from contracts.openadr.dr_events import NotActedOn
from contracts.openadr.objects import OadrEvent, OadrProgram
from contracts.openadr.times import date_time_text
from ven_twin.ven.openadr.book import BOOKED_MAX, FORGET_S, BookOfEvents

NOW = 1_800_000_000.0
VEN = "ven-1"
TIMES = {"createdDateTime": date_time_text(NOW), "modificationDateTime": date_time_text(NOW)}
PROGRAM = msgspec.convert({"objectType": "PROGRAM", "id": "p", "programName": "p", **TIMES}, OadrProgram)


def event(event_id: str = "e1", level: int = 1, **fields: Any) -> OadrEvent:
    """An event of ten minutes from now."""
    intervals = [{"id": 0, "payloads": [{"type": "SIMPLE", "values": [level]}]}]
    period = {"start": "0001-01-01", "duration": "PT10M"}
    body = {"programID": "p", "intervals": intervals, "intervalPeriod": period, **fields}
    return msgspec.convert({"objectType": "EVENT", "id": event_id, **body, **TIMES}, OadrEvent)


def polled(
    book: BookOfEvents, *listed: OadrEvent, at_s: float = 0.0, gone: frozenset[str] = frozenset()
) -> BookOfEvents:
    """The book after the VTN was asked some seconds from the start."""
    return book.polled(listed, {"p": PROGRAM}, gone, VEN, NOW + at_s)  # type: ignore[arg-type]


def test_an_event_that_starts_now_starts_when_it_was_first_read() -> None:
    """Each poll reads it again, and changes nothing."""
    book = polled(BookOfEvents(), event())
    (dr_event,) = book.dr_events(VEN, NOW)
    assert (dr_event.start_ts, dr_event.revision) == (NOW, 0)
    assert polled(book, event(), at_s=30) is book
    assert book.dr_events(VEN, NOW + 601) == ()


def test_other_terms_are_the_next_revision() -> None:
    """The count is the VEN's; a change that is none to it is none."""
    book = polled(BookOfEvents(), event())
    book = polled(book, event(level=2), at_s=30)
    (dr_event,) = book.dr_events(VEN, NOW + 30)
    assert (dr_event.start_ts, dr_event.revision, dr_event.intervals[0].value) == (NOW, 1, 2.0)
    book = polled(book, event(level=2, eventName="another"), at_s=60)
    assert book.events["e1"].revision == 1


def test_an_event_that_is_missing_is_asked_for_before_it_is_cancelled() -> None:
    """One that the VTN has, goes on; one that it has not, is gone, and comes back as another revision."""
    book = polled(BookOfEvents(), event(), event("e2"))
    assert set(book.missing([event()], VEN, NOW + 1)) == {"e2"}
    absent = polled(book, event(), at_s=30)
    assert len(absent.dr_events(VEN, NOW + 30)) == 2
    gone = polled(book, event(), at_s=30, gone=frozenset({"e2"}))
    assert [one.event_id for one in gone.dr_events(VEN, NOW + 30)] == ["e1"]
    assert gone.missing([event()], VEN, NOW + 60) == ()
    back = polled(gone, event(), event("e2"), at_s=60)
    assert [one.revision for one in back.dr_events(VEN, NOW + 60)] == [0, 1]


def test_an_event_that_is_not_acted_on_has_its_reason_and_may_be_later() -> None:
    """An alert of black start is none of a house's; the same event with a level is acted on."""
    alert = [{"id": 0, "payloads": [{"type": "ALERT_BLACK_START", "values": ["now"]}]}]
    book = polled(BookOfEvents(), event(intervals=alert))
    assert (book.events["e1"].why_not, book.dr_events(VEN, NOW)) == (NotActedOn.NO_SIGNAL, ())
    assert book.missing([], VEN, NOW) == ()
    assert len(polled(book, event(), at_s=10).dr_events(VEN, NOW + 10)) == 1


def prices(*each: Any, **fields: Any) -> OadrEvent:
    """An event of prices, ten minutes each."""
    intervals = [{"id": n, "payloads": [{"type": "PRICE", "values": [one]}]} for n, one in enumerate(each)]
    return event(intervals=intervals, **fields)


def test_prices_are_followed_until_their_event_is_deleted() -> None:
    """One that is not listed is asked for, as a DR event is, and what is over is not."""
    book = polled(BookOfEvents(), prices(0.1, 0.4))
    assert (book.events["e1"].why_not, book.dr_events(VEN, NOW)) == (None, ())
    curve = book.price_curve(NOW)
    assert curve is not None
    assert [step.price for step in curve.steps] == [0.1, 0.4]
    assert book.missing([], VEN, NOW) == ("e1",)
    assert polled(book, at_s=30).price_curve(NOW + 30) == curve
    gone = polled(book, at_s=30, gone=frozenset({"e1"}))
    assert gone.price_curve(NOW + 30) is None
    assert gone.missing([], VEN, NOW + 60) == ()
    back = polled(gone, prices(0.1, 0.4), at_s=60)
    assert back.price_curve(NOW + 60) == curve
    assert book.missing([], VEN, NOW + 1201) == ()
    assert book.price_curve(NOW + 1201) is None


def test_prices_of_an_event_that_asks_for_power_too_are_followed_too() -> None:
    """The one does not hide the other, and each ends in its own time."""
    both = [{"type": "SIMPLE", "values": [1]}, {"type": "PRICE", "values": [0.3]}]
    none = [{"type": "PRICE", "values": [0.2]}]
    intervals = [{"id": 0, "payloads": both}, {"id": 1, "payloads": none}]
    book = polled(BookOfEvents(), event(intervals=intervals))
    assert len(book.dr_events(VEN, NOW)) == 1
    assert book.dr_events(VEN, NOW + 601) == ()
    assert book.price_curve(NOW + 601) is not None


def test_a_bad_price_has_its_reason_and_an_old_book_is_read() -> None:
    """A book that was written before there were prices has none."""
    book = polled(BookOfEvents(), prices("dear"))
    assert (book.events["e1"].why_not, book.price_curve(NOW)) == (NotActedOn.PRICE_VALUE, None)
    written = msgspec.json.decode(msgspec.json.encode(book))
    for booked in written["events"].values():
        del booked["curves"]
    assert msgspec.convert(written, BookOfEvents) == book
    priced = polled(BookOfEvents(), prices(0.1, 0.4))
    assert msgspec.json.decode(msgspec.json.encode(priced), type=BookOfEvents) == priced


def test_prices_without_end_are_renewed_without_a_poll() -> None:
    """A day of prices that repeats is followed for weeks while the VTN is down."""
    period = {"start": "0001-01-01", "duration": "PT12H"}
    book, ts = polled(BookOfEvents(), prices(0.1, 0.4, intervalPeriod=period, duration="P9999Y")), NOW
    for _ in range(20):
        ts += 86_400
        book = book.renewed(VEN, ts)
        curve = book.price_curve(ts)
        assert curve is not None
        assert curve.end_ts > ts + 86_400


def test_a_cancelled_event_is_not_acted_on() -> None:
    """Of no length it is cancelled, as OpenADR has it."""
    book = polled(BookOfEvents(), event())
    book = polled(book, event(intervalPeriod={"start": "0001-01-01", "duration": "PT0S"}), at_s=30)
    assert (book.events["e1"].why_not, book.dr_events(VEN, NOW + 30)) == (NotActedOn.NO_LENGTH, ())


def test_a_window_is_renewed_in_its_time_without_a_poll() -> None:
    """A limit without end goes on for weeks while the VTN is down."""
    book = polled(BookOfEvents(), event(intervalPeriod={"start": "0001-01-01", "duration": "P9999Y"}))
    assert book.renewed(VEN, NOW + 3600) is book
    ts = NOW
    for _ in range(20):
        ts += 86_400
        book = book.renewed(VEN, ts)
        (dr_event,) = book.dr_events(VEN, ts)
        assert dr_event.interval_at(ts) is not None
    assert book.events["e1"].revision > 1


def test_what_is_over_is_forgotten_after_a_day() -> None:
    """The book of a year is no longer than that of a day."""
    book = polled(BookOfEvents(), event())
    book = polled(book, at_s=700)
    assert "e1" in book.events
    assert polled(book, at_s=700 + FORGET_S).events == {}
    many = polled(BookOfEvents(), *(event(f"e{n}") for n in range(BOOKED_MAX + 20)))
    assert len(many.events) == BOOKED_MAX


def test_a_book_is_read_as_it_was_written() -> None:
    """A restart knows what was now, the revision, and what was filed."""
    book = polled(BookOfEvents(link="vtn"), event(priority=3, reportDescriptors=[{"payloadType": "USAGE"}]))
    assert msgspec.json.decode(msgspec.json.encode(book), type=BookOfEvents) == book


def test_a_program_that_changes_is_seen() -> None:
    """Its unit is its events' unit."""
    limit = [{"id": 0, "payloads": [{"type": "IMPORT_CAPACITY_LIMIT", "values": [3]}]}]
    book = polled(BookOfEvents(), event(intervals=limit))
    assert len(book.dr_events(VEN, NOW)) == 1
    kind = {"objectType": "EVENT_PAYLOAD_DESCRIPTOR", "payloadType": "IMPORT_CAPACITY_LIMIT", "units": "W"}
    program = msgspec.structs.replace(
        PROGRAM,
        payload_descriptors=msgspec.convert(
            {"programName": "p", "payloadDescriptors": [kind], "objectType": "PROGRAM", "id": "p", **TIMES},
            OadrProgram,
        ).payload_descriptors,
    )
    book = book.polled([event(intervals=limit)], {"p": program}, frozenset(), VEN, NOW)  # type: ignore[dict-item]
    assert book.events["e1"].why_not is NotActedOn.UNIT
