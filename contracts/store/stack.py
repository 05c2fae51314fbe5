"""Names of the stack, its outputs, its secrets and its schedules."""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum

from contracts.wire.ids import EventId, VenId

# Names of the fields of a VEN's secret, not secrets.
SECRET_CA = "CA_CERT_PEM"  # noqa: S105
SECRET_CERTIFICATE = "CLIENT_CERT_PEM"  # noqa: S105
SECRET_PRIVATE_KEY = "PRIVATE_KEY_PEM"  # noqa: S105
SECRET_RULES = "BASIC_INGEST_RULES"  # noqa: S105
"""The name that the stage's topic rules begin with: its VENs may publish to them by Basic Ingest."""


class StackOutput(StrEnum):
    """Outputs of the stack, by which the CLI finds its parts. None of them is a secret."""

    TELEMETRY_TABLE = "TelemetryTable"
    VENS_TABLE = "VensTable"
    EVENTS_TABLE = "EventsTable"
    COMMANDS_TABLE = "CommandsTable"
    ISSUE_COMMAND = "IssueCommandFunction"
    DISPATCH_EVENT = "DispatchEventFunction"
    SETTLE_EVENT = "SettleEventFunction"
    ROTATE_VEN = "RotateVenFunction"
    ALLOWED_VENS = "AllowedVensTable"
    VEN_ID_PATTERN = "VenIdPattern"
    API_URL = "ApiUrl"
    VTN_URL = "VtnUrl"
    VTN_TABLE = "VtnTable"
    VTN_CLIENTS = "VtnClientsFunction"
    """These three are of a stage that is a VTN of OpenADR alone."""
    DEAD_LETTERS = "DeadLetterQueues"
    INLETS = "InletQueues"
    NOTIFICATIONS = "NotificationsTopic"
    INGEST_RULES = "IngestRules"
    """The name that the stage's topic rules begin with, as in the secrets of its VENs."""


class LoadTestOutput(StrEnum):
    """Outputs of the stack of a stage's load test."""

    JOB_QUEUE = "JobQueue"
    JOB_DEFINITION = "JobDefinition"
    MOST_VCPUS = "MostVcpus"


def stack_name(stage: str) -> str:
    """Name of the CloudFormation stack of a stage."""
    return f"VenTwin-{stage}"


def load_test_stack_name(stage: str) -> str:
    """Name of the stack of a stage's load test, which stands beside the stage's own."""
    return f"{stack_name(stage)}-LoadTest"


_THROW_AWAY = re.compile(r"prove[a-z]{1,8}")


def is_throw_away(stage: str) -> bool:
    """True of a stage that ``ven-twin aws prove`` makes and destroys, such as ``proveabcd``."""
    return _THROW_AWAY.fullmatch(stage) is not None


def fits_stage(ven_id: VenId, pattern: str) -> bool:
    """True of an id that a VEN of a stage can have, by the *pattern* of its ids: ``north-*``, or ``*``."""
    return ven_id.startswith(pattern.removesuffix("*"))


VEN_IDS_RESOURCE = "Custom::VenIds"
"""Type of the resource that fails when another stage has one of the stack's VENs."""
DEFINITIONS_RESOURCE = "Custom::Definitions"
"""Type of the resource that writes the groups and programs of the deployment's context."""
_VEN_POLICY = re.compile(r"ven-twin-(?P<stage>[a-z]+)-ven")


def ven_policy_name(stage: str) -> str:
    """Name of the IoT policy of every VEN of a stage."""
    return f"ven-twin-{stage}-ven"


def stage_of_policy(name: str) -> str | None:
    """The stage whose VENs have the IoT policy *name*; None for another policy."""
    match = _VEN_POLICY.fullmatch(name)
    return match and match["stage"]


def tls_secret_name(stage: str, ven_id: VenId) -> str:
    """Name of the secret that holds a VEN's CA, certificate and private key."""
    return f"ven-twin/{stage}/{ven_id}/tls"


def claim_secret_name(stage: str) -> str:
    """Name of the secret that holds the certificate with which VENs ask for one of their own."""
    return f"ven-twin/{stage}/claim"


def claim_template_name(stage: str) -> str:
    """Name of the provisioning template that such VENs are registered by."""
    return f"ven-twin-{stage}"


def event_schedule_name(event_id: EventId, purpose: str) -> str:
    """Name of a one-time schedule of an event, of the characters that EventBridge Scheduler takes.

    Interpretation: ``:`` is not among them; ``_c_`` stands for it. At most 64 characters are allowed,
    so a long id is cut to its head and a digest of the whole, and so is one that has ``_c_`` in it
    already: no two events share a schedule.
    """
    name = f"{purpose}-{event_id.replace(':', '_c_')}"
    if len(name) <= 64 and "_c_" not in event_id:
        return name
    digest = hashlib.sha256(event_id.encode()).hexdigest()[:12]
    return f"{name[:51]}-{digest}"
