"""The steps of provisioning, each undone when a later one fails."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from contracts.records import VENS
from lambdas.common import clients, settings
from lambdas.common.tables import Table
from lambdas.provision_ven import plan
from lambdas.provision_ven.certificates import Certificate, Certificates
from lambdas.provision_ven.plan import Properties, Step
from lambdas.provision_ven.registry import Registry
from lambdas.provision_ven.undo import UndoFailedError
from lambdas.provision_ven.vault import Vault, amazon_roots_pem


class NoSecretValueError(Exception):
    """The secret has no value whose trust root could be changed. Rotate the certificate instead."""


@dataclass(frozen=True, slots=True)
class Provisioning:
    """What it takes to provision VENs."""

    certificates: Certificates
    vault: Vault
    registry: Registry

    def carry_out(self, event: Mapping[str, Any], *, now: float) -> str:
        """Do what CloudFormation asks; returns the physical id, which is the certificate's.

        Raises:
            FieldError: the event cannot be read.
            Exception: as AWS raises it; what was begun has been undone.
        """
        step = plan.plan_step(event)
        physical_id = str(event.get("PhysicalResourceId", ""))
        if step is Step.REMOVE:
            self._remove(event, physical_id)
        elif step is Step.NEW_CERTIFICATE:
            return self._new_certificate(event, physical_id or None, now)
        elif step is Step.NEW_TRUST_ROOT:
            self._new_trust_root(plan.properties(event))
        return physical_id

    def _new_certificate(self, event: Mapping[str, Any], current: str | None, now: float) -> str:
        wanted, request_id = plan.properties(event), str(event["RequestId"])
        recorded = self.registry.find(wanted.ven_id)
        if recorded.certificate_id is not None and recorded.request_id == request_id:
            return recorded.certificate_id
        attached = self.certificates.of_thing(wanted.ven_id)
        for left in plan.leftovers(attached, recorded=recorded.certificate_id, current=current):
            self.certificates.remove(left)
        with ExitStack() as undo:
            certificate = self.certificates.create()
            undo.callback(self._take_away, certificate.id)
            self.certificates.attach(certificate, thing=wanted.ven_id, policy=wanted.policy_name)
            before = self.vault.read(wanted.secret_id)
            if before is not None:
                undo.callback(self.vault.write, wanted.secret_id, before)
            self.vault.write(wanted.secret_id, _secret(wanted, certificate))
            self.registry.register(wanted.ven_id, certificate.id, request_id, now=now)
            undo.pop_all()
        return certificate.id

    def _take_away(self, certificate_id: str) -> None:
        try:
            self.certificates.remove(certificate_id)
        except Exception as error:
            raise UndoFailedError(certificate_id) from error

    def _new_trust_root(self, wanted: Properties) -> None:
        value = self.vault.read(wanted.secret_id)
        if value is None:
            raise NoSecretValueError
        self.vault.write(wanted.secret_id, plan.with_trust_root(value, _ca_pem(wanted)))

    def _remove(self, event: Mapping[str, Any], physical_id: str) -> None:
        """Remove the certificate and, unless another is in force by now, the VEN's row."""
        if not plan.CERTIFICATE_ID.fullmatch(physical_id):
            return  # the answer to a Create that failed
        self.certificates.remove(physical_id)
        self.registry.unregister(plan.properties(event).ven_id, physical_id)


def _secret(wanted: Properties, certificate: Certificate) -> str:
    return plan.secret_value(
        ca_pem=_ca_pem(wanted),
        certificate_pem=certificate.pem,
        private_key_pem=certificate.private_key_pem,
    )


def _ca_pem(wanted: Properties) -> str:
    return wanted.trust_root_pem or amazon_roots_pem()


def open_provisioning() -> Provisioning:
    """With this sandbox's clients."""
    needs = settings.read(settings.ProvisionVen)
    return Provisioning(
        Certificates(clients.iot()),
        Vault(clients.secrets()),
        Registry(Table(clients.dynamodb(), needs.vens_table, VENS)),
    )
