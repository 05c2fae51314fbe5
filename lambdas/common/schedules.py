"""One-time schedules that settle events after their end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from contracts import codec
from contracts.names import event_schedule_name
from contracts.requests import SettleEvent

if TYPE_CHECKING:
    from types_boto3_scheduler import EventBridgeSchedulerClient

SOONEST_S = 15
"""EventBridge Scheduler refuses a time that has passed; this leaves room for the call itself."""
RETRY_FOR_S = 3600
RETRIES = 20


@dataclass(frozen=True, slots=True)
class SettleSchedules:
    """Schedules that invoke `settle_event` once and then delete themselves."""

    client: EventBridgeSchedulerClient
    group: str
    function_arn: str
    role_arn: str
    dlq_arn: str

    def put(self, request: SettleEvent, *, at_ts: float, now: float) -> None:
        """Settle at *at_ts*, or shortly when that is past; an earlier schedule of the event moves there."""
        schedule = self._schedule(request, max(at_ts, now + SOONEST_S))
        try:
            self.client.create_schedule(**schedule)
        except self.client.exceptions.ConflictException:
            self._move(schedule)

    def _move(self, schedule: Any) -> None:
        try:
            self.client.update_schedule(**schedule)
        except self.client.exceptions.ResourceNotFoundException:  # it ran, and deleted itself, in between
            self.client.create_schedule(**schedule)

    def _schedule(self, request: SettleEvent, at_ts: float) -> Any:
        at = datetime.fromtimestamp(int(at_ts), UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return {
            "Name": event_schedule_name(request.event_id, "settle"),
            "GroupName": self.group,
            "ScheduleExpression": f"at({at})",
            "ScheduleExpressionTimezone": "UTC",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE",
            "Target": {
                "Arn": self.function_arn,
                "RoleArn": self.role_arn,
                "Input": codec.encode(request).decode(),
                "DeadLetterConfig": {"Arn": self.dlq_arn},
                "RetryPolicy": {"MaximumEventAgeInSeconds": RETRY_FOR_S, "MaximumRetryAttempts": RETRIES},
            },
        }
