"""The pre-provisioning hook: a VEN is let in once, when it is on the list and its time has not run out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from contracts.errors import FieldError
from contracts.store.keys import ALLOWED_VENS, TTL_ATTRIBUTE, VENS, Key
from lambdas.admit_ven.logic import read_admission_request
from lambdas.shared import clients, clock, settings
from lambdas.shared.tables import Condition, Table

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, bool]:  # noqa: ARG001 - Lambda's form
    """Say whether the VEN may be registered. When this fails, it may not."""
    allowed = admit(event, now=clock.utc_now())
    name = "VenAdmitted" if allowed else "VenNotAdmitted"
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=1)
    return {"allowProvisioning": allowed}


def admit(event: dict[str, Any], *, now: float) -> bool:
    """Use up the VEN's place on the list for this certificate, and record the VEN with it.

    IoT Core may ask twice about the same certificate, which is the same admission; another certificate for
    the same VEN takes another place on the list.
    """
    try:
        asked = read_admission_request(event)
    except FieldError as error:
        logger.warning("not admitted", field=error.field, reason=error.reason)
        return False
    needs = settings.read(settings.AdmitVen)
    dynamodb, ven_id = clients.dynamodb(), asked.ven_id
    expected = Condition(
        "#e > :now AND (attribute_not_exists(#u) OR #u = :c)",
        {"#e": TTL_ATTRIBUTE, "#u": "usedBy"},
        {":now": now, ":c": asked.certificate_id},
    )
    used = {"usedBy": asked.certificate_id, "usedTs": now}
    if not Table(dynamodb, needs.allowed_table, ALLOWED_VENS).update(Key(ven_id), used, when=expected):
        logger.warning("not admitted", ven_id=ven_id, reason="not on the list, or no more")
        return False
    row = {"certificateId": asked.certificate_id, "certifiedTs": now, "claimedTs": now}
    Table(dynamodb, needs.vens_table, VENS).update(Key(ven_id), row, once={"provisionedTs": now})
    logger.info("admitted", ven_id=ven_id, certificate_id=asked.certificate_id)
    return True
