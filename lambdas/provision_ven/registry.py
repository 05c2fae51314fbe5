"""The VEN's row as provisioning sees it: which certificate is in force, and which request made it."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.records import Key
from lambdas.common.tables import Condition, Table


@dataclass(frozen=True, slots=True)
class Registration:
    """What is recorded of a VEN's provisioning."""

    certificate_id: str | None
    request_id: str | None


@dataclass(frozen=True, slots=True)
class Registry:
    """Provisioned VENs."""

    vens: Table

    def find(self, ven_id: str) -> Registration:
        """What is recorded; nothing, for a VEN that is not."""
        row = self.vens.get(Key(ven_id)) or {}
        return Registration(row.get("certificateId"), row.get("provisionRequestId"))

    def register(self, ven_id: str, certificate_id: str, request_id: str, *, now: float) -> None:
        """The VEN is provisioned, with this certificate, by this request."""
        values = {"certificateId": certificate_id, "provisionRequestId": request_id}
        self.vens.update(Key(ven_id), values, once={"provisionedTs": now})

    def unregister(self, ven_id: str, certificate_id: str) -> bool:
        """Forget the VEN, if this certificate is still its own; says whether it was."""
        own = Condition("#c = :c", {"#c": "certificateId"}, {":c": certificate_id})
        return self.vens.delete(Key(ven_id), when=own)
