"""The tables and the registry of things that `admit_ven` works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.store.keys import ALLOWED_VENS, TTL_ATTRIBUTE, VENS, Key
from contracts.store.stack import fits_stage
from contracts.wire.ids import VenId
from lambdas.admit_ven.logic import AdmissionRequest
from lambdas.admit_ven.settings import AdmissionSettings
from lambdas.shared import clients
from lambdas.shared.id_conflicts import others_thing
from lambdas.shared.tables import Condition, Table
from lambdas.shared.ven_identity import Registry

if TYPE_CHECKING:
    from types_boto3_iot import IoTClient


@dataclass(frozen=True, slots=True)
class AdmissionAdapters:
    """The list of VENs that may claim, the VENs, the account's things, and the pattern of the stage's ids."""

    allowed: Table
    vens: Table
    iot: IoTClient
    pattern: str

    def refusal(self, ven_id: VenId) -> str | None:
        """The reason against *ven_id*, whose thing may be another stage's or no stage's; None for none.

        Where the thing is there already, AWS IoT would give it the VEN's certificate beside its own.
        """
        if not fits_stage(ven_id, self.pattern):
            return f"ids of this stage's VENs are {self.pattern}"
        if Registry(self.vens).find(ven_id).certificate_id is not None:
            return None
        return others_thing(ven_id, self.iot)

    def use_place(self, request: AdmissionRequest, *, now: float) -> bool:
        """Use up the VEN's place on the list for this certificate; False when there is none, or no more.

        IoT Core may invoke the hook twice for one certificate, which is one admission; another certificate
        for the same VEN takes another place on the list.
        """
        unused = Condition(
            "#e > :now AND (attribute_not_exists(#u) OR #u = :c)",
            {"#e": TTL_ATTRIBUTE, "#u": "usedBy"},
            {":now": now, ":c": request.certificate_id},
        )
        used = {"usedBy": request.certificate_id, "usedTs": now}
        return self.allowed.update(Key(request.ven_id), used, when=unused)

    def record(self, request: AdmissionRequest, *, now: float) -> None:
        """Record the VEN with its certificate."""
        row = {"certificateId": request.certificate_id, "certifiedTs": now, "claimedTs": now}
        self.vens.update(Key(request.ven_id), row, once={"provisionedTs": now})


def open_adapters(settings: AdmissionSettings) -> AdmissionAdapters:
    """Open the tables that the settings name."""
    return AdmissionAdapters(
        clients.table(settings.allowed_table, ALLOWED_VENS),
        clients.table(settings.vens_table, VENS),
        clients.iot(),
        settings.ven_id_pattern,
    )
