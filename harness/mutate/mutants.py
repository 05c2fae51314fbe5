"""Mutants of one file: each is one small change of its text.

    comparison      a < b        a <= b, a >= b        boundary and negation
    arithmetic      a + b        a - b                 also in place: a += b
    logic           a and b      a or b; not a  a
    condition       if a         if not (a)
    choice          min(a, b)    max(a, b)             any and all alike
    constant        7            8, 6                  True and False
    return          return a     return None
    loop            break        continue
    statement       f(a)         pass                  a call or a raise that is left out

Not mutated: annotations, decorators, strings, f-strings, type variables and aliases, logging, and the
``strict`` of a zip, which asserts that the lengths are equal.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

COMPARISONS: Mapping[type[ast.cmpop], tuple[str, tuple[str, ...]]] = {
    ast.Lt: ("<", ("<=", ">=")),
    ast.LtE: ("<=", ("<", ">")),
    ast.Gt: (">", (">=", "<=")),
    ast.GtE: (">=", (">", "<")),
    ast.Eq: ("==", ("!=",)),
    ast.NotEq: ("!=", ("==",)),
    ast.Is: ("is", ("is not",)),
    ast.IsNot: (r"is\s+not", ("is",)),
    ast.In: ("in", ("not in",)),
    ast.NotIn: (r"not\s+in", ("in",)),
}
OPERATORS: Mapping[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"),
    ast.Pow: ("**", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
}
SWAPPED_CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}
LAYOUT_KEYWORDS = frozenset({"frozen", "slots", "kw_only", "gc", "weakref"})
"""Keywords of a class that change how it lies in memory, and nothing that a test should see."""
LOGGERS = frozenset({"logger", "logging", "log"})
TEXT = (ast.JoinedStr, ast.List, ast.ListComp, ast.Tuple)

Edit = tuple[int, int, str]
"""Start and end in the text, and what stands there instead."""


@dataclass(frozen=True, slots=True, order=True)
class Mutant:
    """One change: the text from *start* to *end* of *path* becomes *replacement*.

    Attributes:
        line: line of the change, from 1 on.
        statement: first and last line of the statement that it stands in.
        in_function: it runs when a function is called, not when the module is imported.
        mutation: the old and the new text, as in ``a < b → a <= b``.
    """

    path: str
    start: int
    end: int
    replacement: str
    line: int
    statement: tuple[int, int]
    in_function: bool
    mutation: str

    def apply(self, source: str) -> str:
        """*source* with the change in it."""
        return source[: self.start] + self.replacement + source[self.end :]

    def line_text(self, source: str) -> str:
        """The line of *source* that is changed, without its indentation."""
        return source.splitlines()[self.line - 1].strip()

    def diff(self, source: str) -> tuple[str, str]:
        """The changed lines, before and after, without their indentation."""
        begin = source.rfind("\n", 0, self.start) + 1
        finish = source.find("\n", self.end)
        finish = len(source) if finish < 0 else finish
        after = source[begin : self.start] + self.replacement + source[self.end : finish]
        return source[begin:finish].strip(), after.strip()


def mutants_of(path: str, source: str) -> list[Mutant]:
    """Every mutant of *source*, in the order of its text."""
    return sorted(_File(path, source).mutants())


class _File:
    """A file and the places of its nodes."""

    def __init__(self, path: str, source: str) -> None:
        self._path = path
        self._source = source
        lines = source.splitlines(keepends=True)
        self._encoded = [line.encode() for line in lines]
        self._starts = [0]
        for line in lines:
            self._starts.append(self._starts[-1] + len(line))

    def mutants(self) -> Iterator[Mutant]:
        tree = ast.parse(self._source)
        yield from self._under(tree, statement=(1, 1), in_function=False)

    def _under(self, node: ast.AST, *, statement: tuple[int, int], in_function: bool) -> Iterator[Mutant]:
        if isinstance(node, ast.stmt):
            statement = _header(node)
        for start, end, replacement in self._edits(node, in_function=in_function):
            line = self._source.count("\n", 0, start) + 1
            yield Mutant(
                self._path, start, end, replacement, line, statement, in_function,
                self._mutation(node, start, end, replacement),
            )  # fmt: skip
        for child, runs_later in _children(node):
            yield from self._under(child, statement=statement, in_function=in_function or runs_later)

    def _mutation(self, node: ast.AST, start: int, end: int, replacement: str) -> str:
        whole = isinstance(node, ast.expr | ast.AugAssign)
        first, last = self._span(node) if whole else (start, end)
        before = self._source[first:last]
        after = self._source[first:start] + replacement + self._source[end:last]
        return f"{' '.join(before.split())} → {' '.join(after.split())}"

    def _offset(self, line: int, column: int) -> int:
        return self._starts[line - 1] + len(self._encoded[line - 1][:column].decode())

    def _span(self, node: ast.AST) -> tuple[int, int]:
        assert isinstance(node, ast.expr | ast.stmt)
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return (
            self._offset(node.lineno, node.col_offset),
            self._offset(node.end_lineno, node.end_col_offset),
        )

    def _edits(self, node: ast.AST, *, in_function: bool) -> Iterator[Edit]:
        if isinstance(node, ast.stmt):
            yield from self._statement(node)
        if isinstance(node, ast.If | ast.While | ast.IfExp):
            yield from self._condition(node.test)
        elif in_function or not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)):
            yield from self._expression(node)

    def _statement(self, node: ast.stmt) -> Iterator[Edit]:
        match node:
            case ast.AugAssign(op=op) if type(op) in OPERATORS:
                old, new = OPERATORS[type(op)]
                yield from self._between(node.target, node.value, re.escape(old) + "=", (new + "=",))
            case ast.Return(value=ast.expr() as value) if not _is_none(value):
                yield (*self._span(value), "None")
            case ast.Break():
                yield (*self._span(node), "continue")
            case ast.Continue():
                yield (*self._span(node), "break")
            case ast.Raise() | ast.Expr(value=ast.Call() | ast.Await()) if not _is_logging(node):
                yield (*self._span(node), "pass")

    def _expression(self, node: ast.AST) -> Iterator[Edit]:
        match node:
            case ast.Compare():
                yield from self._comparison(node)
            case ast.BinOp():
                yield from self._arithmetic(node)
            case ast.BoolOp():
                old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
                for left, right in pairwise(node.values):
                    yield from self._between(left, right, rf"\b{old}\b", (new,))
            case ast.UnaryOp(op=ast.Not() | ast.USub()):
                start, end = self._span(node)
                sign = re.match(r"not\s*|-\s*", self._source[start:end])
                if sign:
                    yield start, start + sign.end(), ""
            case ast.Call(func=ast.Name(id=name)) if name in SWAPPED_CALLS:
                yield (*self._span(node.func), SWAPPED_CALLS[name])
            case ast.Constant(value=bool() | int() | float()):
                yield from self._constant(node)

    def _comparison(self, node: ast.Compare) -> Iterator[Edit]:
        for left, op, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            pattern, news = COMPARISONS[type(op)]
            word = rf"\b{pattern}\b" if pattern[0].isalpha() else re.escape(pattern)
            yield from self._between(left, right, word, news)

    def _arithmetic(self, node: ast.BinOp) -> Iterator[Edit]:
        if type(node.op) not in OPERATORS or _is_text(node.left) or _is_text(node.right):
            return
        old, new = OPERATORS[type(node.op)]
        yield from self._between(node.left, node.right, re.escape(old), (new,))

    def _between(
        self, left: ast.expr, right: ast.expr, pattern: str, news: tuple[str, ...]
    ) -> Iterator[Edit]:
        start, end = self._span(left)[1], self._span(right)[0]
        gap = self._source[start:end]
        operator = None if "#" in gap else re.search(pattern, gap)
        for new in news if operator else ():
            assert operator is not None
            yield start + operator.start(), start + operator.end(), new

    def _condition(self, test: ast.expr) -> Iterator[Edit]:
        if isinstance(test, ast.Name) and test.id == "TYPE_CHECKING":
            return
        if isinstance(test, ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.Await):
            start, end = self._span(test)
            yield start, end, f"(not {self._source[start:end]})"

    def _constant(self, node: ast.Constant) -> Iterator[Edit]:
        if isinstance(node.value, bool):
            yield (*self._span(node), str(not node.value))
            return
        assert isinstance(node.value, int | float)
        for value in (node.value + 1, node.value - 1):
            if value != node.value:
                yield (*self._span(node), f"({value!r})")


def _header(node: ast.stmt) -> tuple[int, int]:
    """First and last line of a statement without the block below it."""
    last = node.end_lineno or node.lineno
    body = getattr(node, "body", None)
    if isinstance(body, list) and body:
        last = max(node.lineno, body[0].lineno - 1)
    return node.lineno, last


def _children(node: ast.AST) -> Iterator[tuple[ast.AST, bool]]:
    """The nodes below that are mutated, each with whether it runs only when a function is called."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from (
                (default, False) for default in (*node.args.defaults, *node.args.kw_defaults) if default
            )
            yield from ((statement, True) for statement in node.body)
        case ast.ClassDef():
            yield from ((word.value, False) for word in node.keywords if word.arg not in LAYOUT_KEYWORDS)
            yield from ((statement, False) for statement in node.body)
        case ast.AnnAssign():
            if node.value:
                yield node.value, False
        case ast.Lambda():
            yield node.body, True
        case ast.JoinedStr():  # Python 3.11 does not know the places inside
            return
        case (
            ast.Call(func=ast.Name(id="cast" | "NewType" | "TypeVar"))
            | ast.If(test=ast.Name(id="TYPE_CHECKING"))
        ):
            return
        case ast.Call(func=ast.Name(id="zip")):
            children = (*node.args, *(word for word in node.keywords if word.arg != "strict"))
            yield from ((child, False) for child in children)
        case ast.Expr() if _is_logging(node):
            return
        case _:
            yield from ((child, False) for child in ast.iter_child_nodes(node))


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_text(node: ast.expr) -> bool:
    """The node is text or a list as it stands, which no other operator takes."""
    return isinstance(node, TEXT) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


def _is_logging(node: ast.AST) -> bool:
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))):
            return name in LOGGERS
        case _:
            return False
