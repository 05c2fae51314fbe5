"""A call with who makes it, as the operations take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.openadr.ids import ClientId
from contracts.openadr.operations import OadrCollection, Verb
from contracts.openadr.routes import VtnRoute
from lambdas.shared.gateway_calls import GatewayCall
from lambdas.shared.object_privacy import VtnCaller
from lambdas.shared.vtn_problems import forbidden


@dataclass(frozen=True, slots=True)
class VtnRequest:
    """A call whose token holds, by a caller who may.

    Attributes:
        call: as it came.
        route: what it asks for.
        parameters: those in its path, by name.
        caller: who calls.
        now: UTC s.
    """

    call: GatewayCall
    route: VtnRoute
    parameters: Mapping[str, str]
    caller: VtnCaller
    now: float

    @property
    def collection(self) -> OadrCollection:
        """The objects that it is on."""
        assert self.route.collection is not None  # noqa: S101 - of routes with a verb alone
        return self.route.collection

    @property
    def verb(self) -> Verb:
        """The operation on them."""
        assert self.route.verb is not None  # noqa: S101 - as above
        return self.route.verb

    @property
    def owner(self) -> ClientId | None:
        """The client whose objects alone it sees; None where it sees those of all."""
        return None if self.caller.is_bl else self.caller.client.client_id

    def header(self, name: str) -> str | None:
        """A header by its lower-case name."""
        return self.call.headers.get(name)


def check_rights(route: VtnRoute, caller: VtnCaller) -> None:
    """Refuse what the caller's role or scopes do not have. Raises VtnProblemError."""
    if route.rights is None:
        return
    scope = route.rights.bl if caller.is_bl else route.rights.ven
    if scope is None:
        raise forbidden(f"{route.operation}: not for {'the business logic' if caller.is_bl else 'VENs'}")
    if scope not in caller.client.scopes:
        raise forbidden(f"{route.operation}: needs the scope {scope.value}")
