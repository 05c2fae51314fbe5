"""The clients' table, and the reader of their tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from contracts.openadr.external_issuer import NO_ISSUER
from contracts.openadr.ids import ClientId
from contracts.store.vtn_keys import GRANTS, VTN, client_partition
from lambdas.shared import bearer_tokens, clients
from lambdas.shared.bearer_tokens import TokenReader
from lambdas.shared.object_privacy import GrantRow, VtnCaller, caller_of
from lambdas.shared.tables import Table
from lambdas.vtn_authorizer.settings import AuthorizerSettings


@dataclass(frozen=True, slots=True)
class AuthorizerAdapters:
    """*is_issued_here* is true where the stage issues tokens itself, so that each client has an item."""

    table: Table
    tokens: TokenReader
    is_issued_here: bool

    def caller(self, token: str, *, now: float) -> VtnCaller:
        """The client of a token, as it is now. Raises TokenRefusedError and ClientGoneError."""
        client = self.tokens.client(f"Bearer {token}", now=now)
        return caller_of(client, self._grants(client.client_id), is_issued_here=self.is_issued_here)

    def _grants(self, client_id: ClientId) -> Iterator[GrantRow]:
        for page in self.table.query_rows(GrantRow, client_partition(client_id), GRANTS):
            yield from page


@cache
def open_adapters(settings: AuthorizerSettings) -> AuthorizerAdapters:
    """Open what the settings name; a warm function has read the keys."""
    return AuthorizerAdapters(
        clients.table(settings.vtn_table, VTN),
        bearer_tokens.open_token_reader(settings),
        is_issued_here=settings.external_issuer in {"", NO_ISSUER},
    )
