"""Creates, revises, cancels and deletes DR events, and shares a running one out again."""

from __future__ import annotations

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.api.groups import ChangeGroup, GroupChanged
from contracts.api.programs import ChangeProgram, ProgramChanged
from contracts.api.requests import DispatchEvent, EventDispatched
from contracts.wire.ids import EventId
from lambdas.dispatch_event.settings import DispatchSettings
from lambdas.shared import answers, clients, clock, invocation, settings
from lambdas.shared.invocation import Event, count, entry, logger, measure

DEFINES = frozenset({"groupAction", "rules"})
"""Fields of a request that is about a group or a program, and no event."""

clients.at_init(__package__, clients.dynamodb, clients.iot_data, clients.scheduler, clients.sns, clients.sqs)


@entry
def handler(event: Event, context: LambdaContext) -> answers.Answer:
    """Change an event and write it to the shadows of its VENs; or a group, or a program."""
    if isinstance(event, dict) and not DEFINES.isdisjoint(event):
        return invocation.answer(
            lambda: define(event, context, now=clock.utc_now()),
            requested="DefinitionRequested",
            done="DefinitionChanged",
            refused="DefinitionRefused",
        )
    answer = invocation.answer(
        lambda: dispatch(event, context, now=clock.utc_now()),
        requested="DispatchRequested",
        done="EventDispatched",
        refused="EventRefused",
    )
    if answer["ok"]:
        measure(ShortfallKw=answer["shortfallKw"])
    return answer


def dispatch(event: Event, context: LambdaContext, *, now: float) -> EventDispatched:
    """Carry out the request in *event*; without an event id, Lambda's request id makes it."""
    from lambdas.dispatch_event import lifecycle  # noqa: PLC0415 - not for a request that is refused
    from lambdas.dispatch_event.adapters import open_adapters  # noqa: PLC0415

    request = answers.request(DispatchEvent, event)
    event_id = request.event_id or EventId(f"evt-{context.aws_request_id}")
    adapters = open_adapters(settings.read(DispatchSettings), context.invoked_function_arn)
    if request.action == "redispatch":
        dispatched, outcome = lifecycle.redispatch(adapters, event_id, now=now)
        if outcome is not None and outcome.delivered_kw is not None:
            measure(DeliveredKw=outcome.delivered_kw)
            count(VensRecalled=len(outcome.changed))
    elif request.action == "notify":
        dispatched = lifecycle.notify(adapters, event_id, now=now)
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


def define(event: Event, context: LambdaContext, *, now: float) -> GroupChanged | ProgramChanged:
    """Change the group or the program in *event*."""
    from lambdas.dispatch_event import definitions  # noqa: PLC0415 - as for an event
    from lambdas.dispatch_event.adapters import open_adapters  # noqa: PLC0415

    adapters = open_adapters(settings.read(DispatchSettings), context.invoked_function_arn)
    changed: GroupChanged | ProgramChanged
    if "groupAction" in event:
        changed = definitions.change_group(adapters, answers.request(ChangeGroup, event), now=now)
    else:
        changed = definitions.change_program(adapters, answers.request(ChangeProgram, event), now=now)
    logger.info("definition changed", **msgspec.to_builtins(changed))
    return changed
