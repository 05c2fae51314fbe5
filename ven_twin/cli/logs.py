"""The log of a command that goes on: lines on standard error, for people or in JSON."""

from __future__ import annotations

import logging

from contracts.wire.plain_text import plain
from ven_twin.cli.console import print_json


class _JsonLines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Print the line; where that fails, as on a full disk, the twin goes on without it."""
        line = {"ts": round(record.created, 3), "level": record.levelname.lower()}
        try:
            print_json(line | {"message": record.getMessage()})
        except (OSError, ValueError):
            self.handleError(record)


class _PlainLines(logging.Formatter):
    """A line for people; what a message quotes of others is plain in it."""

    def format(self, record: logging.LogRecord) -> str:
        return plain(super().format(record))


def log_to_stderr(*, json_output: bool) -> None:
    """Log to standard error, in lines for people or in JSON."""
    handler: logging.Handler = _JsonLines() if json_output else logging.StreamHandler()
    handler.setFormatter(_PlainLines("%(asctime)s  %(message)s", datefmt="%H:%M:%S"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
