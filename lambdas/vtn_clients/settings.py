"""Settings of `vtn_clients`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """The table with the clients."""

    vtn_table: str
