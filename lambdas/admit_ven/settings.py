"""Settings of `admit_ven`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AdmissionSettings:
    """The VENs' table, the list of VENs that may claim, and the pattern of their ids."""

    vens_table: str
    allowed_table: str
    ven_id_pattern: str
