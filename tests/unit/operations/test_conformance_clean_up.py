"""The suite leaves nothing: its events, settings and what the cloud forgets are removed, or named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from contracts.api.requests import EventDispatched
from contracts.api.resources import NewEvent
from contracts.wire.events import Interval, Signal
from contracts.wire.ids import VenId
from ven_twin.operations.aggregator.cloud_errors import CloudError
from ven_twin.operations.aggregator.protocol import Aggregator, RefusedError
from ven_twin.operations.conformance.observer import Observer
from ven_twin.operations.conformance.timeline import TrialEvent
from ven_twin.operations.conformance.trial_operator import TrialOperator

MINUTE = (Interval(duration_s=60, signal=Signal.SHED_KW, value=1.0),)


class FakeShadow:
    """A shadow whose VEN reports at once what is desired; a stubborn one gives no event back."""

    def __init__(self, *, stubborn: bool = False) -> None:
        self.desired: dict[str, Any] = {}
        self.reported: dict[str, Any] = {"report_interval_seconds": 30}
        self.stubborn, self.setting_applied, self.steady_ts, self.interval_s = stubborn, False, 0.0, 1
        self.has_opt_out = False

    def shadow(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Desired and reported."""
        return self.desired, self.reported

    def desire(self, key: str, value: Any) -> None:
        """Write a key; of events, null takes one away."""
        if key == "drEvents":
            if not self.stubborn:
                for event_id in value:
                    self.desired["drEvents"].pop(event_id)
        elif value is None:
            del self.desired[key]
        else:
            self.desired[key] = self.reported[key] = value

    def wait(self, ready: Callable[[], bool], timeout_s: float) -> bool:
        """No time passes."""
        del timeout_s
        return ready()


class FakeEvents:
    """A cloud side that creates events into the shadow, and leaves them there when they are deleted."""

    def __init__(self, shadow: FakeShadow, trouble: Exception | None = None) -> None:
        self._shadow, self._trouble = shadow, trouble
        self.deleted: list[str] = []

    def create_event(self, event: NewEvent) -> EventDispatched:
        """Taken as it is."""
        assert event.event_id is not None
        self._shadow.desired.setdefault("drEvents", {})[event.event_id] = {}
        return EventDispatched(
            event_id=event.event_id,
            revision=0,
            start_ts=0,
            end_ts=60,
            assignments=(),
            requested_kw=1,
            etag="e",
        )

    def delete_event(self, event_id: str, *, etag: str | None = None) -> None:
        """Deleted, unless there is trouble."""
        assert etag is None
        if self._trouble is not None:
            raise self._trouble
        self.deleted.append(event_id)


def operator_of(shadow: FakeShadow, events: FakeEvents) -> TrialOperator:
    """A suite's hand with two events and both settings under way."""
    operator = TrialOperator(
        cast("Aggregator", events), cast("Observer", shadow), VenId("ven-1"), patience=1, say=lambda _: None
    )
    operator.set_interval()
    operator.opt_out()
    for trial in (TrialEvent.SHADOW, TrialEvent.CANCELLED):
        operator.create(trial, MINUTE, 0)
    return operator


def test_whatever_the_suite_made_is_removed() -> None:
    """Also in the middle of it, as on Ctrl-C: the shadow desires what it desired before."""
    shadow = FakeShadow()
    events = FakeEvents(shadow)
    operator = operator_of(shadow, events)
    assert shadow.desired["optOut"] == {"reason": "conformance"}
    assert operator.clean_up() == []
    assert shadow.desired == {"drEvents": {}}
    assert shadow.reported == {"report_interval_seconds": 30, "optOut": False}
    assert len(events.deleted) == 2
    assert all(event_id.startswith("conform-") for event_id in events.deleted)


@pytest.mark.parametrize(
    ("trouble", "stubborn", "names"),
    [
        (CloudError("no network"), False, ["conform-cancelled", "conform-shadow"]),
        (RefusedError("eventId", "is none", "notFound"), False, []),
        (None, True, ["drEvents"]),
    ],
)
def test_what_cannot_be_removed_is_named(trouble: Exception | None, stubborn: bool, names: list[str]) -> None:
    """An event that is gone already is no trouble; the rest is removed all the same."""
    shadow = FakeShadow(stubborn=stubborn)
    left = operator_of(shadow, FakeEvents(shadow, trouble)).clean_up()
    assert [line.partition(":")[0].rpartition("-")[0] or line.partition(":")[0] for line in left] == names
    assert "optOut" not in shadow.desired
