"""Between the VTN and the stage's events: a queue of orders, and a sweep every few minutes.

vtn, dispatch_event ─▶ orders ─▶ vtn_dispatch ─┬▶ dispatch_event ─▶ shadows
                         │            ▲        ├▶ VENs, telemetry: what VENs of OpenADR report
                         ▼            └─ sweep └▶ the VTN: their shares, and the reports of others ─▶ changes
                    dead letters
"""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from constructs import Construct

from cdk.lambda_function import LambdaFunction
from cdk.queues import Inlet
from cdk.schedules import Schedules
from cdk.shared_resources import SharedResources
from cdk.vtn_notifications import VtnNotifications

SWEEP_EVERY = Duration.minutes(5)
DISPATCH_S = 300
"""Twice as long as `dispatch_event` may take, for a batch whose events are dispatched one by one."""
ORDERS_TOGETHER = 5


class VtnDispatch(Construct):
    """The function that has the VTN's events dispatched.

    Attributes:
        orders: the queue that `vtn` writes to.
        function: the function.
    """

    def __init__(
        self,
        scope: Construct,
        resources: SharedResources,
        *,
        dispatch: LambdaFunction,
        schedules: Schedules,
        notifications: VtnNotifications,
    ) -> None:
        super().__init__(scope, "Dispatch")
        stage = resources.stage
        self.orders = Inlet(self, "Orders", stage=stage, visibility_s=max(DISPATCH_S, stage.visibility_s))
        self.function = resources.function(
            "vtn_dispatch",
            "Has the events of the VTN dispatched and reported on, and VENs of OpenADR told and heard",
            {
                "vtn": "GetItem Query PutItem DeleteItem ConditionCheckItem",
                "events": "GetItem PutItem UpdateItem Query",
                "vens": "BatchGetItem GetItem UpdateItem DeleteItem",
                "telemetry": "Query PutItem UpdateItem DeleteItem",
            },
            timeout_s=DISPATCH_S,
            memory_mb=512,
            CHANGES_QUEUE=notifications.changes.queue.queue_url,
            DISPATCH_FUNCTION=dispatch.function.function_name,
            RETENTION_DAYS=str(stage.retention_days),
            SETTLE_DELAY_S=str(stage.settle_delay_s),
        )
        self.function.allow("lambda:InvokeFunction", on=[dispatch.function.function_arn])
        notifications.let_tell(self.function)
        dispatch.function.add_environment("ORDERS_QUEUE", self.orders.queue.queue_url)
        self.let_order(dispatch)
        self.function.feed(self.orders.queue, batch_size=ORDERS_TOGETHER)
        # Not repeated: the next sweep does what this one would have.
        self.function.retry(0, within=SWEEP_EVERY, dead=resources.failed_starts)
        scheduler.Schedule(
            self,
            "Every",
            schedule=scheduler.ScheduleExpression.rate(SWEEP_EVERY),
            schedule_group=schedules.group,
            target=targets.LambdaInvoke(
                self.function.function,
                role=schedules.role,
                input=scheduler.ScheduleTargetInput.from_object({"sweep": "events"}),
                dead_letter_queue=resources.failed_starts,
                retry_attempts=0,
                max_event_age=SWEEP_EVERY,
            ),
            description="Events of the VTN that go on, and what no order has come for",
        )

    def let_order(self, function: LambdaFunction) -> None:
        """Let *function* write orders."""
        function.allow("sqs:SendMessage", on=[self.orders.queue.queue_arn])
