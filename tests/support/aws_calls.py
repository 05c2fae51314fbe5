"""The AWS operations that code can call, by type: mypy says whose method each attribute is.

A call graph over the project's own functions. It takes too much rather than too little: a reference counts
as a call, a protocol's method stands for every class that has it, a string that is an operation's name
(``get_paginator("query")``) for that operation.
"""

from __future__ import annotations

import ast
import gc
import inspect
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

import botocore.session
from botocore import xform_name
from mypy.build import build
from mypy.modulefinder import BuildSource
from mypy.nodes import (
    CallExpr,
    Expression,
    MemberExpr,
    MypyFile,
    NameExpr,
    Node,
    StrExpr,
    SymbolNode,
    TypeInfo,
)
from mypy.options import Options
from mypy.types import (
    AnyType,
    CallableType,
    Instance,
    Type,
    TypeOfAny,
    TypeType,
    TypeVarType,
    UnionType,
    get_proper_type,
)

ROOT = Path(__file__).resolve().parents[2]
SERVICES = (
    "batch",
    "ce",
    "cloudformation",
    "cloudwatch",
    "dynamodb",
    "iam",
    "iot",
    "iot-data",
    "kms",
    "lambda",
    "logs",
    "scheduler",
    "secretsmanager",
    "service-quotas",
    "sns",
    "sqs",
    "ssm",
    "stepfunctions",
    "sts",
)
"""The services that the project has clients of. `lambdas/shared/clients.py` and `Cloud.client` name them."""
PREFIXES = {"iot-data": "iot", "service-quotas": "servicequotas", "stepfunctions": "states"}
ACTIONS = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "dynamodb:TransactWriteItems": "dynamodb:PutItem",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}
"""IAM's name of an operation, where it is not the operation's own. A transaction is judged by its items: of
those that are no puts alone, `MIXED_TRANSACTIONS` has what there is in them, too.
Source: DynamoDB Developer Guide, IAM with transactions."""
MIXED_TRANSACTIONS = {
    "lambdas.shared.transactions.transact": ("dynamodb:DeleteItem", "dynamodb:ConditionCheckItem")
}
SIGNED_CALL = "botocore.auth.SigV4Auth"
CONSTRUCTORS = ("__init__", "__post_init__", "__new__")


@cache
def operations(service: str) -> Mapping[str, str]:
    """The IAM action of each method of *service*'s client that calls AWS."""
    model = botocore.session.get_session().get_service_model(service)
    prefix = PREFIXES.get(service, service)
    actions = {xform_name(name): f"{prefix}:{name}" for name in model.operation_names}
    return {method: ACTIONS.get(action, action) for method, action in actions.items()}


@cache
def _named(method: str) -> frozenset[str]:
    """The actions that a method of this name may be, of any service."""
    return frozenset(action for service in SERVICES if (action := operations(service).get(method)))


@dataclass
class CallGraph:
    """References and calls, by the full name of the function (or of the constant) that makes them.

    Attributes:
        refers: the project's functions, classes' constructors and constants that are referred to.
        actions: the IAM actions that are called.
        unclear: attributes with the name of an operation whose owner's type is not known.
    """

    refers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    actions: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    unclear: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def reach(self, roots: Iterable[str], *, beyond: str = "") -> set[str]:
        """The names that *roots* lead to; no step is made into a name that starts with *beyond*."""
        reached, ahead = set[str](), list(roots)
        while ahead:
            name = ahead.pop()
            if name in reached or (beyond and name.startswith(beyond)):
                continue
            reached.add(name)
            ahead += self.refers.get(name, ())
        return reached

    def calls(self, roots: Iterable[str], *, beyond: str = "") -> set[str]:
        """The actions that *roots* can call. Raises AssertionError where one cannot be told."""
        reached = self.reach(roots, beyond=beyond)
        unclear = {f"{name}: {what}" for name in reached for what in self.unclear.get(name, ())}
        assert not unclear, f"give these a type: {sorted(unclear)}"
        more = {action for name in reached for action in MIXED_TRANSACTIONS.get(name, ())}
        return more | {action for name in reached for action in self.actions.get(name, ())}

    def names(self, prefix: str) -> set[str]:
        """Everything that has references and starts with *prefix*."""
        return {name for name in {*self.refers, *self.actions} if name.startswith(prefix)}


READ_WHOLE = ("contracts", "lambdas", "local_cloud", "ven_twin", "click", "typer")
"""Read whole. Of others' packages only stubs are, as boto3's: the rest calls no AWS for the project."""


def call_graphs(*rooms: Sequence[str]) -> list[CallGraph]:
    """A graph for each of the *rooms*, which are some packages of the project; mypy reads all of them once.

    It does so in a process of its own: what it read stays in its memory, and each search for what nobody
    refers to any more would take three seconds from then on.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as apart:
        return apart.submit(_read, rooms).result()


def _read(rooms: Iterable[Sequence[str]]) -> list[CallGraph]:
    """The graphs, by mypy in this process.

    mypy remembers what it read of others' packages. A module whose text it is handed is always read anew:
    of one that is remembered there is no tree.
    """
    gc.set_threshold(200_000, 30, 30)  # as mypy does: nearly all that it makes stays
    sources = [[source for package in packages for source in _sources(package)] for packages in rooms]
    result = build(list(chain.from_iterable(sources)), _options())
    graphs = []
    for of_room in sources:
        trees = [result.graph[source.module].tree for source in of_room]
        graphs.append(_graph([tree for tree in trees if tree is not None], result.types))
    return graphs


def _options() -> Options:
    options = Options()
    options.export_types, options.python_version = True, (3, 11)
    options.preserve_asts = options.ignore_missing_imports = True
    options.cache_dir = str(ROOT / ".cache" / "mypy_of_calls")
    options.follow_imports = "skip"
    options.per_module_options = {f"{name}.*": {"follow_imports": "normal"} for name in READ_WHOLE}
    return options


def _sources(package: str) -> list[BuildSource]:
    return [
        BuildSource(
            str(path),
            ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"),
            path.read_text(encoding="utf-8"),
        )
        for path in sorted((ROOT / package).rglob("*.py"))
    ]


def _graph(trees: Sequence[MypyFile], types: Mapping[Expression, Type]) -> CallGraph:
    graph = CallGraph()
    classes = [info for tree in trees for info in _classes(tree)]
    for tree in trees:
        owners = owners_of(tree.fullname, ast.parse(Path(tree.path).read_text(encoding="utf-8")))
        reader = _Reader(graph, owners, types, classes)
        for expression in expressions(tree):
            reader.read(expression)
    return graph


LEADS_AWAY = frozenset({"node", "info", "analyzed", "type", "names", "imports", "alias_deps", "ctx"})
"""Attributes of mypy's nodes that lead to what stands elsewhere in the text."""


@cache
def _children_of(kind: type) -> tuple[str, ...]:
    names = {
        name for base in kind.__mro__ for name, value in vars(base).items() if inspect.isdatadescriptor(value)
    }
    return tuple(sorted(name for name in names - LEADS_AWAY if not name.startswith("_")))


def expressions(tree: MypyFile) -> Iterator[Expression]:
    """Every expression in a module. mypy's own visitors, being compiled, cannot be derived from."""
    ahead: list[object] = list(tree.defs)
    seen = set[int]()
    while ahead:
        node = ahead.pop()
        if isinstance(node, list | tuple):
            ahead += node
        elif isinstance(node, Node) and id(node) not in seen:
            seen.add(id(node))
            if isinstance(node, Expression):
                yield node
            ahead += [getattr(node, name, None) for name in _children_of(type(node))]


def owners_of(module: str, tree: ast.Module) -> Mapping[int, str]:
    """The function, constant or class attribute that each line of a module belongs to."""
    owners: dict[int, str] = defaultdict(lambda: f"{module}.<top>")

    def own(body: Iterable[ast.stmt], prefix: str) -> None:
        for statement in body:
            name = _name(statement)
            if isinstance(statement, ast.ClassDef):
                own(statement.body, f"{prefix}.{statement.name}")
            elif name is not None:
                first = min(node.lineno for node in [statement, *getattr(statement, "decorator_list", ())])
                owners.update(
                    dict.fromkeys(range(first, (statement.end_lineno or first) + 1), f"{prefix}.{name}")
                )
            else:
                own((node for node in ast.iter_child_nodes(statement) if isinstance(node, ast.stmt)), prefix)

    own(tree.body, module)
    return owners


def _name(statement: ast.stmt) -> str | None:
    """The name that a statement defines."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return statement.name
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return targets[0].id if isinstance(targets[0], ast.Name) else None


def _classes(tree: MypyFile) -> Iterator[TypeInfo]:
    yield from (
        symbol.node
        for symbol in tree.names.values()
        if isinstance(symbol.node, TypeInfo) and symbol.node.module_name == tree.fullname
    )


class _Reader:
    """Reads one module into the graph."""

    def __init__(
        self,
        graph: CallGraph,
        owners: Mapping[int, str],
        types: Mapping[Expression, Type],
        classes: list[TypeInfo],
    ) -> None:
        self._graph, self._owners, self._types, self._classes = graph, owners, types, classes

    def read(self, expression: Expression) -> None:
        """Put into the graph what *expression* refers to, as far as that is anything."""
        at = self._owners[expression.line]
        if isinstance(expression, NameExpr):
            self._refer(at, expression.node)
        elif isinstance(expression, StrExpr):
            self._graph.actions[at] |= _named(expression.value)
        elif isinstance(expression, MemberExpr):
            self._refer(at, expression.node)
            owner = self._types.get(expression.expr, AnyType(TypeOfAny.unannotated))
            self._member(at, owner, expression)

    def _refer(self, at: str, node: SymbolNode | None) -> None:
        if node is None:
            return
        if node.fullname == SIGNED_CALL:
            self._graph.actions[at].add("execute-api:Invoke")
        self._graph.refers[at].add(node.fullname)
        if isinstance(node, TypeInfo):
            self._graph.refers[at] |= {f"{node.fullname}.{name}" for name in CONSTRUCTORS}

    def _member(self, at: str, owner: Type, o: MemberExpr) -> None:
        kind = get_proper_type(owner)
        if isinstance(kind, UnionType):
            for item in kind.items:
                self._member(at, item, o)
        elif isinstance(kind, TypeVarType):
            self._member(at, kind.upper_bound, o)
        elif isinstance(kind, TypeType):
            self._member(at, kind.item, o)
        elif isinstance(kind, CallableType) and kind.is_type_obj():
            self._of_class(at, kind.type_object(), o.name)
        elif isinstance(kind, Instance):
            self._of_class(at, kind.type, o.name)
        elif isinstance(kind, AnyType) and o.node is None and (actions := _untyped(o)):
            known = self._graph.actions if len(actions) == 1 else self._graph.unclear
            known[at] |= actions

    def _of_class(self, at: str, info: TypeInfo, name: str) -> None:
        if info.module_name.startswith("types_boto3_") and info.name.endswith("Client"):
            service = info.module_name.split(".")[0].removeprefix("types_boto3_").replace("_", "-")
            if (action := operations(service).get(name)) is not None:
                self._graph.actions[at].add(action)
            return
        refers = self._graph.refers[at]
        refers |= {f"{base.fullname}.{name}" for base in info.mro if name in base.names}
        needed = {member for base in info.mro if base.is_protocol for member in base.names}
        for other in self._classes:
            structural = info.is_protocol and all(other.has_readable_member(member) for member in needed)
            if name in other.names and (structural or info in other.mro):
                refers.add(f"{other.fullname}.{name}")


def _untyped(o: MemberExpr) -> frozenset[str]:
    """The actions that ``client("sqs").send_message`` may be, and any other attribute without a type."""
    made = o.expr
    if isinstance(made, CallExpr) and made.args and isinstance(made.args[0], StrExpr):
        service = made.args[0].value
        if service in SERVICES:
            return frozenset({operations(service)[o.name]} if o.name in operations(service) else ())
    return _named(o.name)
