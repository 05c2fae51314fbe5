"""The pre-provisioning hook: a VEN is admitted once, when it is on the list and its time has not run out."""

from __future__ import annotations

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.errors import WireError
from lambdas.admit_ven.adapters import open_adapters
from lambdas.admit_ven.logic import read_admission_request
from lambdas.admit_ven.settings import AdmissionSettings
from lambdas.shared import batches, clients, clock, settings
from lambdas.shared.invocation import Event, count, entry, logger

clients.at_init(__package__, clients.dynamodb, clients.iot)


@entry
def handler(event: Event, context: LambdaContext) -> dict[str, bool]:  # noqa: ARG001 - Lambda's form
    """Admit the VEN or refuse it; a failure refuses it."""
    allowed = admit(event, now=clock.utc_now())
    name = "VenAdmitted" if allowed else "VenNotAdmitted"
    count(**{name: 1})
    return {"allowProvisioning": allowed}


def admit(event: Event, *, now: float) -> bool:
    """Use up the VEN's place on the list and record the VEN; False when it is refused, or another's."""
    try:
        request = read_admission_request(event)
    except WireError as error:
        logger.warning("not admitted", extra=batches.loggable(error))
        return False
    adapters = open_adapters(settings.read(AdmissionSettings))
    if (reason := adapters.refusal(request.ven_id)) is not None:
        logger.warning("not admitted", ven_id=request.ven_id, reason=reason)
        return False
    if not adapters.use_place(request, now=now):
        logger.warning("not admitted", ven_id=request.ven_id, reason="not on the list, or no more")
        return False
    adapters.record(request, now=now)
    logger.info("admitted", ven_id=request.ven_id, certificate_id=request.certificate_id)
    return True
