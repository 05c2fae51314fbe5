"""The names that a stage's stack takes up in an account, by which two deployments can collide."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from contracts.store.stack import claim_secret_name, claim_template_name, tls_secret_name, ven_policy_name
from contracts.wire.ids import VenId


class Kind(StrEnum):
    """Kinds of resources that the stack gives a name of its own; CloudFormation names all others."""

    THING = "thing"
    RULE = "IoT rule"
    POLICY = "IoT policy"
    TEMPLATE = "provisioning template"
    SECRET = "secret"  # noqa: S105 - a kind, no secret
    GROUP = "schedule group"
    DASHBOARD = "dashboard"


class NamedResource(msgspec.Struct, frozen=True):
    """A resource with a name of its own."""

    kind: Kind
    name: str


class Existing(msgspec.Struct, frozen=True):
    """A resource of such a name that is there.

    Attributes:
        resource: its kind and name.
        deleted: a secret that is on its way out, and holds its name until then.
    """

    resource: NamedResource
    deleted: bool = False


RULES = ("telemetry", "loads", "acks", "connected", "disconnected", "shadows")


def names_of(stage: str, vens: Sequence[VenId]) -> tuple[NamedResource, ...]:
    """Every name that the stack of *stage* for *vens* takes up."""
    return (
        *(NamedResource(Kind.THING, ven_id) for ven_id in vens),
        *(NamedResource(Kind.RULE, f"ven_twin_{stage}_{name}") for name in RULES),
        NamedResource(Kind.POLICY, ven_policy_name(stage)),
        NamedResource(Kind.POLICY, f"ven-twin-{stage}-claim"),
        NamedResource(Kind.TEMPLATE, claim_template_name(stage)),
        *(NamedResource(Kind.SECRET, tls_secret_name(stage, ven_id)) for ven_id in vens),
        NamedResource(Kind.SECRET, claim_secret_name(stage)),
        NamedResource(Kind.GROUP, f"ven-twin-{stage}"),
        NamedResource(Kind.DASHBOARD, f"ven-twin-{stage}"),
    )
