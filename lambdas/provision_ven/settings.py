"""Settings of `provision_ven`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProvisionSettings:
    """The VENs, the VENs that may claim with the journal of certificates, and groups and programs."""

    vens_table: str
    allowed_table: str
    events_table: str
