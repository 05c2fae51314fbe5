"""Rotates VENs' certificates: one by request, and by schedule those that are due."""

from __future__ import annotations

from collections.abc import Callable

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.api.requests import Rotated, RotationOp, RotationRequest
from lambdas.rotate_ven.adapters import RotationAdapters, open_adapters
from lambdas.rotate_ven.logic import is_due, to_look_at
from lambdas.rotate_ven.settings import RotationSettings
from lambdas.shared import answers, clients, clock, settings
from lambdas.shared.invocation import Event, count, entry, logger

LAST_VEN_S = 25.0
"""A sweep begins with no VEN when less is left of the function's time, s."""


clients.at_init(__package__, clients.dynamodb, clients.iot, clients.iot_data, clients.secrets)


@entry
def handler(event: Event, context: LambdaContext) -> answers.Answer:
    """Begin or finish one VEN's rotation, or sweep over all VENs."""
    count(RotationRequested=1)
    return answers.answer(lambda: rotate(event, context, now=clock.utc_now()))


def rotate(event: Event, context: LambdaContext, *, now: float) -> Rotated:
    """Carry out the operation in *event*."""
    request = answers.request(RotationRequest, event)
    environment = settings.read(RotationSettings)
    adapters = open_adapters(environment)
    if request.op is RotationOp.BEGIN:
        new_id = adapters.begin(request.of_ven(), now=now)
        logger.info("rotation begun", ven_id=request.ven_id, certificate_id=new_id)
        return Rotated(certificate_id=new_id, begun=1)
    if request.op is RotationOp.FINISH:
        changed_over = adapters.finish(request.of_ven())
        return Rotated(changed_over=changed_over, finished=int(changed_over))
    if request.op is RotationOp.REVOKE:
        adapters.revoke(request.of_ven())
        logger.info("revoked", ven_id=request.ven_id)
        return Rotated()
    if request.op is RotationOp.CUT_OFF:
        cut = adapters.cut_off(request.of_ven(), now=now)
        logger.info("cut off", ven_id=request.ven_id, certificates_off_s=cut.certificates_off_s)
        return Rotated(**cut._asdict())

    def left_s() -> float:
        return context.get_remaining_time_in_millis() / 1000

    return sweep(adapters, environment.rotate_days, now=now, left_s=left_s)


def sweep(
    adapters: RotationAdapters, rotate_days: int, *, now: float, left_s: Callable[[], float]
) -> Rotated:
    """Collect what cuts have left, finish rotations whose VENs have changed over, begin those that are due.

    One VEN harms no other.

    It ends while there is still time, and the next sweep goes on where this one has stopped.
    """
    begun = finished = failed = 0
    collected = adapters.collect(now=now, left_s=left_s)
    vens = to_look_at(adapters.registry.all(), rotate_days, now)
    left = len(vens)
    for ven_id, registration in vens:
        if left_s() < LAST_VEN_S:
            break
        left -= 1
        try:
            adapters.registry.sweep(ven_id, str(registration.certificate_id), now=now)
            finished += not registration.settled and adapters.finish(ven_id)
            adapters.forget_ghost(ven_id, registration, now=now)
            if is_due(registration, rotate_days, now):
                adapters.begin(ven_id, now=now)
                begun += 1
        except Exception as error:  # noqa: BLE001 - the others are looked at all the same
            failed += 1
            logger.error("rotation failed", ven_id=ven_id, reason=clients.error_code(error))
    count(RotationFailed=failed, RotationsLeft=left, CertificatesCollected=collected)
    return Rotated(begun=begun, finished=finished, failed=failed, left=left, collected=collected)
