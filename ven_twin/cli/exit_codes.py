"""The exit codes of every command."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The end of a command, for scripts; ``docs/reference/exit-codes.md`` has the codes for readers."""

    DONE = 0
    FAILED = 1
    """Carried out, and it did not come out well; or no cloud, no network, no rights."""
    USAGE = 2
    """The command cannot be carried out as it was typed: nothing was changed."""
    NOTHING_TO_GIVE = 3
    """Carried out, and there is nothing to give: an event that calls no VEN, a power that cannot be held."""
    INTERRUPTED = 130
    """Ctrl-C before it was done."""
