"""Certificates, secrets and registry for `provision_ven`; each step is undone when a later one fails."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from contracts.store.keys import ALLOWED_VENS, EVENTS, VENS
from contracts.store.stack import SECRET_RULES, stage_of_policy
from contracts.wire.ids import VenId
from contracts.wire.topics import CERTIFICATE_ID, rules_name
from lambdas.provision_ven import logic
from lambdas.provision_ven.logic import NoSecretValueError, Properties, Step, UndoFailedError
from lambdas.provision_ven.policies import Policies
from lambdas.provision_ven.seeds import Seeds
from lambdas.provision_ven.settings import ProvisionSettings
from lambdas.shared import clients
from lambdas.shared.certificate_journal import CertificateJournal
from lambdas.shared.group_book import GroupBook
from lambdas.shared.id_conflicts import refuse_conflicts, refuse_misfits
from lambdas.shared.program_book import ProgramBook
from lambdas.shared.registry import Registry
from lambdas.shared.ven_identity import (
    Certificate,
    Certificates,
    Vault,
    amazon_roots_pem,
    certificate_id_of,
    secret_value,
    with_trust_root,
)

DELETABLE_S = 300.0
"""The time that a detached policy or certificate may stay undeletable, s. Source: AWS IoT, DeletePolicy."""


@dataclass(frozen=True, slots=True)
class ProvisionAdapters:
    """The certificates, the secrets and the registry of VENs, the policies, and what the context defines."""

    certificates: Certificates
    vault: Vault
    registry: Registry
    policies: Policies
    seeds: Seeds

    def carry_out(self, event: Mapping[str, object], *, now: float, left_s: float) -> str:
        """Carry out CloudFormation's request within *left_s*; returns the physical id.

        That is the certificate's, or tells of the policy that is removed.

        Raises:
            FieldError: the event cannot be read.
            Exception: as AWS raises it; what was begun has been undone.
        """
        step = logic.plan_step(event)
        physical_id = str(event.get("PhysicalResourceId", ""))
        if step is Step.CHECK_IDS:
            new = logic.new_ids(event)
            refuse_misfits(new.ven_id_pattern, self.registry)
            refuse_conflicts(new.ven_ids, self.certificates.client, self.registry)
            return physical_id or "free-ids"
        if step is Step.SOW:
            self.seeds.sow(event, now=now)
            return physical_id or "definitions"
        if step is Step.REMOVE:
            self._remove(event, physical_id)
        elif step is Step.REMOVE_POLICY:
            policy, stack_id = logic.policy_to_remove(event), str(event.get("StackId"))
            self.policies.remove(policy, stack_id=stack_id, wait_s=left_s - logic.ANSWER_S)
        elif step is Step.NEW_CERTIFICATE:
            return self._new_certificate(event, physical_id or None, now)
        elif step is Step.NEW_TRUST_ROOT:
            self._new_trust_root(logic.properties(event))
        return physical_id or f"removal-of-{logic.policy_to_remove(event)}"

    def _new_certificate(self, event: Mapping[str, object], current: str | None, now: float) -> str:
        properties, request_id = logic.properties(event), str(event["RequestId"])
        if properties.ven_id is None:
            return self._new_claim(properties, request_id, current)
        recorded = self.registry.find(properties.ven_id)
        if recorded.certificate_id is not None and recorded.request_id == request_id:
            return recorded.certificate_id
        attached = self.certificates.of_thing(properties.ven_id)
        for certificate_id in logic.leftovers(attached, recorded=recorded.certificate_id, current=current):
            self.certificates.remove(certificate_id, thing=properties.ven_id)
        with ExitStack() as undo:
            certificate = self._certify(properties, undo)
            self._write_secret(properties, _secret(properties, certificate), undo)
            undo.callback(self.registry.restore, properties.ven_id, recorded, instead_of=certificate.id)
            self.registry.register(
                properties.ven_id,
                certificate.id,
                request_id,
                logical_id=str(event.get("LogicalResourceId", "")),
                now=now,
            )
            undo.pop_all()
        return certificate.id

    def _new_claim(self, properties: Properties, request_id: str, current: str | None) -> str:
        """A certificate that is no VEN's. Its policy has no other, so whatever else it has is left over."""
        before = logic.claim(self.vault.read(properties.secret_id))
        if before is not None and before.request_id == request_id:
            return certificate_id_of(before.certificate_pem)
        for certificate_id in self.certificates.of_policy(properties.policy_name) - {current}:
            self.certificates.remove(certificate_id)
        with ExitStack() as undo:
            certificate = self._certify(properties, undo)
            self._write_secret(
                properties, _secret(properties, certificate, **{logic.REQUEST_ID: request_id}), undo
            )
            undo.pop_all()
        return certificate.id

    def _certify(self, properties: Properties, undo: ExitStack) -> Certificate:
        certificate = self.certificates.create(properties.secret_id, ven_id=properties.ven_id)
        undo.callback(self._take_away, certificate.id, properties.ven_id)
        self.certificates.attach(certificate, thing=properties.ven_id, policy=properties.policy_name)
        return certificate

    def _write_secret(self, properties: Properties, value: str, undo: ExitStack) -> None:
        before = self.vault.read(properties.secret_id)
        if before is not None:
            undo.callback(self.vault.write, properties.secret_id, before)
        self.vault.write(properties.secret_id, value)

    def _take_away(self, certificate_id: str, ven_id: VenId | None) -> None:
        try:
            self.certificates.remove(certificate_id, thing=ven_id)
        except Exception as error:
            raise UndoFailedError(certificate_id) from error

    def _new_trust_root(self, properties: Properties) -> None:
        value = self.vault.read(properties.secret_id)
        if value is None:
            raise NoSecretValueError
        self.vault.write(properties.secret_id, with_trust_root(value, _ca_pem(properties)))

    def _remove(self, event: Mapping[str, object], physical_id: str) -> None:
        """Remove the certificate and, unless the VEN has another resource by now, all that is the VEN's.

        It may have other certificates since, by rotation; those go with the VEN. When it has
        another resource, that is how CloudFormation ends an update: only its certificate stays.
        """
        ven_id = logic.properties(event).ven_id
        if not CERTIFICATE_ID.fullmatch(physical_id):  # a Create that failed, or was never answered
            recorded = self.registry.find(ven_id) if ven_id is not None else None
            if recorded is None or not logic.is_of_failed_create(event, recorded):
                return
            physical_id = str(recorded.resource_id)
        self.certificates.remove(physical_id, thing=ven_id)
        if ven_id is None:
            return
        recorded = self.registry.find(ven_id)
        replaced = recorded.resource_id not in (None, physical_id)
        in_force = {recorded.certificate_id} if replaced else set()
        for certificate_id in self.certificates.of_thing(ven_id) - in_force:
            self.certificates.remove(certificate_id, thing=ven_id)
        if not replaced and recorded.certificate_id is not None:
            self.registry.unregister(ven_id, recorded.certificate_id)


def _secret(properties: Properties, certificate: Certificate, **more: str) -> str:
    """The identity, and for a VEN the rules that its policy lets it publish to."""
    stage = stage_of_policy(properties.policy_name)
    if stage is not None:
        more[SECRET_RULES] = rules_name(stage)
    return secret_value(
        ca_pem=_ca_pem(properties),
        certificate_pem=certificate.pem,
        private_key_pem=certificate.private_key_pem,
        **more,
    )


def _ca_pem(properties: Properties) -> str:
    return properties.trust_root_pem or amazon_roots_pem()


def open_adapters(settings: ProvisionSettings) -> ProvisionAdapters:
    """Open the tables that the settings name."""
    events = clients.table(settings.events_table, EVENTS)
    return ProvisionAdapters(
        Certificates(
            clients.iot(),
            CertificateJournal(clients.table(settings.allowed_table, ALLOWED_VENS)),
            wait_s=DELETABLE_S,
        ),
        Vault(clients.secrets()),
        Registry(clients.table(settings.vens_table, VENS)),
        Policies(clients.iot(), clients.stacks()),
        Seeds(GroupBook(events), ProgramBook(events)),
    )
