"""Every page leads somewhere: links, headings, files and modules that it names exist."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from harness.scoring.__main__ import BEGIN, END, PAGE
from tests.unit.docs.markdown import PAGES, ROOT, anchors, code_spans, links

ROOMS = ("contracts", "cdk", "lambdas", "ven_twin", "local_cloud", "harness", "tests", "docs")
SOURCE = (".py", ".md", ".toml", ".js", ".ts")
MODULE = re.compile(rf"(?:{'|'.join(ROOMS)})(?:\.\w+)+")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


@cache
def files() -> frozenset[str]:
    """The names of all files of the project, without their folders."""
    folders = (path for room in ROOMS for path in (ROOT / room).rglob("*"))
    return frozenset(path.name for path in (*ROOT.iterdir(), *folders))


def is_there(span: str) -> bool:
    """Whether a code span that names a file, a folder or a module of the project names one that exists."""
    if re.search(r"[\s{}<>*…()=:]", span):
        return True
    if "/" in span:
        in_the_tree = span.endswith(SOURCE) or span.split("/", maxsplit=1)[0] in ROOMS
        return not in_the_tree or (ROOT / span).exists()
    if span.endswith(SOURCE):
        return span in files()
    return not MODULE.fullmatch(span) or names_something(span)


def names_something(dotted: str) -> bool:
    """Whether a dotted name is a module, or a name that a module defines."""
    path = ROOT / Path(*dotted.split("."))
    if path.is_dir() or path.with_suffix(".py").is_file():
        return True
    module = path.parent.with_suffix(".py")
    return module.is_file() and bool(re.search(rf"\b{path.name}\b", module.read_text(encoding="utf-8")))


@each_page
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    """A relative link names a file that exists; what it says after # is a heading there."""
    broken = []
    for target in links(page):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


@each_page
def test_every_file_and_module_that_a_page_names_exists(page: Path) -> None:
    """A path in backticks is a path from the project's root; a bare file name stands somewhere in it."""
    assert [span for span in code_spans(page) if not is_there(span)] == []


@pytest.mark.parametrize(
    "span",
    [
        "ven_twin/core/ven.py",
        "control/schedule.py",
        "desk_of_old.py",
        "lambdas/common",
        "contracts.shadow_wire",
    ],
)
def test_a_name_that_is_not_there_is_noticed(span: str) -> None:
    """A file that moved, a path from another folder, a module that went: each is a broken name."""
    assert not is_there(span)


def test_every_page_can_be_reached_from_the_readme() -> None:
    """A page that no other page links to is read by nobody."""
    reached, left = set[Path](), [ROOT / "README.md"]
    while left:
        page = left.pop()
        if page in reached:
            continue
        reached.add(page)
        targets = ((page.parent / target.partition("#")[0]).resolve() for target in links(page))
        left += [path for path in targets if path.suffix == ".md" and path.is_file()]
        left += [path for folder in targets_that_are_folders(page) for path in folder.glob("*.md")]
    assert set(PAGES) - reached == set()


def targets_that_are_folders(page: Path) -> list[Path]:
    """The folders that a page links to, whose pages a reader then sees."""
    paths = [(page.parent / target.partition("#")[0]).resolve() for target in links(page)]
    return [path for path in paths if path.is_dir() and path != page.parent]


def test_every_picture_is_on_a_page() -> None:
    """`make pictures` takes no picture that nobody sees."""
    shown = {(page.parent / target).resolve() for page in PAGES for target in links(page)}
    assert set((ROOT / "docs" / "pictures").iterdir()) <= shown


def test_the_page_that_make_baselines_writes_has_room_for_its_tables() -> None:
    """The figures go between two markers, which stand on the page once, in order."""
    text = PAGE.read_text(encoding="utf-8")
    assert PAGE in PAGES
    assert (text.count(BEGIN), text.count(END)) == (1, 1)
    assert text.index(BEGIN) < text.index(END)
