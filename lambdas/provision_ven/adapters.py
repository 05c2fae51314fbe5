"""The steps of provisioning, each undone when a later one fails."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from contracts.errors import VenTwinError
from contracts.store.keys import VENS
from contracts.wire.topics import CERTIFICATE_ID
from lambdas.provision_ven import logic
from lambdas.provision_ven.logic import Properties, Step
from lambdas.provision_ven.undo import UndoFailedError
from lambdas.shared import clients, settings
from lambdas.shared.tables import Table
from lambdas.shared.ven_identity import secret_values
from lambdas.shared.ven_identity.certificates import Certificate, Certificates, certificate_id_of
from lambdas.shared.ven_identity.registry import Registry
from lambdas.shared.ven_identity.vault import Vault, amazon_roots_pem


class NoSecretValueError(VenTwinError):
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
        step = logic.plan_step(event)
        physical_id = str(event.get("PhysicalResourceId", ""))
        if step is Step.REMOVE:
            self._remove(event, physical_id)
        elif step is Step.NEW_CERTIFICATE:
            return self._new_certificate(event, physical_id or None, now)
        elif step in {Step.NEW_TRUST_ROOT, Step.NEW_GROUPS}:
            wanted = logic.properties(event)
            if step is Step.NEW_TRUST_ROOT:
                self._new_trust_root(wanted)
            if wanted.ven_id is not None:
                self.registry.regroup(wanted.ven_id, wanted.groups)
        return physical_id

    def _new_certificate(self, event: Mapping[str, Any], current: str | None, now: float) -> str:
        wanted, request_id = logic.properties(event), str(event["RequestId"])
        if wanted.ven_id is None:
            return self._new_claim(wanted, request_id, current)
        recorded = self.registry.find(wanted.ven_id)
        if recorded.certificate_id is not None and recorded.request_id == request_id:
            return recorded.certificate_id
        attached = self.certificates.of_thing(wanted.ven_id)
        for left in logic.leftovers(attached, recorded=recorded.certificate_id, current=current):
            self.certificates.remove(left, thing=wanted.ven_id)
        with ExitStack() as undo:
            certificate = self._made(wanted, undo)
            self._write_secret(wanted, _secret(wanted, certificate), undo)
            self.registry.register(wanted.ven_id, certificate.id, request_id, wanted.groups, now=now)
            undo.pop_all()
        return certificate.id

    def _new_claim(self, wanted: Properties, request_id: str, current: str | None) -> str:
        """A certificate that is no VEN's. Its policy has no other, so whatever else it has is left over."""
        before = logic.claim(self.vault.read(wanted.secret_id))
        if before is not None and before.request_id == request_id:
            return certificate_id_of(before.certificate_pem)
        for left in self.certificates.of_policy(wanted.policy_name) - {current}:
            self.certificates.remove(left)
        with ExitStack() as undo:
            certificate = self._made(wanted, undo)
            self._write_secret(wanted, _secret(wanted, certificate, **{logic.REQUEST_ID: request_id}), undo)
            undo.pop_all()
        return certificate.id

    def _made(self, wanted: Properties, undo: ExitStack) -> Certificate:
        certificate = self.certificates.create()
        undo.callback(self._take_away, certificate.id, wanted.ven_id)
        self.certificates.attach(certificate, thing=wanted.ven_id, policy=wanted.policy_name)
        return certificate

    def _write_secret(self, wanted: Properties, value: str, undo: ExitStack) -> None:
        before = self.vault.read(wanted.secret_id)
        if before is not None:
            undo.callback(self.vault.write, wanted.secret_id, before)
        self.vault.write(wanted.secret_id, value)

    def _take_away(self, certificate_id: str, ven_id: str | None) -> None:
        try:
            self.certificates.remove(certificate_id, thing=ven_id)
        except Exception as error:
            raise UndoFailedError(certificate_id) from error

    def _new_trust_root(self, wanted: Properties) -> None:
        value = self.vault.read(wanted.secret_id)
        if value is None:
            raise NoSecretValueError
        self.vault.write(wanted.secret_id, secret_values.with_trust_root(value, _ca_pem(wanted)))

    def _remove(self, event: Mapping[str, Any], physical_id: str) -> None:
        """Remove the certificate and, unless the VEN has another resource by now, all that is the VEN's.

        It may have been given other certificates since, by rotation; those go with the VEN. When it has
        another resource, that is how CloudFormation ends an update: only its certificate stays.
        """
        if not CERTIFICATE_ID.fullmatch(physical_id):
            return  # the answer to a Create that failed
        ven_id = logic.properties(event).ven_id
        self.certificates.remove(physical_id, thing=ven_id)
        if ven_id is None:
            return
        recorded = self.registry.find(ven_id)
        replaced = recorded.resource_id not in (None, physical_id)
        kept = {recorded.certificate_id} if replaced else set()
        for left in self.certificates.of_thing(ven_id) - kept:
            self.certificates.remove(left, thing=ven_id)
        if not replaced and recorded.certificate_id is not None:
            self.registry.unregister(ven_id, recorded.certificate_id)


def _secret(wanted: Properties, certificate: Certificate, **more: str) -> str:
    return secret_values.secret_value(
        ca_pem=_ca_pem(wanted),
        certificate_pem=certificate.pem,
        private_key_pem=certificate.private_key_pem,
        **more,
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
