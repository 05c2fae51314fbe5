"""Schedules of events: three settle it after its end, one shares it out, two tell of its begin and end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import TYPE_CHECKING, Any

from contracts.api.requests import DispatchEvent, SettleEvent
from contracts.store.stack import event_schedule_name
from contracts.wire import codec
from contracts.wire.ids import EventId

if TYPE_CHECKING:
    from types_boto3_scheduler import EventBridgeSchedulerClient
    from types_boto3_scheduler.type_defs import TargetTypeDef

SOONEST_S = 15
"""EventBridge Scheduler refuses a time that has passed; this leaves room for the call itself."""
RETRY_FOR_S = 3600
RETRIES = 20
SETTLE, FINAL, PAYBACK, REDISPATCH = "settle", "final", "payback", "redispatch"
BEGIN, END = "begin", "end"


@dataclass(frozen=True, slots=True)
class EventSchedules:
    """The schedules of a stage's events; each deletes itself when it is done."""

    client: EventBridgeSchedulerClient
    group: str
    settle_arn: str
    dispatch_arn: str
    role_arn: str
    dlq_arn: str

    def put_settle(self, request: SettleEvent, *, at_ts: float, now: float) -> None:
        """Settle at *at_ts*, or shortly when that is past; an earlier schedule of the event moves there."""
        self._put_settlement(SETTLE, request, at_ts=at_ts, now=now)

    def put_final(self, request: SettleEvent, *, at_ts: float, now: float) -> None:
        """Settle once more, at *at_ts*, when what follows the event is stored; as `put_settle`."""
        self._put_settlement(FINAL, request, at_ts=at_ts, now=now)

    def put_payback(self, request: SettleEvent, *, at_ts: float, now: float) -> None:
        """Count rebound and payback to their end, at *at_ts*, a day after the event; as `put_settle`."""
        self._put_settlement(PAYBACK, request, at_ts=at_ts, now=now)

    def put_redispatch(
        self, event_id: EventId, *, from_ts: float, to_ts: float, every_min: int, now: float
    ) -> None:
        """Redispatch every *every_min* minutes from *from_ts* to *to_ts*; not at all when it ends before.

        A run that fails is not tried again: the next one does what it would have.
        """
        from_ts = max(from_ts, now)
        if to_ts - from_ts <= 60 * every_min:
            self.drop_redispatch(event_id)
            return
        request = DispatchEvent(action="redispatch", event_id=event_id)
        target = self._target(self.dispatch_arn, request, retries=0, retry_for_s=60)
        start, end = (datetime.fromtimestamp(int(ts), UTC) for ts in (from_ts, to_ts))
        rate = f"rate({every_min} {'minute' if every_min == 1 else 'minutes'})"
        self._put(event_id, REDISPATCH, rate, target, StartDate=start, EndDate=end)

    def drop_redispatch(self, event_id: EventId) -> None:
        """Take the recurring schedule away, when there is one."""
        self._drop(event_id, REDISPATCH)

    def put_notify(self, event_id: EventId, purpose: str, *, at_ts: float, now: float) -> None:
        """Tell subscribers what is due at *at_ts*: of the `BEGIN` or the `END`, the *purpose*.

        A run that fails is not tried again: the next one tells what it would have.
        """
        request = DispatchEvent(action="notify", event_id=event_id)
        target = self._target(self.dispatch_arn, request, retries=0, retry_for_s=RETRY_FOR_S)
        self._put(event_id, purpose, _at(at_ts, now), target)

    def drop_notify(self, event_id: EventId, purpose: str) -> None:
        """Take such a schedule away, when there is one."""
        self._drop(event_id, purpose)

    def _drop(self, event_id: EventId, purpose: str) -> None:
        try:
            self.client.delete_schedule(GroupName=self.group, Name=event_schedule_name(event_id, purpose))
        except self.client.exceptions.ResourceNotFoundException:
            return

    def _put_settlement(self, purpose: str, request: SettleEvent, *, at_ts: float, now: float) -> None:
        target = self._target(self.settle_arn, request, retries=RETRIES, retry_for_s=RETRY_FOR_S)
        self._put(request.event_id, purpose, _at(at_ts, now), target)

    def _put(
        self,
        event_id: EventId,
        purpose: str,
        expression: str,
        target: TargetTypeDef,
        **between: datetime,
    ) -> None:
        schedule: Any = {
            "Name": event_schedule_name(event_id, purpose),
            "GroupName": self.group,
            "ScheduleExpression": expression,
            "ScheduleExpressionTimezone": "UTC",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE",
            "Target": target,
            **between,
        }
        try:
            self.client.create_schedule(**schedule)
        except self.client.exceptions.ConflictException:
            try:
                self.client.update_schedule(**schedule)
            except self.client.exceptions.ResourceNotFoundException:  # it ran, and deleted itself, in between
                self.client.create_schedule(**schedule)

    def _target(self, function_arn: str, request: object, *, retries: int, retry_for_s: int) -> TargetTypeDef:
        return {
            "Arn": function_arn,
            "RoleArn": self.role_arn,
            "Input": codec.encode(request).decode(),
            "DeadLetterConfig": {"Arn": self.dlq_arn},
            "RetryPolicy": {"MaximumEventAgeInSeconds": retry_for_s, "MaximumRetryAttempts": retries},
        }


def _at(at_ts: float, now: float) -> str:
    """The expression of a one-time schedule at *at_ts*, or shortly after *now* when that is past."""
    at = datetime.fromtimestamp(ceil(max(at_ts, now + SOONEST_S)), UTC)
    return f"at({at:%Y-%m-%dT%H:%M:%S})"
