"""Rotates VENs' certificates: one when asked, and by schedule each whose time has come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from contracts.store.keys import VENS
from lambdas.rotate_ven.adapters import Rotation
from lambdas.rotate_ven.logic import Request, due
from lambdas.shared import answers, clients, clock, settings
from lambdas.shared.tables import Table
from lambdas.shared.ven_identity.certificates import Certificates
from lambdas.shared.ven_identity.registry import Registry
from lambdas.shared.ven_identity.vault import Vault

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()


class Rotated(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """What came of it: the certificate in force, whether the VEN has changed over, how many VENs failed."""

    ok: bool = True
    certificate_id: str | None = None
    changed_over: bool | None = None
    begun: int = 0
    finished: int = 0
    failed: int = 0


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> answers.Answer:  # noqa: ARG001 - Lambda's form
    """Begin or finish one VEN's rotation, or sweep over all VENs."""
    metrics.add_metric(name="RotationRequested", unit=MetricUnit.Count, value=1)
    return answers.answer(lambda: rotate(event, now=clock.utc_now()))


def rotate(event: Any, *, now: float) -> Rotated:
    """Do what *event* asks."""
    request = answers.request(Request, event)
    needs = settings.read(settings.RotateVen)
    rotation = _rotation(needs)
    if request.op == "begin":
        new_id = rotation.begin(str(request.ven_id), now=now)
        logger.info("rotation begun", ven_id=request.ven_id, certificate_id=new_id)
        return Rotated(certificate_id=new_id, begun=1)
    if request.op == "finish":
        changed_over = rotation.finish(str(request.ven_id))
        return Rotated(changed_over=changed_over, finished=int(changed_over))
    if request.op == "revoke":
        rotation.revoke(str(request.ven_id))
        logger.info("revoked", ven_id=request.ven_id)
        return Rotated()
    return sweep(rotation, needs.rotate_days, now=now)


def sweep(rotation: Rotation, rotate_days: int, *, now: float) -> Rotated:
    """Finish every rotation whose VEN has changed over, begin each that is due; one VEN harms no other."""
    begun = finished = failed = 0
    for ven_id, registration in rotation.registry.all():
        try:
            finished += rotation.finish(ven_id)
            if registration.resource_id is not None and due(registration.certified_ts, rotate_days, now):
                rotation.begin(ven_id, now=now)
                begun += 1
        except Exception as error:  # noqa: BLE001 - the others are looked at all the same
            failed += 1
            logger.error(  # noqa: TRY400 - a traceback quotes what AWS was given
                "rotation failed", ven_id=ven_id, reason=clients.error_code(error)
            )
    metrics.add_metric(name="RotationFailed", unit=MetricUnit.Count, value=failed)
    return Rotated(begun=begun, finished=finished, failed=failed)


def _rotation(needs: settings.RotateVen) -> Rotation:
    return Rotation(
        Certificates(clients.iot()),
        Vault(clients.secrets()),
        Registry(Table(clients.dynamodb(), needs.vens_table, VENS)),
        clients.iot_data(),
        needs.stage,
        needs.ven_policy,
    )
