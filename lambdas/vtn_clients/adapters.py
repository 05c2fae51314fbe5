"""The clients that `vtn_clients` works with."""

from __future__ import annotations

from contracts.store.vtn_keys import VTN
from lambdas.shared import clients
from lambdas.shared.oadr_clients import ClientBook
from lambdas.vtn_clients.settings import ClientSettings


def open_book(settings: ClientSettings) -> ClientBook:
    """Open the table that the settings name."""
    return ClientBook(clients.table(settings.vtn_table, VTN))
