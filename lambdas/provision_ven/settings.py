"""Settings of `provision_ven`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProvisionSettings:
    """The VENs' table."""

    vens_table: str
