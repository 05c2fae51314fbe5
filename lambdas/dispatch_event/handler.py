"""Creates, revises, cancels and deletes DR events, and shares a running one out again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from contracts.api.requests import DispatchEvent, EventDispatched
from contracts.wire.ids import EventId
from lambdas.dispatch_event.settings import DispatchSettings
from lambdas.shared import answers, clock, settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> answers.Answer:
    """Change a DR event and write it to the shadows of the VENs that it is allocated to."""
    metrics.add_metric(name="DispatchRequested", unit=MetricUnit.Count, value=1)
    answer = answers.answer(lambda: dispatch(event, context, now=clock.utc_now()))
    metrics.add_metric(
        name="EventDispatched" if answer["ok"] else "EventRefused", unit=MetricUnit.Count, value=1
    )
    if answer["ok"]:
        metrics.add_metric(name="ShortfallKw", unit=MetricUnit.NoUnit, value=answer["shortfallKw"])
    return answer


def dispatch(event: Any, context: LambdaContext, *, now: float) -> EventDispatched:
    """Carry out the request in *event*; without an event id, Lambda's request id makes it."""
    from lambdas.dispatch_event import lifecycle  # noqa: PLC0415 - not for a request that is refused
    from lambdas.dispatch_event.adapters import open_adapters  # noqa: PLC0415

    request = answers.request(DispatchEvent, event)
    event_id = request.event_id or EventId(f"evt-{context.aws_request_id}")
    adapters = open_adapters(settings.read(DispatchSettings), context.invoked_function_arn)
    if request.action == "redispatch":
        dispatched, outcome = lifecycle.redispatch(adapters, event_id, now=now)
        if outcome is not None and outcome.delivered_kw is not None:
            metrics.add_metric(name="DeliveredKw", unit=MetricUnit.NoUnit, value=outcome.delivered_kw)
            metrics.add_metric(name="VensRecalled", unit=MetricUnit.Count, value=len(outcome.changed))
    else:
        changes = {
            "create": lifecycle.create,
            "revise": lifecycle.revise,
            "cancel": lifecycle.cancel,
            "delete": lifecycle.delete,
        }
        dispatched = changes[request.action](adapters, request, event_id, now=now)
    logger.info(
        "event dispatched",
        action=request.action,
        event_id=event_id,
        revision=dispatched.revision,
        vens=len(dispatched.assignments),
        note=dispatched.note,
    )
    return dispatched
