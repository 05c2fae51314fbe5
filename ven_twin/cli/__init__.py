"""The command line: ``ven-twin``. Each command imports what it needs, so that the others start fast."""

from ven_twin.installation import find_parts

find_parts(first=True)

from ven_twin.cli.app import main  # noqa: E402 - needs the parts

__all__ = ["main"]
