"""The VEN's row as provisioning sees it: which certificate is in force, and which request made it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contracts.store.items import Item
from contracts.store.keys import Key
from lambdas.shared.tables import Condition, Table


@dataclass(frozen=True, slots=True)
class Registration:
    """A VEN's provisioning as it is recorded.

    Attributes:
        certificate_id: the certificate in force.
        request_id: CloudFormation's request that made the resource what it is.
        resource_id: the resource's physical id; None on a VEN that is not the stack's.
        certified_ts: when the certificate in force was made, UTC s; None where that was not recorded.
    """

    certificate_id: str | None = None
    request_id: str | None = None
    resource_id: str | None = None
    certified_ts: float | None = None


@dataclass(frozen=True, slots=True)
class Registry:
    """Provisioned VENs."""

    vens: Table

    def find(self, ven_id: str) -> Registration:
        """The VEN's registration; empty for a VEN without one."""
        return _registration(self.vens.get(Key(ven_id)) or {})

    def all(self) -> Iterator[tuple[str, Registration]]:
        """Every VEN that has a certificate."""
        for row in self.vens.scan(_ATTRIBUTES):
            registration = _registration(row)
            if registration.certificate_id is not None:
                yield str(row[self.vens.keys.partition]), registration

    def register(
        self, ven_id: str, certificate_id: str, request_id: str, groups: Sequence[str] = (), *, now: float
    ) -> None:
        """The VEN is provisioned, with this certificate, by this request of CloudFormation."""
        values = {
            "certificateId": certificate_id,
            "provisionRequestId": request_id,
            "resourceId": certificate_id,
            "certifiedTs": now,
            "groups": list(groups) or None,
        }
        self.vens.update(Key(ven_id), values, once={"provisionedTs": now})

    def regroup(self, ven_id: str, groups: Sequence[str]) -> None:
        """The VEN is in these groups, and in no other."""
        self.vens.update(Key(ven_id), {"groups": list(groups) or None})

    def certify(self, ven_id: str, certificate_id: str, *, was: str | None, now: float) -> bool:
        """Another certificate is in force; False when it was another already than *was*."""
        values = {"certificateId": certificate_id, "certifiedTs": now}
        when = (
            Condition("attribute_not_exists(#c)", {"#c": "certificateId"})
            if was is None
            else Condition("#c = :was", {"#c": "certificateId"}, {":was": was})
        )
        return self.vens.update(Key(ven_id), values, once={"provisionedTs": now}, when=when)

    def unregister(self, ven_id: str, certificate_id: str) -> bool:
        """Forget the VEN, if this certificate is still its own; returns True when it was."""
        unchanged = Condition("#c = :c", {"#c": "certificateId"}, {":c": certificate_id})
        return self.vens.delete(Key(ven_id), when=unchanged)


def _registration(row: Item) -> Registration:
    certified_ts = row.get("certifiedTs", row.get("provisionedTs"))
    certificate_id = row.get("certificateId")
    # A row of an earlier release: nothing had changed the certificate but CloudFormation.
    resource_id = row.get("resourceId", certificate_id if "provisionRequestId" in row else None)
    return Registration(certificate_id, row.get("provisionRequestId"), resource_id, certified_ts)


_ATTRIBUTES = ("venId", "certificateId", "provisionRequestId", "resourceId", "certifiedTs", "provisionedTs")
