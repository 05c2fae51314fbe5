"""The command line: ``ven-twin``. Each command imports what it needs, so that the others start fast."""

from ven_twin.installation import add_packages

add_packages(first=True)

from ven_twin.cli.app import main  # noqa: E402 - needs them

__all__ = ["main"]
