"""VEN ids that cannot be had: a thing's name is the account's and the region's, and no stage's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from contracts.errors import FieldError
from contracts.store.stack import fits_stage, stage_of_policy
from contracts.wire.ids import VenId
from lambdas.shared.registry import Registry

if TYPE_CHECKING:
    from types_boto3_iot import IoTClient

REASONS_MAX = 5
"""Named in one refusal; CloudFormation cuts a long reason."""


def refuse_conflicts(ven_ids: Iterable[VenId], iot: IoTClient, registry: Registry) -> None:
    """Refuse VENs whose thing is there already and not of this stack.

    A VEN that the registry has with a resource of CloudFormation is this stack's own.

    Raises:
        FieldError: with whose each is, and what to do.
    """
    _refuse("vens", [reason for ven_id in ven_ids if (reason := _conflict(ven_id, iot, registry))])


def refuse_misfits(pattern: str, registry: Registry) -> None:
    """Refuse a pattern of ids that VENs of this stage do not fit: no function could reach them any more.

    Raises:
        FieldError: with the VENs, and what to do.
    """
    if pattern == "*":
        return
    remedy = "take it out in a deployment before this one, or revoke it if it came in by claim"
    misfits = (ven_id for ven_id, _ in registry.all() if not fits_stage(ven_id, pattern))
    _refuse("ven_id_prefix", [f"{ven_id} is none of {pattern}: {remedy}" for ven_id in misfits])


def _refuse(field: str, reasons: list[str]) -> None:
    if reasons:
        more = f"; and {len(reasons) - REASONS_MAX} more" if len(reasons) > REASONS_MAX else ""
        raise FieldError(field, "; ".join(reasons[:REASONS_MAX]) + more)


def _conflict(ven_id: VenId, iot: IoTClient, registry: Registry) -> str | None:
    """The reason against taking up *ven_id* with the stack, or None."""
    registration = registry.find(ven_id)
    if registration.resource_id is not None:
        return None
    reason = others_thing(ven_id, iot)
    if reason is not None and registration.certificate_id is not None:
        return f"{ven_id} came in by claim: revoke it (ven-twin certs revoke), or leave it out"
    return reason


def others_thing(ven_id: VenId, iot: IoTClient) -> str | None:
    """The reason against a VEN that this stage does not have: the thing of its name is another's. Or None."""
    try:
        stages = set(_stages(ven_id, iot))
    except iot.exceptions.ResourceNotFoundException:
        return None
    if stages:
        return (
            f"{ven_id} is a VEN of stage {'/'.join(sorted(stages))} here: take another id, or remove it there"
        )
    return f"{ven_id} is a thing of this account that is no stage's: take another id, or delete it"


def _stages(thing: str, iot: IoTClient) -> Iterator[str]:
    """The stages whose policy a certificate of *thing* has. Raises what boto3 does without the thing."""
    for page in iot.get_paginator("list_thing_principals").paginate(thingName=thing):
        for principal in page["principals"]:
            for policy in iot.list_attached_policies(target=principal)["policies"]:
                stage = stage_of_policy(policy["policyName"])
                if stage is not None:
                    yield stage
