"""Reports of events for people."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console

from contracts.api.reports import read_report
from contracts.errors import FieldError
from ven_twin.operations.reports import page, table, terminal

console = Console(highlight=False)


def show_report(settled: Mapping[str, Any]) -> None:
    """Print a report: delivered power by baseline and by VEN."""
    terminal.show(read_report(settled), console)


def whole(settled: Mapping[str, Any], items: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The report with its VENs, which are in *items* beside it when they are too many."""
    if settled["vens"]:
        return settled
    return {**settled, "vens": [item["report"] for item in items if "report" in item and "venId" in item]}


def save(settled: Mapping[str, Any], *, html: Path | None, csv: str | None) -> None:
    """Write the report's page and its table over the files; ``-`` is standard output.

    Raises:
        FieldError: a file cannot be written; names the option.
    """
    if html is not None:
        text = page.html(read_report(settled))
        _write("--html", html, text)
        sys.stderr.write(f"Page   {html}\n")
    if csv is not None:
        rows = StringIO()
        table.write(read_report(settled), rows)
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
