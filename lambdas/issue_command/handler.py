"""Sends one operation to one VEN and records it, so that its ack can be joined to it."""

from __future__ import annotations

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.api.requests import CommandIssued, IssueCommand, QuarantineVen, VenQuarantined
from contracts.openadr.oadr_vens import is_oadr_ven
from contracts.store.keys import Key
from contracts.wire.ids import CorrelationId
from contracts.wire.topics import Topics
from lambdas.issue_command.adapters import open_adapters
from lambdas.issue_command.logic import plan_command
from lambdas.issue_command.settings import CommandSettings
from lambdas.shared import answers, clients, clock, invocation, settings
from lambdas.shared.invocation import Event, entry, logger
from lambdas.shared.tables import Condition

clients.at_init(__package__, clients.dynamodb, clients.iot_data)


@entry
def handler(event: Event, context: LambdaContext) -> answers.Answer:
    """Validate an operation, record it, publish it on ``ven/cmd/{venId}`` with QoS 1; or set a quarantine."""
    if isinstance(event, dict) and "quarantined" in event:
        return invocation.answer(
            lambda: quarantine(event, now=clock.utc_now()),
            requested="QuarantineRequested",
            done="QuarantineSet",
            refused="QuarantineRefused",
        )
    return invocation.answer(
        lambda: issue(event, context.aws_request_id, now=clock.utc_now()),
        requested="CommandRequested",
        done="CommandIssued",
        refused="CommandRefused",
    )


def issue(event: Event, request_id: str, *, now: float) -> CommandIssued:
    """Issue the command in *event*; without a correlation id, Lambda's request id is it.

    The row is written before the command is published, so that an ack never comes first, and so that
    a repeat of a request that was cut short in between publishes it.

    Raises:
        RequestRefusedError: there is no such VEN, or the correlation id is of another command.
        FieldError: as `plan_command`.
    """
    request = answers.request(IssueCommand, event)
    environment = settings.read(CommandSettings)
    correlation_id = request.correlation_id or CorrelationId(request_id)
    planned = plan_command(
        request, correlation_id=correlation_id, now=now, retention_days=environment.retention_days
    )
    if is_oadr_ven(request.ven_id):
        raise answers.conflict("is a VEN of OpenADR, which takes events and no commands", "venId")
    adapters = open_adapters(environment)
    if adapters.vens.get(Key(request.ven_id)) is None:
        raise answers.not_found(f"no VEN {request.ven_id!r}", "venId")
    answer = planned.answer
    if not adapters.commands.put_new(planned.row):
        row = adapters.commands.get(Key(request.ven_id, correlation_id))
        if not planned.same_as(row):
            raise answers.conflict("used for another command already", "correlationId")
        answer = msgspec.structs.replace(answer, issued_ts=float((row or {})["issuedTs"]))
    adapters.iot.publish(topic=Topics(request.ven_id).command, qos=1, payload=planned.message)
    logger.info("command issued", ven_id=request.ven_id, op=answer.op, correlation_id=correlation_id)
    return answer


def quarantine(event: Event, *, now: float) -> VenQuarantined:
    """Quarantine the VEN in *event*, or let it in again; one that is quarantined stays so since when it was.

    Raises:
        RequestRefusedError: there is no such VEN.
    """
    request = answers.request(QuarantineVen, event)
    vens, key = open_adapters(settings.read(CommandSettings)).vens, Key(request.ven_id)
    there = Condition("attribute_exists(#ven)", {"#ven": "venId"})
    once = {"quarantinedTs": now} if request.quarantined else None
    if not vens.update(key, {} if request.quarantined else {"quarantinedTs": None}, once=once, when=there):
        raise answers.not_found(f"no VEN {request.ven_id!r}", "venId")
    since_ts = (vens.get(key) or {}).get("quarantinedTs")
    logger.info("quarantine set", ven_id=request.ven_id, quarantined=request.quarantined)
    return VenQuarantined(ven_id=request.ven_id, quarantined_ts=since_ts)
