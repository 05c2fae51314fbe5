"""What `api` works with: tables that it reads, and the functions that it has do the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import msgspec

from contracts.api.requests import Refused
from contracts.errors import VenTwinError
from contracts.store.items import Item, from_item, to_item
from contracts.store.keys import COMMANDS, EVENTS, TELEMETRY, VENS
from contracts.wire import codec
from lambdas.api.logic.problems import of_refusal
from lambdas.shared import clients, settings
from lambdas.shared.answers import ANSWER_MAX_BYTES
from lambdas.shared.event_book import EventBook
from lambdas.shared.tables import Table

T = TypeVar("T", bound=msgspec.Struct)


class FunctionFailedError(VenTwinError):
    """A function that was asked failed; its own log has the cause.

    Attributes:
        function: its name.
    """

    def __init__(self, function: str) -> None:
        self.function = function
        super().__init__(function)


@dataclass(frozen=True)
class Adapters:
    """Adapters of one sandbox."""

    needs: settings.Api

    @cached_property
    def vens(self) -> Table:
        """The VENs."""
        return Table(clients.dynamodb(), self.needs.vens_table, VENS)

    @cached_property
    def telemetry(self) -> Table:
        """Their telemetry."""
        return Table(clients.dynamodb(), self.needs.telemetry_table, TELEMETRY)

    @cached_property
    def commands(self) -> Table:
        """Commands and their acks."""
        return Table(clients.dynamodb(), self.needs.commands_table, COMMANDS)

    @cached_property
    def events(self) -> EventBook:
        """Events."""
        return EventBook(Table(clients.dynamodb(), self.needs.events_table, EVENTS))

    def dispatch(self, request: Mapping[str, Any], kind: type[T], named: Mapping[str, str]) -> T:
        """Have `dispatch_event` do *request*. Returns and raises as `ask`."""
        return ask(self.needs.dispatch_function, request, kind, named)

    def issue(self, request: Mapping[str, Any], kind: type[T], named: Mapping[str, str]) -> T:
        """Have `issue_command` do *request*. Returns and raises as `ask`."""
        return ask(self.needs.issue_function, request, kind, named)

    def settle(self, request: Mapping[str, Any], kind: type[T]) -> T:
        """Have `settle_event` do *request*. Returns and raises as `ask`."""
        return ask(self.needs.settle_function, request, kind, {})


def ask(function: str, request: Mapping[str, Any], kind: type[T], named: Mapping[str, str]) -> T:
    """Invoke *function* and return its answer as a *kind*.

    Raises:
        ProblemError: it refused; *named* says what its fields are called here.
        FunctionFailedError: it failed.
    """
    answered = clients.functions().invoke(FunctionName=function, Payload=codec.encode(request))
    if answered.get("FunctionError"):
        raise FunctionFailedError(function)
    answer = codec.load_object(answered["Payload"].read(), max_bytes=ANSWER_MAX_BYTES)
    if answer.get("ok") is False:
        raise of_refusal(codec.convert(Refused, answer), named=named)
    return codec.convert(kind, answer)


def page_of(
    table: Table, partition: str, between: tuple[str, str], names: tuple[str, ...], limit: int
) -> tuple[list[Item], bool]:
    """Up to *limit* items of *partition* with sort keys in *between*, and whether there may be more."""
    first, last = between
    if first > last:
        return [], False
    projection = {f"#a{index}": name for index, name in enumerate(names)}
    found = table.client.query(
        TableName=table.name,
        KeyConditionExpression="#p = :p AND #s BETWEEN :a AND :b",
        ProjectionExpression=", ".join(projection),
        ExpressionAttributeNames={"#p": table.keys.partition, "#s": str(table.keys.sort), **projection},
        ExpressionAttributeValues=to_item({":p": partition, ":a": first, ":b": last}),
        Limit=limit,
        ConsistentRead=True,
    )
    return [from_item(item) for item in found["Items"]], "LastEvaluatedKey" in found


def open_adapters() -> Adapters:
    """The desk of this sandbox."""
    return Adapters(settings.read(settings.Api))
