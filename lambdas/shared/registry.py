"""The registry of provisioned VENs: their rows, as provisioning, rotation and revocation change them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.store.keys import Key
from contracts.wire.ids import VenId
from lambdas.shared.registrations import ATTRIBUTES, Registration, read_registration
from lambdas.shared.tables import Condition, Table


@dataclass(frozen=True, slots=True)
class Registry:
    """Provisioned VENs."""

    vens: Table

    def find(self, ven_id: VenId) -> Registration:
        """The VEN's registration; empty for a VEN without one."""
        return read_registration(self.vens.get(Key(ven_id)) or {})

    def all(self) -> Iterator[tuple[VenId, Registration]]:
        """Every VEN that has a certificate."""
        for row in self.vens.scan(ATTRIBUTES):
            registration = read_registration(row)
            if registration.certificate_id is not None:
                yield VenId(row[self.vens.keys.partition]), registration

    def register(
        self,
        ven_id: VenId,
        certificate_id: str,
        request_id: str,
        *,
        logical_id: str = "",
        now: float,
    ) -> None:
        """The VEN is provisioned, with this certificate, by this request of CloudFormation."""
        values = {
            "certificateId": certificate_id,
            "provisionRequestId": request_id,
            "logicalResourceId": logical_id,
            "resourceId": certificate_id,
            "changedOverTo": certificate_id,
            "certifiedTs": now,
            "revokedTs": None,
        }
        self.vens.update(Key(ven_id), values, once={"provisionedTs": now})

    def certify(self, ven_id: VenId, certificate_id: str, *, was: str | None, now: float) -> bool:
        """Another certificate is in force, and the VEN not cut off; False when it was another than *was*."""
        values = {"certificateId": certificate_id, "certifiedTs": now, "revokedTs": None}
        when = Condition.unchanged("certificateId", was)
        return self.vens.update(Key(ven_id), values, once={"provisionedTs": now}, when=when)

    def revoke(self, ven_id: VenId, certificate_id: str, *, now: float) -> None:
        """The VEN is cut off, since *now* or since before; one that was taken out meanwhile stays out."""
        when = Condition.unchanged("certificateId", certificate_id)
        self.vens.update(Key(ven_id), {}, once={"revokedTs": now}, when=when)

    def settle(self, ven_id: VenId, certificate_id: str) -> None:
        """The VEN has changed over to this certificate, which is in force, and has no other."""
        when = Condition.unchanged("certificateId", certificate_id)
        self.vens.update(Key(ven_id), {"changedOverTo": certificate_id}, when=when)

    def sweep(self, ven_id: VenId, certificate_id: str, *, now: float) -> None:
        """A sweep looks at the VEN, whatever comes of it; a VEN that was taken out meanwhile stays out."""
        when = Condition.unchanged("certificateId", certificate_id)
        self.vens.update(Key(ven_id), {"sweptTs": now}, when=when)

    def restore(self, ven_id: VenId, before: Registration, *, instead_of: str) -> None:
        """Undo what has put *instead_of* in force, if it has, although it answered an error."""
        if before.certificate_id is None:
            self.unregister(ven_id, instead_of)
            return
        values = {
            "certificateId": before.certificate_id,
            "provisionRequestId": before.request_id,
            "resourceId": before.resource_id,
            "logicalResourceId": before.logical_id,
            "certifiedTs": before.certified_ts,
            "changedOverTo": before.certificate_id if before.settled else None,
            "revokedTs": before.revoked_ts,
        }
        self.vens.update(Key(ven_id), values, when=Condition.unchanged("certificateId", instead_of))

    def unregister(self, ven_id: VenId, certificate_id: str) -> bool:
        """Forget the VEN, if this certificate is still its own; returns True when it was."""
        return self.vens.delete(Key(ven_id), when=Condition.unchanged("certificateId", certificate_id))
