"""Commands to VENs, and their acks."""

from __future__ import annotations

from contracts.api.requests import CommandIssued
from contracts.store import views
from contracts.store.keys import Key
from lambdas.api.adapters import ApiAdapters
from lambdas.api.logic.operation import OperationRequest, OperationResult
from lambdas.api.logic.problems import ProblemError, ProblemKind


def send_command(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """Have `issue_command` send the command."""
    ven_id, body = request.path.ven_id, request.body
    correlation_id = request.one_id("cmd-", body.correlation_id, "correlation id")
    command = {"venId": ven_id, "op": body.op, "data": body.data}
    command |= {"correlationId": correlation_id} if correlation_id else {}
    keyed = request.headers.idempotency_key is not None
    named = {"correlationId": "Idempotency-Key"} if keyed else {}
    issued = adapters.issue(command, CommandIssued, named)
    return OperationResult(issued, {"Location": f"/vens/{ven_id}/commands/{issued.correlation_id}"})


def get_command(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """The command, with its ack when there is one."""
    path = request.path
    item = adapters.commands.get(Key(path.ven_id, path.correlation_id))
    command = None if item is None else views.command(item)
    if command is None:
        raise ProblemError(
            ProblemKind.NOT_FOUND, f"no command {path.correlation_id!r} of that VEN", field="correlationId"
        )
    return OperationResult(command)
