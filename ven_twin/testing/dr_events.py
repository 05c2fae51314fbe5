"""DR events of a test: dispatched as by the command line, and followed to their report."""

from __future__ import annotations

import time

import msgspec

from contracts.api.reports import EventReport
from contracts.api.requests import EventDispatched
from contracts.api.resources import NewEvent
from contracts.errors import FieldError
from contracts.wire.ids import EventId
from ven_twin.cli.event import new_event_id
from ven_twin.cli.event_options import OPTIONS, event_body
from ven_twin.cli.main_job import SETTLE_TIMEOUT_S, wait_for_report
from ven_twin.operations.aggregator.protocol import RefusedError
from ven_twin.testing.running_cloud import RunningCloud


class DrEvents:
    """The events of one test. Calling it runs one event from its dispatch to its report."""

    def __init__(self, cloud: RunningCloud) -> None:
        self._cloud = cloud
        self._open: dict[EventId, int] = {}

    def __call__(self, **options: object) -> EventReport:
        """Dispatch an event and wait until it is over and settled.

        Args:
            options: those of ``ven-twin event create``, with underscores: ``shed_kw=2, duration="20s"``,
                ``level=2``, ``target=["ven-1"]``. The duration is 10 s when left out.

        Raises:
            FieldError: an option that cannot be; RefusedError, where a function refused.
            VenTwinError: the report did not come.
        """
        return self.report(self.create(**options).event_id)

    def create(self, **options: object) -> EventDispatched:
        """Dispatch an event and go on at once. Takes and raises as a call."""
        if strangers := sorted(options.keys() - OPTIONS.keys()):
            raise FieldError(strangers[0], f"is none of {', '.join(OPTIONS)}")
        if "interval" not in options:
            options.setdefault("duration", "10s")
        body = event_body(None, **{name: _as_typed(name, options.get(name)) for name in OPTIONS})
        event = NewEvent(event_id=new_event_id(), **msgspec.structs.asdict(body))
        dispatched = self._cloud.aggregator.create_event(event)
        self._open[dispatched.event_id] = dispatched.end_ts
        return dispatched

    def report(self, event_id: EventId) -> EventReport:
        """Wait until an event is over and settled; its report. Raises VenTwinError when that did not come."""
        left_s = max(self._open.get(event_id, 0) - time.time(), 0.0)
        report = wait_for_report(self._cloud.cloud, event_id, timeout_s=SETTLE_TIMEOUT_S + left_s)
        self._open.pop(event_id, None)
        return report

    def cancel_all(self) -> None:
        """Cancel what was dispatched and not followed to its report, so that the VENs are free again."""
        for event_id in [*self._open]:
            del self._open[event_id]
            try:
                self._cloud.aggregator.cancel_event(event_id)
            except RefusedError:  # it is over, or the test cancelled or deleted it
                continue


def _as_typed(name: str, value: object) -> object:
    """An option's value as the command line reads it: text, a list where it may be repeated, a priority."""
    if name in {"target", "interval"} and isinstance(value, str):
        return [value]
    return str(value) if isinstance(value, int | float) and name != "priority" else value
