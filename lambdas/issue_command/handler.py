"""Sends one operation to one VEN and records it, so that its ack finds its question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from contracts.api.requests import CommandIssued, IssueCommand
from contracts.store.keys import COMMANDS, VENS, Key
from contracts.wire.topics import Topics
from lambdas.issue_command.logic import plan_command
from lambdas.shared import answers, clients, clock, settings
from lambdas.shared.tables import Table

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from types_boto3_iot_data import IoTDataPlaneClient

logger = Logger()
metrics = Metrics()


@dataclass(frozen=True, slots=True)
class Adapters:
    """What the function works with."""

    vens: Table
    commands: Table
    iot: IoTDataPlaneClient


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> answers.Answer:
    """Validate an operation, record it, publish it on ``ven/cmd/{venId}`` with QoS 1."""
    metrics.add_metric(name="CommandRequested", unit=MetricUnit.Count, value=1)
    given = answers.answer(lambda: issue(event, context.aws_request_id, now=clock.utc_now()))
    metrics.add_metric(
        name="CommandIssued" if given["ok"] else "CommandRefused", unit=MetricUnit.Count, value=1
    )
    return given


def issue(event: Any, request_id: str, *, now: float) -> CommandIssued:
    """Issue the command in *event*; without a correlation id, Lambda's request id is it.

    The row is written before the command is published, so that an ack never comes first, and so that
    a repeat of a request that was cut short in between publishes it.
    """
    request = answers.request(IssueCommand, event)
    needs = settings.read(settings.IssueCommand)
    correlation_id = request.correlation_id or request_id
    planned = plan_command(
        request, correlation_id=correlation_id, now=now, retention_days=needs.retention_days
    )
    desk = open_adapters(needs)
    if desk.vens.get(Key(request.ven_id)) is None:
        raise answers.not_found(f"no VEN {request.ven_id!r}", "venId")
    answer = planned.answer
    if not desk.commands.put_new(planned.row):
        found = desk.commands.get(Key(request.ven_id, correlation_id))
        if not planned.same_as(found):
            raise answers.conflict("used for another command already", "correlationId")
        answer = msgspec.structs.replace(answer, issued_ts=float((found or {})["issuedTs"]))
    desk.iot.publish(topic=Topics(request.ven_id).command, qos=1, payload=planned.message)
    logger.info("command issued", ven_id=request.ven_id, op=answer.op, correlation_id=correlation_id)
    return answer


def open_adapters(needs: settings.IssueCommand) -> Adapters:
    """Open the adapters that the environment names."""
    dynamodb = clients.dynamodb()
    return Adapters(
        Table(dynamodb, needs.vens_table, VENS),
        Table(dynamodb, needs.commands_table, COMMANDS),
        clients.iot_data(),
    )
