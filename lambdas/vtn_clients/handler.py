"""Makes, shows, changes and removes the VTN's clients. A secret is in one answer, and nowhere else."""

from __future__ import annotations

import secrets

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.openadr.client_requests import ClientAnswer, ClientList, ClientOp, ClientRequest
from contracts.openadr.ids import ClientId
from contracts.store.vtn_clients import SECRET_BYTES, ClientRow
from lambdas.shared import answers, clients, clock, settings
from lambdas.shared.invocation import Event, logger
from lambdas.shared.oadr_clients import ClientBook
from lambdas.vtn_clients.adapters import open_book
from lambdas.vtn_clients.logic import changed, new_client, rotated, shown
from lambdas.vtn_clients.settings import ClientSettings

clients.at_init(__package__, clients.dynamodb)
ID_BYTES = 8


@logger.inject_lambda_context
def handler(event: Event, context: LambdaContext) -> answers.Answer:  # noqa: ARG001 - Lambda's signature
    """Carry out one operation on the clients."""
    return answers.answer(lambda: carry_out(event, now=clock.utc_now()))


def carry_out(event: Event, *, now: float) -> msgspec.Struct:
    """Carry out the operation in *event*.

    Raises:
        RequestRefusedError: there is no such client, or one already, or another change came between.
    """
    request = answers.request(ClientRequest, event)
    book = open_book(settings.read(ClientSettings))
    if request.op is ClientOp.LIST:
        rows = sorted(book.all(), key=lambda row: row.client_id)
        return ClientList(clients=tuple(shown(row, now=now) for row in rows))
    answer = _make(book, request, now) if request.op is ClientOp.MAKE else _change(book, request, now)
    if request.op is not ClientOp.SHOW:
        logger.info("clients changed", op=request.op, client_id=answer.client.client_id)
    return answer


def _make(book: ClientBook, request: ClientRequest, now: float) -> ClientAnswer:
    client_id = request.client_id or ClientId(secrets.token_hex(ID_BYTES))
    secret = secrets.token_urlsafe(SECRET_BYTES)
    row = new_client(client_id, request.wanted(), secret, now=now)
    if not book.add(row):
        raise answers.conflict(f"there is a client {client_id} already", "clientId")
    return ClientAnswer(client=shown(row, now=now), client_secret=secret)


def _change(book: ClientBook, request: ClientRequest, now: float) -> ClientAnswer:
    row = book.find(request.of_client())
    if row is None:
        raise answers.not_found(f"no client {request.client_id}", "clientId")
    if request.op is ClientOp.SHOW:
        return ClientAnswer(client=shown(row, now=now))
    if request.op is ClientOp.REMOVE:
        _insist(written=book.drop(row))
        return ClientAnswer(client=shown(row, now=now))
    if request.op is ClientOp.ROTATE:
        secret = secrets.token_urlsafe(SECRET_BYTES)
        after: ClientRow = rotated(row, secret, grace_s=request.grace_s, now=now)
        _insist(written=book.replace(after))
        return ClientAnswer(client=shown(after, now=now), client_secret=secret)
    after = changed(row, request)
    _insist(written=book.replace(after))
    return ClientAnswer(client=shown(after, now=now))


def _insist(*, written: bool) -> None:
    """Raise RequestRefusedError unless the change was *written*."""
    if not written:
        raise answers.conflict("another change of this client came between: try again", "clientId")
