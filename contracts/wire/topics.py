"""Names that both ends must agree on: ids, topics, secrets, the stack and its outputs."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

from contracts.errors import FieldError

# "$" alone lets a newline follow, and JSON Schema, which takes these patterns, knows no "\Z".
VEN_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$(?!\n)")
EVENT_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$(?!\n)")
CERTIFICATE_ID = re.compile(r"^[0-9a-f]{64}$(?!\n)")
"""SHA-256 of a certificate's DER form. Source: AWS IoT API, CertificateId."""
LOAD_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$(?!\n)")

# Names of the fields of a VEN's secret, not secrets.
SECRET_CA = "CA_CERT_PEM"  # noqa: S105
SECRET_CERTIFICATE = "CLIENT_CERT_PEM"  # noqa: S105
SECRET_PRIVATE_KEY = "PRIVATE_KEY_PEM"  # noqa: S105


def check_ven_id(value: str, field: str = "venId") -> str:
    """*value* when it can be a VEN's id, which is also its thing name and MQTT client id.

    Raises:
        FieldError: otherwise. Slashes, ``+`` and ``#`` would reach other VENs' topics.
    """
    if not VEN_ID.fullmatch(value):
        raise FieldError(field, "1 to 64 of A-Z a-z 0-9 _ -, the first a letter or digit")
    return value


def check_event_id(value: str, field: str = "eventId") -> str:
    """*value* when it can be an event's id.

    Raises:
        FieldError: otherwise. It becomes a shadow key and part of a schedule's name.
    """
    if not EVENT_ID.fullmatch(value):
        raise FieldError(field, "1 to 64 of A-Z a-z 0-9 _ . : -, the first a letter or digit")
    return value


@dataclass(frozen=True, slots=True)
class Topics:
    """The MQTT topics of one VEN, all QoS 1. Source: the wire document; AWS IoT reserved topics."""

    ven_id: str

    @property
    def telemetry(self) -> str:
        """Up: power and loads every report interval."""
        return f"ven/telemetry/{self.ven_id}"

    @property
    def loads(self) -> str:
        """Up: the per-circuit snapshot."""
        return f"ven/loads/{self.ven_id}"

    @property
    def command(self) -> str:
        """Down: immediate operations."""
        return f"ven/cmd/{self.ven_id}"

    @property
    def ack(self) -> str:
        """Up: one per command, one per event transition."""
        return f"ven/ack/{self.ven_id}"

    def shadow(self, suffix: str) -> str:
        """A classic-shadow topic: ``get``, ``get/accepted``, ``update``, ``update/delta``."""
        return f"$aws/things/{self.ven_id}/shadow/{suffix}"

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """What a VEN subscribes to, in one SUBSCRIBE (AWS takes eight filters in one).

        ``update/accepted`` is among them because a key that is removed from ``desired`` shows up
        there and in no delta.
        """
        shadow = ("get/accepted", "get/rejected", "update/delta", "update/accepted", "update/rejected")
        return (self.command, *(self.shadow(suffix) for suffix in shadow))


class Output(StrEnum):
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
    API_URL = "ApiUrl"
    DEAD_LETTERS = "DeadLetterQueues"
    INLETS = "InletQueues"


def stack_name(stage: str) -> str:
    """Name of the CloudFormation stack of a stage."""
    return f"VenTwin-{stage}"


def tls_secret_name(stage: str, ven_id: str) -> str:
    """Name of the secret that holds a VEN's CA, certificate and private key."""
    return f"ven-twin/{stage}/{ven_id}/tls"


def claim_secret_name(stage: str) -> str:
    """Name of the secret that holds the certificate with which VENs ask for one of their own."""
    return f"ven-twin/{stage}/claim"


def claim_template_name(stage: str) -> str:
    """Name of the provisioning template that such VENs are registered by."""
    return f"ven-twin-{stage}"


def claim_client_id(ven_id: str) -> str:
    """MQTT client id of a VEN that has no certificate of its own yet; no VEN's id has a dot."""
    return f"claim.{ven_id}"


@dataclass(frozen=True, slots=True)
class ProvisioningTopics:
    """The topics by which a VEN gets a certificate. Source: AWS IoT, device provisioning MQTT API."""

    template: str

    @property
    def create(self) -> str:
        """Up: make a key and a certificate."""
        return "$aws/certificates/create/json"

    @property
    def register(self) -> str:
        """Up: register the VEN with that certificate."""
        return f"$aws/provisioning-templates/{self.template}/provision/json"

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """Where the answers come."""
        ends = ("accepted", "rejected")
        return tuple(f"{topic}/{end}" for topic in (self.create, self.register) for end in ends)


def event_schedule_name(event_id: str, purpose: str) -> str:
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
