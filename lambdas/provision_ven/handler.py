"""CloudFormation's custom resource for a VEN's certificate; its answer always goes out."""

from __future__ import annotations

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.errors import FieldError
from lambdas.provision_ven.logic import UndoFailedError
from lambdas.provision_ven.settings import ProvisionSettings
from lambdas.shared import cfn_response, clients, clock, settings
from lambdas.shared.cfn_response import CfnOutcome
from lambdas.shared.invocation import Event, count, entry, logger

clients.at_init(__package__, clients.dynamodb, clients.iot, clients.secrets, clients.stacks)


@entry
def handler(event: Event, context: LambdaContext) -> None:
    """Create, replace or remove a VEN's certificate, its secret and its row, and answer CloudFormation."""
    count(ProvisionRequested=1)
    outcome = provision(event, context)
    name = "VenProvisioned" if outcome.reason is None else "VenProvisioningFailed"
    count(**{name: 1})
    cfn_response.send(event["ResponseURL"], cfn_response.answer(event, outcome))


def provision(event: Event, context: LambdaContext) -> CfnOutcome:
    """Carry out *event*; whatever goes wrong is an outcome too.

    A failed Create has a physical id that is no certificate's, so that the Delete which CloudFormation
    sends after it finds nothing to do; unless its certificate could not be taken away again.
    """
    outcome_id = str(event.get("PhysicalResourceId") or f"not-provisioned-{event.get('RequestId')}")
    try:
        from lambdas.provision_ven.adapters import open_adapters  # noqa: PLC0415 - may fail, answered

        left_s = context.get_remaining_time_in_millis() / 1000
        adapters = open_adapters(settings.read(ProvisionSettings))
        physical_id = adapters.carry_out(event, now=clock.utc_now(), left_s=left_s)
    except Exception as error:  # noqa: BLE001 - a stack without an answer hangs for an hour
        reason = reason_of(error)
        logger.error("provisioning failed", reason=reason, request=event.get("RequestType"))
        if isinstance(error, UndoFailedError) and event.get("RequestType") == "Create":
            outcome_id = error.certificate_id
        reason = f"{reason} (log stream {context.log_stream_name})"
        return CfnOutcome(physical_resource_id=outcome_id, reason=reason)
    logger.info("provisioned", certificate_id=physical_id, request=event.get("RequestType"))
    return CfnOutcome(physical_resource_id=physical_id, data={"CertificateId": physical_id})


def reason_of(error: Exception) -> str:
    """The reason of *error*: the call and its code, never its text, which may quote a key."""
    if isinstance(error, FieldError):
        return f"{error.field}: {error.reason}"
    operation = getattr(error, "operation_name", None)
    code = clients.error_code(error)
    return f"{operation} failed: {code}" if operation else code
