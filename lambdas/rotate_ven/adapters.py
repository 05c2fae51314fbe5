"""The adapters of `rotate_ven`, and the steps of a rotation.

After each step, and after a failure in any, the VEN can connect.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from contracts.store.keys import ALLOWED_VENS, VENS
from contracts.store.stack import SECRET_RULES, tls_secret_name
from contracts.wire import codec
from contracts.wire.ids import VenId
from contracts.wire.topics import rules_name
from lambdas.rotate_ven.collection import COLLECT_AFTER_S, Collection
from lambdas.rotate_ven.logic import VenCertificates
from lambdas.rotate_ven.settings import RotationSettings
from lambdas.shared import answers, clients, clock
from lambdas.shared.certificate_journal import CertificateJournal
from lambdas.shared.connections import VenConnections
from lambdas.shared.registrations import Registration
from lambdas.shared.registry import Registry
from lambdas.shared.shadows import Shadows
from lambdas.shared.ven_identity import Certificates, Vault, certificate_id_in, with_certificate

if TYPE_CHECKING:
    from types_boto3_iot_data import IoTDataPlaneClient


class CutOff(NamedTuple):
    """The times from the request until a VEN's certificates were inactive and its connection ended, s."""

    certificates_off_s: float
    connection_ended_s: float | None
    of_stack: bool


@dataclass(frozen=True, slots=True)
class RotationAdapters:
    """The certificates, the secrets, the registry of VENs, their connections and their shadows."""

    certificates: Certificates
    vault: Vault
    registry: Registry
    connections: VenConnections
    iot_data: IoTDataPlaneClient
    stage: str
    policy: str

    def begin(self, ven_id: VenId, *, now: float) -> str:
        """Make another certificate, put it into the secret and have the VEN fetch it; its id.

        While one is under way, that one's id: a repeated request begins no second. The old one stays valid.

        Raises:
            RequestRefusedError: there is no such VEN, or it has no secret to put a certificate into.
        """
        registration = self._registration(ven_id)
        secret = self.vault.read(tls_secret_name(self.stage, ven_id))
        if secret is None:
            raise answers.not_found(
                f"no secret of VEN {ven_id}: one provisioned by claim claims again", "venId"
            )
        certificates = self._certificates(ven_id, registration, secret)
        if registration.revoked_ts is not None:
            new_id = self._certify(ven_id, secret, certificates, now)
            for certificate_id in certificates.attached:
                self.certificates.remove(certificate_id, thing=ven_id)
            Shadows(self.iot_data).set_desired(ven_id, {"certificateId": new_id})
            return new_id
        for certificate_id in certificates.left_over:
            self.certificates.remove(certificate_id, thing=ven_id)
        if certificates.secret in certificates.attached - {certificates.recorded}:
            new_id = str(certificates.secret)  # an attempt that was cut short had come as far as the secret
            self._put_in_force(ven_id, new_id, certificates, now)
        elif certificates.under_way:
            new_id = certificates.recorded
        else:
            new_id = self._certify(ven_id, secret, certificates, now)
        Shadows(self.iot_data).set_desired(ven_id, {"certificateId": new_id})
        return new_id

    def _certify(self, ven_id: VenId, secret: str, certificates: VenCertificates, now: float) -> str:
        name = tls_secret_name(self.stage, ven_id)
        with ExitStack() as undo:
            certificate = self.certificates.create(name, ven_id=ven_id)
            undo.callback(self.certificates.remove, certificate.id, thing=ven_id)
            self.certificates.attach(certificate, thing=ven_id, policy=self.policy)
            undo.callback(self.vault.write, name, secret)
            self.vault.write(
                name,
                with_certificate(
                    secret,
                    certificate_pem=certificate.pem,
                    private_key_pem=certificate.private_key_pem,
                    **{SECRET_RULES: rules_name(self.stage)},
                ),
            )
            before = self.registry.find(ven_id)
            undo.callback(self.registry.restore, ven_id, before, instead_of=certificate.id)
            self._put_in_force(ven_id, certificate.id, certificates, now)
            undo.pop_all()
        return certificate.id

    def _put_in_force(
        self, ven_id: VenId, certificate_id: str, certificates: VenCertificates, now: float
    ) -> None:
        if not self.registry.certify(ven_id, certificate_id, was=certificates.recorded, now=now):
            raise answers.conflict("another rotation came between: ask again", "venId")

    def finish(self, ven_id: VenId) -> bool:
        """Take the old certificates away if the VEN has changed over; returns True when it has.

        A connection by an old one, a thief's, ends with it.
        """
        registration = self._registration(ven_id)
        recorded, used = str(registration.certificate_id), self._used(ven_id, registration)
        if recorded not in {used, registration.proven_id}:
            return False  # without a look at the thing, which AWS IoT gives ten times a second
        attached, proven = frozenset(self.certificates.of_thing(ven_id)), registration.proven_id
        certificates = VenCertificates(
            recorded=recorded, used=used, secret=None, attached=attached, proven=proven
        )
        for retired in certificates.retired:
            self.certificates.remove(retired, thing=ven_id)
        if certificates.retired and registration.connected_id in certificates.retired:
            self.connections.end(ven_id)
        if certificates.changed_over:
            self.registry.settle(ven_id, recorded)
        return certificates.changed_over

    def cut_off(self, ven_id: VenId, *, now: float) -> CutOff:
        """Cut any VEN off at once: no event calls it, no certificate of its is active, its connection ends.

        All else stays, so that it can come back: `begin` gives it another identity.

        Raises:
            RequestRefusedError: there is no such VEN.
        """
        begun_s = clock.monotonic_s()
        registration = self._registration(ven_id)
        in_force = str(registration.certificate_id)
        self.registry.revoke(ven_id, in_force, now=now)
        for certificate_id in self.certificates.of_thing(ven_id) | {in_force}:
            self.certificates.deactivate(certificate_id)
        inactive_s = clock.monotonic_s() - begun_s
        ended = self.connections.keep_out(ven_id)
        return CutOff(
            certificates_off_s=inactive_s,
            connection_ended_s=clock.monotonic_s() - begun_s if ended else None,
            of_stack=registration.resource_id is not None,
        )

    def revoke(self, ven_id: VenId) -> None:
        """Take a VEN that is not the stack's out: its certificates, its thing, its row.

        Raises:
            RequestRefusedError: there is no such VEN, or the stack made it and takes it away.
        """
        registration = self._registration(ven_id)
        if registration.resource_id is not None:
            raise answers.conflict(f"VEN {ven_id} is the stack's: deploy without it", "venId")
        attached = self.certificates.of_thing(ven_id)
        self._take_out(ven_id, attached, str(registration.certificate_id))
        self.connections.end(ven_id)

    def _take_out(self, ven_id: VenId, certificates: set[str], in_force: str) -> None:
        for certificate_id in certificates:
            self.certificates.remove(certificate_id, thing=ven_id)
        self.certificates.client.delete_thing(thingName=ven_id)
        self.registry.unregister(ven_id, in_force)

    def collect(self, *, now: float, left_s: Callable[[], float]) -> int:
        """Collect what cuts have left of certificates, and go on where they came as far as the secret."""

        def resume(ven_id: VenId) -> None:
            self.begin(ven_id, now=now)

        certificates = self.certificates
        collection = Collection(certificates, certificates.journal, self.registry, self.vault, resume)
        return collection.collect(now=now, left_s=left_s)

    def forget_ghost(self, ven_id: VenId, registration: Registration, *, now: float) -> None:
        """Take out a VEN that was admitted, but whose claim AWS IoT did not complete.

        It is recorded and has never connected, and with what it has it never can.
        """
        in_force = str(registration.certificate_id)
        never_connected = registration.resource_id is None and registration.connected_id is None
        if never_connected and now >= (registration.certified_ts or 0.0) + COLLECT_AFTER_S:
            if self.certificates.opens(in_force, ven_id):
                return
            self._take_out(ven_id, self.certificates.of_thing(ven_id) | {in_force}, in_force)

    def _registration(self, ven_id: VenId) -> Registration:
        registration = self.registry.find(ven_id)
        if registration.certificate_id is None:
            raise answers.not_found(f"no VEN {ven_id}", "venId")
        return registration

    def _certificates(self, ven_id: VenId, registration: Registration, secret: str | None) -> VenCertificates:
        return VenCertificates(
            recorded=str(registration.certificate_id),
            used=self._used(ven_id, registration),
            secret=certificate_id_in(secret),
            attached=frozenset(self.certificates.of_thing(ven_id)),
            proven=registration.proven_id,
        )

    def _used(self, ven_id: VenId, registration: Registration) -> str | None:
        """The certificate that the VEN is connected with, by the broker; else as it reports itself.

        Interpretation: the shadow is for connections of before the broker's word was recorded. Whoever is
        connected as the VEN can write into it.
        """
        if registration.connected_id is not None:
            return registration.connected_id
        try:
            answer = self.iot_data.get_thing_shadow(thingName=ven_id)
        except self.iot_data.exceptions.ResourceNotFoundException:
            return None
        state: object = codec.load_object(answer["payload"].read()).get("state")
        reported = state.get("reported") if isinstance(state, dict) else None
        used = reported.get("certificateId") if isinstance(reported, dict) else None
        return used if isinstance(used, str) else None


def open_adapters(settings: RotationSettings) -> RotationAdapters:
    """Open the table that the settings name."""
    journal = CertificateJournal(clients.table(settings.allowed_table, ALLOWED_VENS))
    return RotationAdapters(
        Certificates(clients.iot(), journal),
        Vault(clients.secrets()),
        Registry(clients.table(settings.vens_table, VENS)),
        VenConnections(clients.iot_data()),
        clients.iot_data(),
        settings.stage,
        settings.ven_policy,
    )
