"""The tables and the registry of things that `admit_ven` works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.store.claim_codes import TRIES_ATTRIBUTE
from contracts.store.keys import ALLOWED_VENS, TTL_ATTRIBUTE, VENS, Key
from contracts.store.stack import fits_stage
from contracts.wire.ids import VenId
from lambdas.admit_ven.logic import AdmissionRefusal, AdmissionRequest, refusal_by_code
from lambdas.admit_ven.settings import AdmissionSettings
from lambdas.shared import clients
from lambdas.shared.certificate_journal import CLAIMED, CertificateJournal
from lambdas.shared.id_conflicts import others_thing
from lambdas.shared.registry import Registry
from lambdas.shared.tables import Condition, Table

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

    def check_code(self, request: AdmissionRequest, *, now: float) -> AdmissionRefusal | None:
        """The reason against *request* by its code; None for none.

        An attempt is counted before it is answered, so that no two are made for one; one that no code would
        let in is none.
        """
        key = Key(request.ven_id)
        while True:
            row = self.allowed.get(key)
            refusal = refusal_by_code(row, request, now=now)
            if row is None or refusal not in {None, AdmissionRefusal.WRONG_CODE}:
                return refusal
            tries = row.get(TRIES_ATTRIBUTE)
            counted = {TRIES_ATTRIBUTE: (tries or 0) + 1}
            if self.allowed.update(key, counted, when=Condition.unchanged(TRIES_ATTRIBUTE, tries)):
                return refusal_by_code({**row, **counted}, request, now=now)

    def note(self, request: AdmissionRequest) -> None:
        """Have the certificate that was made for this claim collected, if nothing comes of it."""
        CertificateJournal(self.allowed).note(CLAIMED + request.certificate_id, request.ven_id)

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
        times = {"certifiedTs": now, "claimedTs": now, "revokedTs": None}
        row = {"certificateId": request.certificate_id, **times}
        self.vens.update(Key(request.ven_id), row, once={"provisionedTs": now})


def open_adapters(settings: AdmissionSettings) -> AdmissionAdapters:
    """Open the tables that the settings name."""
    return AdmissionAdapters(
        clients.table(settings.allowed_table, ALLOWED_VENS),
        clients.table(settings.vens_table, VENS),
        clients.iot(),
        settings.ven_id_pattern,
    )
