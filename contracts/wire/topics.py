"""Ids and MQTT topics of VENs and events."""

from __future__ import annotations

import re
from dataclasses import dataclass

from contracts.errors import FieldError
from contracts.wire.ids import EVENT_ID, VEN_ID, EventId, VenId

CERTIFICATE_ID = re.compile(r"^[0-9a-f]{64}$(?!\n)")
"""SHA-256 of a certificate's DER form. Source: AWS IoT API, CertificateId."""


def check_ven_id(value: str, field: str = "venId") -> VenId:
    """*value* when it can be a VEN's id, which is also its thing name and MQTT client id.

    Raises:
        FieldError: otherwise. Slashes, ``+`` and ``#`` would reach other VENs' topics.
    """
    if not VEN_ID.fullmatch(value):
        raise FieldError(field, "1 to 64 of A-Z a-z 0-9 _ -, the first a letter or digit")
    return VenId(value)


def check_event_id(value: str, field: str = "eventId") -> EventId:
    """*value* when it can be an event's id.

    Raises:
        FieldError: otherwise. It becomes a shadow key and part of a schedule's name.
    """
    if not EVENT_ID.fullmatch(value):
        raise FieldError(field, "1 to 64 of A-Z a-z 0-9 _ . : -, the first a letter or digit")
    return EventId(value)


_RULES = "$aws/rules/"
INGESTED = ("telemetry", "loads")
"""Rules that VENs may publish to by Basic Ingest, which has no price for messages and no subscribers."""
RULES_NAME = re.compile(r"^[A-Za-z0-9_]{1,64}$(?!\n)")


def rules_name(stage: str) -> str:
    """The name that the rules of a *stage* begin with."""
    return f"ven_twin_{stage}"


def rule_name(rules: str, name: str) -> str:
    """The name of one of these *rules*."""
    return f"{rules}_{name}"


def usual_topic(topic: str) -> str:
    """*topic* as it is without Basic Ingest. Source: AWS IoT Developer Guide, Basic Ingest."""
    return topic.removeprefix(_RULES).partition("/")[2] if topic.startswith(_RULES) else topic


@dataclass(frozen=True, slots=True)
class Topics:
    """The MQTT topics of one VEN, all QoS 1. Source: docs/reference/wire.md; AWS IoT reserved topics."""

    ven_id: VenId

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

    def ingest(self, rules: str) -> dict[str, str]:
        """The topics by which telemetry and loads reach their *rules* themselves, by their usual ones."""
        usual = {"telemetry": self.telemetry, "loads": self.loads}
        return {usual[name]: f"{_RULES}{rule_name(rules, name)}/{usual[name]}" for name in INGESTED}

    def shadow(self, suffix: str) -> str:
        """A classic-shadow topic: ``get``, ``get/accepted``, ``update``, ``update/delta``."""
        return f"$aws/things/{self.ven_id}/shadow/{suffix}"

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """The topics of a VEN's subscriptions, in one SUBSCRIBE (AWS takes eight filters in one).

        ``update/accepted`` is among them because a key that is removed from ``desired`` shows up
        there and in no delta.
        """
        shadow = ("get/accepted", "get/rejected", "update/delta", "update/accepted", "update/rejected")
        return (self.command, *(self.shadow(suffix) for suffix in shadow))


def claim_client_id(ven_id: VenId) -> str:
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
    def certify(self) -> str:
        """Up: make a certificate for a key that stays on the device."""
        return "$aws/certificates/create-from-csr/json"

    @property
    def register(self) -> str:
        """Up: register the VEN with that certificate."""
        return f"$aws/provisioning-templates/{self.template}/provision/json"

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """The topics of the answers."""
        ends = ("accepted", "rejected")
        return tuple(f"{topic}/{end}" for topic in (self.create, self.certify, self.register) for end in ends)
