"""Commands to VENs, and their acks."""

from __future__ import annotations

from contracts.api.requests import CommandIssued
from contracts.store import views
from contracts.store.keys import Key
from lambdas.api.logic.problems import NOT_FOUND, ProblemError
from lambdas.api.logic.requests import Asked, Given


def send_command(asked: Asked) -> Given:
    """Have the command sent."""
    ven_id, body = asked.path.ven_id, asked.body
    correlation_id = asked.one_id("cmd-", body.correlation_id, "correlation id")
    request = {"venId": ven_id, "op": body.op, "data": body.data}
    request |= {"correlationId": correlation_id} if correlation_id else {}
    keyed = asked.headers.idempotency_key is not None
    named = {"correlationId": "Idempotency-Key"} if keyed else {}
    issued = asked.desk.issue(request, CommandIssued, named)
    return Given(issued, {"Location": f"/vens/{ven_id}/commands/{issued.correlation_id}"})


def get_command(asked: Asked) -> Given:
    """The command, with its ack when there is one."""
    path = asked.path
    item = asked.desk.commands.get(Key(path.ven_id, path.correlation_id))
    command = None if item is None else views.command(item)
    if command is None:
        raise ProblemError(
            NOT_FOUND, f"no command {path.correlation_id!r} of that VEN", field="correlationId"
        )
    return Given(command)
