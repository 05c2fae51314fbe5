"""Settings of `admit_ven`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AdmissionSettings:
    """The VENs' table, and the list of VENs that may claim."""

    vens_table: str
    allowed_table: str
