"""Requests to `vtn_clients`, and its answers. Whoever may invoke it makes and removes clients."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from contracts.errors import FieldError
from contracts.openadr.ids import ClientId
from contracts.openadr.scopes import ROLE_SCOPES, Role, Scope

CLIENT_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$(?!\n)"
"""Of the ids that the stage's own clients have; an identity provider's are any."""
GRACE_S = 24 * 3600
"""An old secret is good for so long after another one was made, unless told otherwise."""
GRACE_MAX_S = 30 * 24 * 3600


def is_client_id(text: str) -> bool:
    """True of an id that a client of the stage can have."""
    return re.fullmatch(CLIENT_ID_PATTERN, text) is not None


StageClientId = Annotated[ClientId, Meta(pattern=CLIENT_ID_PATTERN)]


class ClientOp(StrEnum):
    """An operation on the VTN's clients."""

    MAKE = "make"
    LIST = "list"
    SHOW = "show"
    ROTATE = "rotate"
    SCOPES = "scopes"
    DISABLE = "disable"
    ENABLE = "enable"
    REMOVE = "remove"


class ClientRequest(msgspec.Struct, rename="camel", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Request `vtn_clients` to do *op*, on one client but for a list. To make one, its id may be left out.

    *role* or *scopes* are what a client gets, when it is made or later. *grace_s* is how long the secret of
    before is good after a rotation, 0 for no longer.
    """

    op: ClientOp
    client_id: StageClientId | None = None
    role: Role | None = None
    scopes: tuple[Scope, ...] | None = None
    grace_s: Annotated[int, Meta(ge=0, le=GRACE_MAX_S)] = GRACE_S

    def __post_init__(self) -> None:
        """Hold each operation to what it needs."""
        if self.client_id is None and self.op not in {ClientOp.LIST, ClientOp.MAKE}:
            raise FieldError("clientId", f"required to {self.op}")
        if self.op in {ClientOp.MAKE, ClientOp.SCOPES}:
            self.wanted()

    def of_client(self) -> ClientId:
        """The client of an operation that is on one. Raises FieldError for a list."""
        if self.client_id is None:
            raise FieldError("clientId", f"is none in a {self.op}")
        return self.client_id

    def wanted(self) -> frozenset[Scope]:
        """The scopes of the role, or those that were named. Raises FieldError unless it is one of both."""
        if (self.role is None) == (self.scopes is None):
            raise FieldError("scopes", f"either a role ({', '.join(Role)}) or scopes ({', '.join(Scope)})")
        if self.role is not None:
            return ROLE_SCOPES[self.role]
        if not self.scopes:
            raise FieldError("scopes", f"name at least one of {', '.join(Scope)}")
        return frozenset(self.scopes)


class VtnClient(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A client as it stands. *secrets* is how many open it now, until *old_until_ts* more than one."""

    client_id: ClientId
    role: Role
    scopes: tuple[Scope, ...]
    disabled: bool
    secrets: int
    created_ts: float
    rotated_ts: float | None = None
    old_until_ts: float | None = None


class ClientAnswer(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The client after the operation. *client_secret* is there when one was made, this once."""

    client: VtnClient
    client_secret: str | None = None
    ok: bool = True


class ClientList(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """All clients, by their ids."""

    clients: tuple[VtnClient, ...]
    ok: bool = True
