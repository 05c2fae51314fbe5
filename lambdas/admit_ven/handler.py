"""The pre-provisioning hook: a VEN on the list is admitted once, by its code, until its time runs out."""

from __future__ import annotations

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.errors import WireError
from lambdas.admit_ven.adapters import open_adapters
from lambdas.admit_ven.logic import AdmissionRefusal, read_admission_request
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
    adapters.note(request)
    if (reason := adapters.refusal(request.ven_id)) is not None:
        logger.warning("not admitted", ven_id=request.ven_id, reason=reason)
        return False
    against = adapters.check_code(request, now=now)
    if against is None and not adapters.use_place(request, now=now):
        against = AdmissionRefusal.NOT_LISTED
    if against is not None:
        count(WrongClaimCodes=int(against in {AdmissionRefusal.WRONG_CODE, AdmissionRefusal.CLOSED}))
        logger.warning("not admitted", ven_id=request.ven_id, reason=against)
        return False
    adapters.record(request, now=now)
    logger.info("admitted", ven_id=request.ven_id, certificate_id=request.certificate_id)
    return True
