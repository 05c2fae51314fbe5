"""Rotates VENs' certificates: one by request, and by schedule those that are due."""

from __future__ import annotations

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.rotate_ven.adapters import RotationAdapters, open_adapters
from lambdas.rotate_ven.logic import RotationOp, RotationRequest, due
from lambdas.rotate_ven.settings import RotationSettings
from lambdas.shared import answers, clients, clock, settings
from lambdas.shared.invocation import Event, count, entry, logger


class Rotated(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The outcome: the certificate in force, the VEN's change to it, and how many VENs failed."""

    ok: bool = True
    certificate_id: str | None = None
    changed_over: bool | None = None
    begun: int = 0
    finished: int = 0
    failed: int = 0


clients.at_init(__package__, clients.dynamodb, clients.iot, clients.iot_data, clients.secrets)


@entry
def handler(event: Event, context: LambdaContext) -> answers.Answer:  # noqa: ARG001 - Lambda's form
    """Begin or finish one VEN's rotation, or sweep over all VENs."""
    count(RotationRequested=1)
    return answers.answer(lambda: rotate(event, now=clock.utc_now()))


def rotate(event: Event, *, now: float) -> Rotated:
    """Carry out the operation in *event*."""
    request = answers.request(RotationRequest, event)
    environment = settings.read(RotationSettings)
    adapters = open_adapters(environment)
    if request.op is RotationOp.BEGIN:
        new_id = adapters.begin(str(request.ven_id), now=now)
        logger.info("rotation begun", ven_id=request.ven_id, certificate_id=new_id)
        return Rotated(certificate_id=new_id, begun=1)
    if request.op is RotationOp.FINISH:
        changed_over = adapters.finish(str(request.ven_id))
        return Rotated(changed_over=changed_over, finished=int(changed_over))
    if request.op is RotationOp.REVOKE:
        adapters.revoke(str(request.ven_id))
        logger.info("revoked", ven_id=request.ven_id)
        return Rotated()
    return sweep(adapters, environment.rotate_days, now=now)


def sweep(adapters: RotationAdapters, rotate_days: int, *, now: float) -> Rotated:
    """Finish every rotation whose VEN has changed over, begin each that is due; one VEN harms no other."""
    begun = finished = failed = 0
    for ven_id, registration in adapters.registry.all():
        try:
            finished += adapters.finish(ven_id)
            if registration.resource_id is not None and due(registration.certified_ts, rotate_days, now):
                adapters.begin(ven_id, now=now)
                begun += 1
        except Exception as error:  # noqa: BLE001 - the others are looked at all the same
            failed += 1
            logger.error("rotation failed", ven_id=ven_id, reason=clients.error_code(error))
    count(RotationFailed=failed)
    return Rotated(begun=begun, finished=finished, failed=failed)
