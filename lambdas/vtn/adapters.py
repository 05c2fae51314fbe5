"""The table, the tokens, the callbacks and the queue of changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from contracts.openadr.external_issuer import NO_ISSUER
from contracts.openadr.objects import ObjectType
from contracts.store.vtn_keys import SHARED_TYPES, VTN
from lambdas.shared import bearer_tokens, clients, settings
from lambdas.shared.bearer_tokens import TokenReader, TokenSettings
from lambdas.shared.callback_urls import CallbackHosts
from lambdas.shared.callbacks import Callbacks
from lambdas.shared.vtn_book import VtnBook
from lambdas.shared.vtn_changes import Changes, NobodyToTell, QueueOfChanges
from lambdas.vtn.echo_checks import CallbackChecker, EchoChecks
from lambdas.vtn.settings import VtnSettings, is_set
from lambdas.vtn.warm_collections import WarmCollection


def _cold() -> dict[ObjectType, WarmCollection]:
    return {object_type: WarmCollection(object_type) for object_type in SHARED_TYPES}


@dataclass(frozen=True)
class VtnAdapters:
    """All that the operations reach, each opened when it is first used."""

    settings: VtnSettings
    collections: dict[ObjectType, WarmCollection] = field(default_factory=_cold)

    @property
    def is_issued_here(self) -> bool:
        """True where the stage issues tokens itself, so that each client has an item."""
        return self.settings.external_issuer in {"", NO_ISSUER}

    @cached_property
    def book(self) -> VtnBook:
        """The objects."""
        return VtnBook(clients.table(self.settings.vtn_table, VTN))

    @cached_property
    def tokens(self) -> TokenReader:
        """The reader of tokens."""
        return bearer_tokens.open_token_reader(settings.read(TokenSettings))

    @cached_property
    def token_url(self) -> str:
        """The URL at which clients get their tokens."""
        return bearer_tokens.token_url(settings.read(TokenSettings))

    @cached_property
    def callbacks(self) -> CallbackChecker:
        """The check of callbacks."""
        ca_pem = self.settings.callback_ca_pem
        hosts = CallbackHosts(self.settings.callback_hosts)
        return EchoChecks(Callbacks(hosts, ca_pem if is_set(ca_pem) else ""))

    @cached_property
    def changes(self) -> Changes:
        """The queue of changes, or nobody."""
        queue = self.settings.changes_queue
        orders = self.settings.orders_queue
        if not is_set(queue):
            return NobodyToTell()
        return QueueOfChanges(queue, orders if is_set(orders) else None)


def open_vtn() -> VtnAdapters:
    """Open the adapters that the environment names."""
    return VtnAdapters(settings.read(VtnSettings))
