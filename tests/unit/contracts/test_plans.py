"""Plans in chunks of items, and the events that are read from the items of their partition."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contracts.api.requests import Assignment
from contracts.store.plans import CHUNK_VENS, Limit, Plan, chunks_of, history, plans_in
from contracts.store.views import command, event_of_items, event_summary
from contracts.wire.events import Interval, Phase, Signal

START = 1_800_000_000
INTERVALS = (Interval(duration_s=600, signal=Signal.SHED_KW, value=2.0),)


def plan_for(count: int, **fields: Any) -> Plan:
    """A plan that calls so many VENs for 1 kW each."""
    assignments = tuple(Assignment(ven_id=f"v{number:05d}", values=(1.0,)) for number in range(count))
    first: dict[str, Any] = {"plan_id": "00000001-t", "revision": 1, "from_ts": START + 1.0}
    return Plan(**first | {"start_ts": START, "intervals": INTERVALS, "assignments": assignments} | fields)


@pytest.mark.parametrize(
    ("vens", "chunks"),
    [(0, 1), (1, 1), (1000, 1), (1001, 2), (2000, 2), (2001, 3)],
)
def test_a_plan_takes_an_item_for_every_thousand_vens_and_comes_back_whole(vens: int, chunks: int) -> None:
    """A plan without VENs is an item too: it says that nobody is called."""
    plan = plan_for(vens)
    items = chunks_of(plan, "e1", START + 86_400)
    assert len(items) == chunks
    assert [item["part"] for item in items] == [f"PLAN#00000001-t#{chunk:04d}" for chunk in range(chunks)]
    assert {(item["eventId"], item["expiresTs"]) for item in items} == {("e1", START + 86_400)}
    assert plans_in(items) == {"00000001-t": plan}


@pytest.mark.parametrize("column", ["dropped", "unavailable", "limits", "seen"])
def test_the_longest_list_of_a_plan_decides_its_chunks(column: str) -> None:
    """VENs that are not called take room as well, and none is lost."""
    ven_ids = [f"v{number:05d}" for number in range(CHUNK_VENS + 2)]
    columns = {
        "dropped": tuple(ven_ids),
        "unavailable": dict.fromkeys(ven_ids, "offline"),
        "limits": dict.fromkeys(ven_ids, Limit(kw=1.0, until_ts=START + 60.0)),
        "seen": dict.fromkeys(ven_ids, 0.5),
    }
    plan = plan_for(3, **{column: columns[column]})
    items = chunks_of(plan, "e1", 0)
    assert len(items) == 2
    assert plans_in(items) == {plan.plan_id: plan}


def test_a_plan_without_one_of_its_chunks_is_not_read() -> None:
    """Half a plan would leave VENs out; a plan beside it that is whole is read."""
    half = chunks_of(plan_for(CHUNK_VENS + 1), "e1", 0)[:1]
    whole = plan_for(1, plan_id="00000002-t", revision=2)
    assert plans_in([*half, *chunks_of(whole, "e1", 0)]) == {"00000002-t": whole}


def test_the_history_of_a_plan_is_walked_back_to_where_it_is_lost() -> None:
    """The oldest first; a plan that has expired ends the walk, one that is on no way is not in it."""
    plans = {
        plan_id: plan_for(1, plan_id=plan_id, previous=previous)
        for plan_id, previous in {"b": "a", "c": "b", "x": "b", "d": "c"}.items()
    }
    assert [plan.plan_id for plan in history(plans, "d")] == ["b", "c", "d"]
    assert history(plans, "a") == ()


def test_every_ven_that_a_plan_calls_or_drops_has_had_the_event() -> None:
    """Its shadow holds the event, or a revision without intervals."""
    assert plan_for(1, dropped=("z",)).ven_ids == {"v00000", "z"}


def header(**fields: Any) -> dict[str, Any]:
    """The header of an event of ten minutes, as it is stored."""
    return {
        "eventId": "e1",
        "part": "EVENT",
        "requested": "0123456789abcdef0123",
        "revision": 1,
        "startTs": START,
        "intervals": msgspec.to_builtins(INTERVALS),
        "createdTs": START - 60.0,
        "planId": "00000001-t",
        **fields,
    }


@pytest.mark.parametrize(
    ("cancelled_ts", "end_ts"),
    [(None, START + 600), (START + 200.5, START + 200), (START + 700.0, START + 600)],
)
def test_an_event_ends_with_its_intervals_or_its_cancellation(
    cancelled_ts: float | None, end_ts: int
) -> None:
    """The earlier of the two; an event that was cancelled when it was over ended when it did."""
    fields = {} if cancelled_ts is None else {"cancelledTs": cancelled_ts}
    summary = event_summary(header(**fields), START + 100.0)
    assert summary is not None
    assert summary.end_ts == end_ts
    assert summary.etag == ("0123456789abcdef" if cancelled_ts is None else "0123456789abcdef-c")
    assert summary.phase is (Phase.ACTIVE if cancelled_ts is None else Phase.CANCELLED)


def test_the_items_of_a_partition_are_the_event_with_its_vens_and_its_report() -> None:
    """The plan that the header names is in force; a VEN that only reported is listed as well."""
    plan = plan_for(2, unavailable={"gone": "offline"})
    older = plan_for(1, plan_id="00000000-t", revision=0, unavailable={"other": "disabled"})
    reached = {"eventId": "e1", "part": "VEN#walker", "venId": "walker", "ownKwh#1": 2.0}
    reached["active"] = {"ts": START, "receivedTs": START + 0.5, "actualShedKw": 1.5}
    stored = [
        header(),
        *chunks_of(older, "e1", 0),
        *chunks_of(plan, "e1", 0),
        {"eventId": "e1", "part": "REPORT", "report": {"of": "e1"}},
        reached,
    ]
    shown, report = event_of_items(stored, now_ts=START + 100.0)
    assert report == {"of": "e1"}
    assert shown is not None
    assert shown.settled
    vens = {ven.ven_id: ven for ven in shown.vens}
    assert list(vens) == ["gone", "v00000", "v00001", "walker"]
    assert (vens["gone"].values, vens["gone"].unavailable) == ((), "offline")
    assert (vens["v00001"].values, vens["v00001"].unavailable) == ((1.0,), None)
    assert {name: phase.actual_shed_kw for name, phase in vens["walker"].phases.items()} == {"active": 1.5}


def test_a_partition_without_a_header_is_no_event_and_one_without_a_report_is_not_settled() -> None:
    """Plans that no header has committed to are not shown; nor is an event that is deleted."""
    chunks = chunks_of(plan_for(1), "e1", 0)
    assert event_of_items(chunks, now_ts=START) == (None, None)
    shown, report = event_of_items([header(), *chunks], now_ts=START)
    assert shown is not None
    assert (shown.settled, report) == (False, None)
    assert event_of_items([header(deletedTs=START + 1.0)], now_ts=START) == (None, None)
    assert event_summary(header(deletedTs=START + 1.0), START) is None


def test_an_ack_without_its_command_is_no_command() -> None:
    """The VEN has answered what was not sent from here."""
    item = {"venId": "v", "correlationId": "c", "op": "ping"}
    assert command(item) is None
    sent = command({**item, "issuedTs": 5.0})
    assert sent is not None
    assert (sent.op, sent.issued_ts) == ("ping", 5.0)


def test_a_phase_that_is_none_spoils_no_event() -> None:
    """Of a VEN's stored phases those that read well are shown; what is none of a phase's shape is not."""
    header = {
        "eventId": "e1",
        "part": "EVENT",
        "requested": "",
        "startTs": START,
        "createdTs": START,
        "revision": 0,
    }
    header |= {"intervals": [{"durationS": 600, "signal": "shedKw", "value": 2.0}], "planId": "0-a"}
    told = {"ts": START, "receivedTs": START + 0.5}
    stored = {
        "active": told,
        "completed": "yes",
        "optedOut": {**told, "data": "x"},
        "near": {**told, "ts": "soon"},
    }
    parts = [{"eventId": "e1", "part": f"VEN#{ven_id}", "venId": ven_id, **stored} for ven_id in ("a", "b")]
    shown, _ = event_of_items([header, *parts], now_ts=START + 60.0)
    assert shown is not None
    assert [list(ven.phases) for ven in shown.vens] == [["active"], ["active"]]
