"""The command line: ``ven-twin``. Each command imports what it needs, so that the others start fast."""

from ven_twin.cli.app import main

__all__ = ["main"]
