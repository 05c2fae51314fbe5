"""Settings of `provision_ven`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProvisionSettings:
    """The VENs' table, and the list of VENs that may claim, which has the journal of certificates too."""

    vens_table: str
    allowed_table: str
