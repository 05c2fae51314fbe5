"""Reads Python for its words: the names it gives, the classes it defines, how its docstrings begin."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

NO_NAMES = frozenset(
    {
        "asked",
        "said",
        "found",
        "given",
        "held",
        "kept",
        "known",
        "told",
        "taken",
        "own",
        "each",
        "part",
        "parts",
        "piece",
        "pieces",
        "desk",
        "desks",
        "moment",
        "moments",
        "standing",
        "standings",
        "facts",
    }
)
"""Participles say when a value came and not what it is; the others say of anything that it is something."""
TERMS = ("not_found", "taken_over")
"""Names that others gave: HTTP's Not Found, MQTT's Session taken over."""
QUESTION = re.compile(r"(?:What|Whose|Which|Who|Whom|How|Where|When|Whether|Why)\b")

_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[a-z]+")


def words_of(name: str) -> list[str]:
    """The words that a snake_case, CamelCase or UPPER_CASE name is made of."""
    return _WORD.findall(_CAPITAL.sub("_", name).lower())


def names_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name that the code gives to something, with its line; names of fields and aliases too."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                yield node.lineno, name
            case ast.Import() | ast.ImportFrom():
                yield from ((node.lineno, alias.asname) for alias in node.names if alias.asname)


def no_names_in(tree: ast.AST) -> list[str]:
    """The names that are built with a word of `NO_NAMES`, each with its line."""
    return [
        f"{line}: {name}" for line, name in sorted(names_in(tree)) if NO_NAMES & set(_without_terms(name))
    ]


def _without_terms(name: str) -> list[str]:
    words = "_".join(words_of(name))
    for term in TERMS:
        words = words.replace(term, "")
    return words.split("_")


def questions_in(tree: ast.AST) -> list[str]:
    """The docstrings whose first line is an indirect question, each with its line."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    questions = []
    for node in ast.walk(tree):
        text = ast.get_docstring(node) if isinstance(node, kinds) else None
        if text and QUESTION.match(text):
            questions.append(f"{getattr(node, 'lineno', 1)}: {text.splitlines()[0]}")
    return questions


def classes_in(tree: ast.AST) -> list[str]:
    """The names of the classes that a module defines, also inside functions."""
    return [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


@dataclass(frozen=True)
class ModuleWords:
    """A module, as far as its words are held to anything: see `no_names_in`, `questions_in`, `classes_in`."""

    no_names: tuple[str, ...]
    questions: tuple[str, ...]
    classes: tuple[str, ...]


def modules(folder: Path) -> Iterator[tuple[Path, ModuleWords]]:
    """The Python files below *folder*, each read once."""
    for path in sorted(folder.rglob("*.py")):
        yield path, _words_of_module(path)


@cache
def _words_of_module(path: Path) -> ModuleWords:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return ModuleWords(tuple(no_names_in(tree)), tuple(questions_in(tree)), tuple(classes_in(tree)))
