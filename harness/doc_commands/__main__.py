"""``make doc-commands``: run each command of README, tutorial and guides; exit 1 when one fails."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from rich.text import Text

from harness.doc_commands.rules import CHAINS, ROOT, pages
from harness.doc_commands.session import DocResult, read_chain
from ven_twin.cli.console import console


def main() -> int:
    """Run the commands of the pages that are named, or of all."""
    parser = argparse.ArgumentParser(prog="make doc-commands", description=__doc__)
    parser.add_argument("--only", default="", help="a part of a page's name, such as tutorial")
    parser.add_argument("--output", action="store_true", help="print what each command printed")
    options = parser.parse_args()
    only = options.only
    begun, failed = time.monotonic(), 0
    for chain in CHAINS:
        if not any(only in name for name in chain):
            continue
        with tempfile.TemporaryDirectory(prefix="docs-") as folder:
            for result in read_chain(Path(folder), pages(chain)):
                console.print(Text(line(result)), soft_wrap=True)
                if options.output:
                    console.print(Text(result.output, "dim"), soft_wrap=True)
                failed += result.failed
    used = os.times()
    cpu_s = used.children_user + used.children_system
    console.print(f"{failed} failed, in {time.monotonic() - begun:.0f} s, with {cpu_s:.0f} s of CPU")
    return 1 if failed else 0


def line(result: DocResult) -> str:
    """A result for people."""
    command = result.command
    where = f"{command.page.relative_to(ROOT)}:{command.line}"
    if result.reason:
        return f"  –    {where}  {command.text}: {result.reason}"
    text = f"{'✗' if result.failed else '✓'} {result.seconds:5.1f} s {where}  {command.text}"
    if result.failed:
        text += f"\n    exit {result.exit_code}, {result.trouble or ''}\n{result.output[-1500:]}"
    return text


if __name__ == "__main__":
    sys.exit(main())
