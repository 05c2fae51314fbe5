"""A page's command lines and files, in order. Pure.

A block of commands is fenced as ``sh``, or indented with a line that begins with one of `PROGRAMS`. A block
of another language whose first line is a comment with a file's name, such as ``# tariff.toml``, is that file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = (
    "ven-twin",
    "make",
    "eval",
    "export",
    "npx",
    "aws",
    "curl",
    "head",
    "pip",
    "podman",
    "mosquitto_pub",
    "python",
)
"""The programs that docs name; by these an indented line is told from output."""
_FIRST = re.compile(rf"(?:\.venv/bin/)?(?:{'|'.join(PROGRAMS)})\b")
_FENCE = re.compile(r"^ *```(\w*)")
_COMMENT = re.compile(r"(?:^|\s+)#\s.*$")
_FILE = re.compile(r"^# ([\w-]+\.(?:toml|csv))\b")
_EXIT = re.compile(r"\bexit (\d+)\b")


@dataclass(frozen=True)
class DocCommand:
    """A command line of a page.

    Attributes:
        page: the page.
        line: the number of its first line.
        text: as it is written, on one line, without its comment.
        comment: the comment beside it.
    """

    page: Path
    line: int
    text: str
    comment: str = ""

    @property
    def exit_code(self) -> int:
        """The exit code that its comment names, as in ``# exit 3``; else 0."""
        named = _EXIT.search(self.comment)
        return int(named[1]) if named else 0


@dataclass(frozen=True)
class DocFile:
    """A file that a page shows whole, by its name."""

    page: Path
    line: int
    name: str
    text: str


Step = DocCommand | DocFile


def steps(page: Path) -> Iterator[Step]:
    """The commands and files of a page, in order."""
    for language, first, lines in _blocks(page.read_text(encoding="utf-8").splitlines()):
        named = _FILE.match(lines[0]) if lines else None
        if language == "sh":
            yield from _commands(page, first, lines)
        elif language is None:
            yield from (one for one in _commands(page, first, lines) if _FIRST.match(one.text))
        elif named:
            yield DocFile(page, first, named[1], "\n".join(lines) + "\n")


def commands(page: Path) -> list[DocCommand]:
    """The commands of a page, in order."""
    return [step for step in steps(page) if isinstance(step, DocCommand)]


def _blocks(lines: list[str]) -> Iterator[tuple[str | None, int, list[str]]]:
    """Each block of code: its language, None of an indented one; the number of its first line; its lines."""
    at = 0
    while at < len(lines):
        fence = _FENCE.match(lines[at])
        begun = at + 1 if fence else at
        at = begun
        if fence:
            while at < len(lines) and not _FENCE.match(lines[at]):
                at += 1
            yield fence[1], begun + 1, [line.strip() for line in lines[begun:at]]
        else:
            while at < len(lines) and lines[at].startswith("    "):
                at += 1
            if at > begun:
                yield None, begun + 1, [line.strip() for line in lines[begun:at]]
        at += 1 if fence or at == begun else 0


def _commands(page: Path, first: int, lines: list[str]) -> Iterator[DocCommand]:
    """The command lines of a block; one that ends with a backslash goes on."""
    begun: str = ""
    number = first
    for at, line in enumerate(lines, first):
        if not begun:
            number = at
        if line.endswith("\\"):
            begun += line[:-1].rstrip() + " "
            continue
        whole = begun + line
        begun = ""
        comment = _COMMENT.search(whole)
        text = whole[: comment.start()].strip() if comment else whole.strip()
        if text:
            yield DocCommand(page, number, text, comment[0].strip() if comment else "")
