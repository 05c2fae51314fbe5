"""Reports of events for people."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

from rich.console import Console

from contracts.api.reports import EventReport
from contracts.errors import FieldError

console = Console(highlight=False)


def show_report(settled: EventReport) -> None:
    """Print a report: delivered power by baseline and by VEN."""
    from ven_twin.operations.reports import terminal

    terminal.show(settled, console)


def save(settled: EventReport, *, html: Path | None, csv: str | None) -> None:
    """Write the report's page and its table over the files; ``-`` is standard output.

    Raises:
        FieldError: a file cannot be written; names the option.
    """
    from ven_twin.operations.reports import page, table

    if html is not None:
        text = page.html(settled)
        _write("--html", html, text)
        sys.stderr.write(f"Page   {html}\n")
    if csv is not None:
        rows = StringIO()
        table.write(settled, rows)
        if csv == "-":
            sys.stdout.write(rows.getvalue())
        else:
            _write("--csv", Path(csv), rows.getvalue())
            sys.stderr.write(f"Table  {csv}\n")


def _write(option: str, path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FieldError(option, f"{path} cannot be written: {error.strerror or error}") from None
