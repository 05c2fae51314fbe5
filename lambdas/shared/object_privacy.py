"""The objects that a client sees, and how much of their targets.

    owned     (VEN, resource, report, subscription)   the client whose clientID it has
    targeted  (program, event)   no targets: every VEN
                                 else: whose VENs or resources have one of them, or whose VEN is meant by
                                 ``ven:<its id>``; it sees those targets alone
    the business logic           everything, but nobody else's bearer tokens

Source: Definition, Object Privacy; User Guide 8.13 for a query without targets.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

import msgspec

from contracts.errors import VenTwinError
from contracts.openadr.ids import ObjectId
from contracts.openadr.oadr_vens import ven_target
from contracts.openadr.objects import OadrResource, OadrSubscription, OadrVen
from contracts.openadr.scopes import Client, Role, read_scopes
from contracts.openadr.values import Targets

_vens = msgspec.json.Decoder(OadrVen)
_resources = msgspec.json.Decoder(OadrResource)


class ClientGoneError(VenTwinError):
    """The token's client is removed or disabled. Answer 401."""


class GrantRow(msgspec.Struct, frozen=True, rename="camel"):
    """An item of a client's partition: its own, with *scopes*, or a VEN or resource, with its *body*."""

    object_key: str
    body: str | None = None
    scopes: str | None = None
    disabled: bool | None = None


@dataclass(frozen=True)
class VtnCaller:
    """The client that calls, as it is now, with its VENs and resources in the order of creation."""

    client: Client
    vens: tuple[OadrVen, ...] = ()
    resources: tuple[OadrResource, ...] = ()

    @property
    def is_bl(self) -> bool:
        """True of the business logic."""
        return self.client.role is Role.BL

    @cached_property
    def granted(self) -> frozenset[str]:
        """The targets of its VENs and of their resources, and each VEN's own."""
        granting: tuple[OadrVen | OadrResource, ...] = (*self.vens, *self.resources)
        of_all = (target for record in granting for target in record.targets or ())
        return frozenset(of_all) | {ven_target(ven.id) for ven in self.vens}

    def ven(self, ven_id: ObjectId) -> OadrVen | None:
        """Its VEN of that id, or None."""
        return next((ven for ven in self.vens if ven.id == ven_id), None)

    def sees(self, targets: Collection[str] | None) -> bool:
        """True of a program or event with *targets* that the caller may see."""
        return self.is_bl or not targets or not self.granted.isdisjoint(targets)

    def cut(self, targets: Targets | None) -> Targets | None:
        """Those of *targets* that the caller may see."""
        if self.is_bl or not targets or self.granted.issuperset(targets):
            return targets
        return tuple(target for target in targets if target in self.granted)


def caller_of(client: Client, rows: Iterable[GrantRow], *, is_issued_here: bool) -> VtnCaller:
    """The caller, by its token and the items of its partition.

    Of a token that this stage has issued, the client must be there still, and its scopes are those that it
    has now.

    Raises:
        ClientGoneError: it is not, or it is disabled.
    """
    items = {row.object_key: row for row in rows}
    row = items.pop("client", None)
    if row is not None and row.disabled:
        raise ClientGoneError("the client is disabled")
    if is_issued_here:
        if row is None:
            raise ClientGoneError("the client is not there any more")
        client = Client(client.client_id, client.scopes & read_scopes(row.scopes or ""))
    bodies = [(key, row.body) for key, row in items.items() if row.body is not None]
    return VtnCaller(
        client,
        tuple(_vens.decode(body) for key, body in bodies if key.startswith("client#ven#")),
        tuple(_resources.decode(body) for key, body in bodies if key.startswith("client#resource#")),
    )


def without_tokens(subscription: OadrSubscription) -> OadrSubscription:
    """The subscription without its bearer tokens, which nobody but its client is answered."""
    operations = tuple(
        msgspec.structs.replace(record, bearer_token=None) for record in subscription.object_operations
    )
    return msgspec.structs.replace(subscription, object_operations=operations)


def with_tokens_of(changed: OadrSubscription, stored: OadrSubscription) -> OadrSubscription:
    """*changed* with the bearer tokens that the *stored* one has for the same callbacks.

    Interpretation: the business logic cannot see another client's tokens, so that it cannot send them back.
    """
    tokens = {record.callback_url: record.bearer_token for record in stored.object_operations}
    operations = tuple(
        msgspec.structs.replace(record, bearer_token=record.bearer_token or tokens.get(record.callback_url))
        for record in changed.object_operations
    )
    return msgspec.structs.replace(changed, object_operations=operations)
