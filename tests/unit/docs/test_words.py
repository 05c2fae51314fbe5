"""One thing has one word: what is no name is none, a class name stands once, docstrings state."""

from __future__ import annotations

import ast
from collections import defaultdict

import pytest

from tests.unit.docs.markdown import ROOT
from tests.unit.docs.words import modules, names_in, no_names_in, questions_in, words_of

FOLDERS = (
    "contracts",
    "cdk",
    "lambdas",
    "ven_twin/house",
    "ven_twin/control",
    "ven_twin/ven",
    "ven_twin/simulation",
    "ven_twin/operations",
    "ven_twin/webkit",
    "ven_twin/cli",
    "ven_twin/testing",
    "local_cloud",
    "harness",
)
PRODUCT = ("contracts", "cdk", "lambdas", "ven_twin", "local_cloud", "harness")


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_name_says_what_a_thing_is(folder: str) -> None:
    """No function, class, argument or variable is named by a word that fits anything."""
    hits = {
        f"{path.relative_to(ROOT)}:{name}"
        for path, words in modules(ROOT / folder)
        for name in words.no_names
    }
    assert sorted(hits) == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_docstring_states(folder: str) -> None:
    """A first line is an imperative or a noun phrase, and no indirect question."""
    hits = [
        f"{path.relative_to(ROOT)}:{line}"
        for path, words in modules(ROOT / folder)
        for line in words.questions
    ]
    assert hits == []


def test_a_class_name_stands_once() -> None:
    """Who looks for a class by its name finds one."""
    where = defaultdict[str, list[str]](list)
    for folder in PRODUCT:
        for path, words in modules(ROOT / folder):
            for name in words.classes:
                where[name].append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in where.items() if len(paths) > 1} == {}


def test_the_folders_are_the_whole_product() -> None:
    """A room that is added is held to the words too."""
    rooms = {path.parent for path in (ROOT / "ven_twin").glob("*/__init__.py")}
    assert {ROOT / folder for folder in FOLDERS if folder.startswith("ven_twin/")} == rooms


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("known_kw", ["known", "kw"]),
        ("MatchedDay", ["matched", "day"]),
        ("KwAsked", ["kw", "asked"]),
        ("HTTPPart", ["http", "part"]),
        ("EVENT_PART", ["event", "part"]),
        ("_own2", ["own"]),
        ("partial_owner", ["partial", "owner"]),
    ],
)
def test_a_name_is_taken_apart_into_its_words(name: str, words: list[str]) -> None:
    """Any spelling of a name has the same words; a longer word is another word."""
    assert words_of(name) == words


@pytest.mark.parametrize(
    "source",
    [
        "def asked(): ...",
        "class Moment: ...",
        "def f(given): ...",
        "def f(*, kept_kw=0): ...",
        "found = 1",
        "for each in (): ...",
        "with a as held: ...",
        "x = [part for part in ()]",
        "if (told := 1): ...",
        "self.standing = 1",
        "class A:\n    desk: int",
        "import a as facts",
        "try: ...\nexcept ValueError as known: ...",
        "match a:\n    case {'k': taken}: ...",
        "f = lambda own: 1",
    ],
)
def test_a_name_is_seen_wherever_code_gives_one(source: str) -> None:
    """Definitions, arguments, assignments, loops, patterns, imports, fields."""
    assert len(no_names_in(ast.parse(source))) >= 1


def test_a_name_that_is_only_used_is_not_held_against_the_user() -> None:
    """The name of a library is the library's."""
    tree = ast.parse("import asked\nx = asked.given(held=1)\nfrom a import known")
    assert [name for _, name in names_in(tree)] == ["x"]


@pytest.mark.parametrize(
    ("line", "hits"),
    [
        ("What a VEN says.", 1),
        ("Whether it is on.", 1),
        ("How it goes.", 1),
        ("Whatever is there is taken.", 0),
        ("The kW that a VEN delivers, and when.", 0),
        ("Plan the event.", 0),
    ],
)
def test_an_indirect_question_is_told_from_a_statement(line: str, hits: int) -> None:
    """Modules, classes and functions alike, by the first word."""
    assert len(questions_in(ast.parse(f'"""{line}"""'))) == hits
    assert len(questions_in(ast.parse(f'class A:\n    async def f(self):\n        """{line}"""'))) == hits
