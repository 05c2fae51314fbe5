"""Reports of the stage's own VENs are filed once each, whatever cuts a sweep short."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from contracts.openadr.ids import ClientId, ObjectId
from contracts.openadr.objects import OadrObject, ObjectType
from contracts.store.oadr_events import oadr_event_key
from lambdas.shared import settings, vtn_rows
from lambdas.shared.vtn_book import VtnBook
from lambdas.shared.vtn_rows import StoredObject
from lambdas.vtn_dispatch import reporting
from lambdas.vtn_dispatch.adapters import open_adapters
from lambdas.vtn_dispatch.reporting import Reporting
from lambdas.vtn_dispatch.settings import VtnDispatchSettings
from tests.support.joined_vtn import START, Joined, waiting
from tests.support.stage_reports import DELAY_S, END, dispatched, drew, filed, over


def test_reports_are_filed_once(joined: Joined) -> None:
    """Late rows change none of them, and another sweep does not look at the telemetry again."""
    event_id = dispatched(joined)
    drew(joined, to_ts=START + 1800)
    reports = over(joined)
    drew(joined, 5.0)
    assert over(joined, DELAY_S + 300) == reports
    assert joined.row(event_id).may_be_reported is False


def test_a_note_that_is_lost_files_nothing_again(joined: Joined, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report's id follows from what it is of: one that is there stays as it is, unread."""

    def read_again(*_: Any, **__: Any) -> None:
        raise RuntimeError("telemetry is read")

    event_id = dispatched(joined)
    drew(joined, to_ts=START + 1800)
    reports = over(joined)
    joined.world.events.update(oadr_event_key(event_id), {"reportedTag": None})
    drew(joined, 5.0)
    monkeypatch.setattr(reporting, "ven_trace", read_again)
    assert over(joined, DELAY_S + 300) == reports
    assert joined.row(event_id).may_be_reported is False


def test_a_sweep_that_runs_out_of_time_is_gone_on_with(
    joined: Joined, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large fleet takes several sweeps; each VEN has its report in the end, and telemetry is read once."""
    joined.world.add_ven("house-3")
    event_id = dispatched(joined)
    for ven_id in ("house-1", "house-2", "house-3"):
        drew(joined, ven_id=ven_id)
    monkeypatch.setattr(reporting, "AT_ONCE", 1)
    adapters = open_adapters(settings.read(VtnDispatchSettings))
    for vens in (["house-1"], ["house-1", "house-2"], ["house-1", "house-2", "house-3"]):
        looks = count()
        Reporting(adapters, END + DELAY_S, lambda looks=looks: next(looks) < 2).sweep()  # type: ignore[misc]
        assert sorted(report["clientName"] for report in filed(joined)) == vens
    Reporting(adapters, END + DELAY_S, lambda: True).sweep()
    assert joined.row(event_id).may_be_reported is False
    assert len(filed(joined)) == 3


def test_a_ven_whose_rows_cannot_be_read_spoils_no_other_report(joined: Joined) -> None:
    """It alone has none."""
    dispatched(joined)
    drew(joined, ven_id="house-1", usedPowerKw="much")
    drew(joined, ven_id="house-2")
    assert [report["clientName"] for report in over(joined)] == ["house-2"]


def test_a_report_that_is_too_large_is_left_out(joined: Joined, monkeypatch: pytest.MonkeyPatch) -> None:
    """No item holds it, however often it is tried: the log says so, and the next sweep does not."""
    event_id = dispatched(joined)
    monkeypatch.setattr(vtn_rows, "STORED_MAX_BYTES", 100)
    assert over(joined) == []
    assert joined.row(event_id).may_be_reported is False


@pytest.mark.parametrize("most_bytes", [1, 10_000])
def test_of_two_sweeps_at_once_one_files(
    joined: Joined, monkeypatch: pytest.MonkeyPatch, most_bytes: int
) -> None:
    """Whoever comes later finds the report written, changes nothing, and tells nobody of it."""
    monkeypatch.setattr(reporting, "TOGETHER_BYTES", most_bytes)
    event_id = dispatched(joined)
    drew(joined)
    reports = over(joined)
    assert len(reports) == 2
    joined.world.events.update(oadr_event_key(event_id), {"reportedTag": None})
    drew(joined, 5.0)
    waiting("CHANGES_QUEUE")
    adapters = open_adapters(settings.read(VtnDispatchSettings))
    blind = replace(adapters, vtn=_BlindBook(adapters.vtn.table))
    Reporting(blind, END + DELAY_S, lambda: True).sweep()
    assert filed(joined) == reports
    assert waiting("CHANGES_QUEUE") == []


class _BlindBook(VtnBook):
    """The VTN's objects as they were before another sweep had filed any report."""

    def find(
        self, object_type: ObjectType, object_id: ObjectId, *, of_client: ClientId | None = None
    ) -> StoredObject[OadrObject] | None:
        """The object, unless it is a report."""
        return None if object_type == "REPORT" else super().find(object_type, object_id, of_client=of_client)
