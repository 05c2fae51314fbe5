"""The tables that `api` reads, and the functions that it invokes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import msgspec

from contracts.api.requests import Refused
from contracts.store.items import Item
from contracts.store.keys import COMMANDS, EVENTS, TELEMETRY, VENS
from contracts.wire import codec
from contracts.wire.codec import JsonObject
from lambdas.api.logic.problems import of_refusal
from lambdas.api.settings import ApiSettings
from lambdas.shared import clients, settings
from lambdas.shared.event_book import EventBook
from lambdas.shared.function_calls import call_function
from lambdas.shared.group_book import GroupBook
from lambdas.shared.oadr_event_book import OadrEventBook
from lambdas.shared.program_book import ProgramBook
from lambdas.shared.tables import Table

T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True)
class ApiAdapters:
    """The tables, each opened when it is first used, and the functions."""

    settings: ApiSettings

    @cached_property
    def vens(self) -> Table:
        """The VENs."""
        return clients.table(self.settings.vens_table, VENS)

    @cached_property
    def telemetry(self) -> Table:
        """Their telemetry."""
        return clients.table(self.settings.telemetry_table, TELEMETRY)

    @cached_property
    def commands(self) -> Table:
        """Commands and their acks."""
        return clients.table(self.settings.commands_table, COMMANDS)

    @cached_property
    def events(self) -> EventBook:
        """Events."""
        return EventBook(clients.table(self.settings.events_table, EVENTS))

    @cached_property
    def groups(self) -> GroupBook:
        """Groups of VENs."""
        return GroupBook(self.events.table)

    @cached_property
    def programs(self) -> ProgramBook:
        """Programs."""
        return ProgramBook(self.events.table)

    @cached_property
    def oadr_events(self) -> OadrEventBook:
        """The VTN's events at the stage's VENs."""
        return OadrEventBook(self.events.table)

    def dispatch(self, request: JsonObject, kind: type[T], named: Mapping[str, str]) -> T:
        """Have `dispatch_event` do *request*. Returns and raises as `invoke`."""
        return invoke(self.settings.dispatch_function, request, kind, named)

    def issue(self, request: JsonObject, kind: type[T], named: Mapping[str, str]) -> T:
        """Have `issue_command` do *request*. Returns and raises as `invoke`."""
        return invoke(self.settings.issue_function, request, kind, named)

    def settle(self, request: JsonObject, kind: type[T]) -> T:
        """Have `settle_event` do *request*. Returns and raises as `invoke`."""
        return invoke(self.settings.settle_function, request, kind, {})


def invoke(function: str, request: JsonObject, kind: type[T], named: Mapping[str, str]) -> T:
    """Invoke *function* and return its answer as a *kind*.

    Raises:
        ProblemError: it refused; *named* has the call's names of its fields.
        FunctionFailedError: it failed.
    """
    answer = call_function(function, request)
    if answer.get("ok") is False:
        raise of_refusal(codec.convert(Refused, answer), named=named)
    return codec.convert(kind, answer)


def page_of(
    table: Table, partition: str, between: tuple[str, str], names: Sequence[str], limit: int
) -> tuple[list[Item], bool]:
    """Up to *limit* items of *partition* with sort keys in *between*, and whether there may be more."""
    first, last = between
    if first > last:
        return [], False
    return table.first_items(partition, between, names, limit)


def open_adapters() -> ApiAdapters:
    """Open the adapters that the environment names."""
    return ApiAdapters(settings.read(ApiSettings))
