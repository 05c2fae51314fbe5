"""The lines that every test runs: measured once, and cached in .cache/ by the content of the files.

A change of the product, or of what tests share, measures all of it again; a change of one file of tests
measures that file.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

from contracts.wire.codec import JsonObject
from harness.mutate.areas import TESTS, TESTS_LEFT_OUT
from harness.mutate.mutants import Mutant
from harness.mutate.pytest_watch import LINES_FOLDER
from harness.mutate.tree import Tree, project_files

TESTS_FAILED = 1
"""Pytest's exit code when all tests ran, and some failed."""
LOT = 40
"""Files of tests that are measured in one run of pytest."""
CACHE = Path(".cache/mutate/reach.json")


class BrokenTestsError(Exception):
    """Tests do not run without any mutant; mend them first."""


@dataclass(frozen=True, slots=True)
class MeasuredFile:
    """A file of tests.

    Attributes:
        digest: of its content.
        duration_s: of all its tests.
        failing: tests that fail without any mutant, and are left out.
        lines: lines that each of its tests runs, by file of the product.
    """

    digest: str
    duration_s: float = 0.0
    failing: Sequence[str] = ()
    lines: Mapping[str, Mapping[str, Sequence[int]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Reach:
    """The lines that tests run, and who imports whom."""

    test_files: Mapping[str, MeasuredFile]
    importers: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def failing(self) -> list[str]:
        """Tests that fail without any mutant; with one in the tree they would tell nothing."""
        return sorted(test for test_file in self.test_files.values() for test in test_file.failing)

    @cached_property
    def _tests(self) -> Mapping[str, Mapping[int, set[str]]]:
        tests: defaultdict[str, defaultdict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        for test_file in self.test_files.values():
            for test, files in test_file.lines.items():
                for path, lines in files.items():
                    for line in lines:
                        tests[path][line].add(test)
        return tests

    def tests_of(self, mutant: Mutant) -> list[str]:
        """Tests that can notice *mutant*, first those of quick files that run few files of the product.

        In a function these are the tests that run its statement. What runs at import is seen by every test
        that runs anything of the file, or of a file that imports it.
        """
        if mutant.in_function:
            first, last = mutant.statement
            lines = self._tests.get(mutant.path, {})
            tests = {test for line in range(first, last + 1) for test in lines.get(line, ())}
        else:
            paths = {mutant.path, *self.importers.get(mutant.path, ())}
            tests = {test for path in paths for some in self._tests.get(path, {}).values() for test in some}
        tests |= {test for wide in tests & self.test_files.keys() for test in self.test_files[wide].lines}
        tests -= self.test_files.keys()
        return sorted(tests, key=lambda test: (self._weights[_file(test)], _file(test), test))

    @cached_property
    def _weights(self) -> Mapping[str, float]:
        return {
            name: test_file.duration_s * len({path for files in test_file.lines.values() for path in files})
            for name, test_file in self.test_files.items()
        }

    def duration_s(self, tests: Iterable[str]) -> float:
        """An upper bound of what *tests* take: all tests of their files."""
        return sum(self.test_files[path].duration_s for path in {_file(test) for test in tests})


def measured_reach(
    checkout: Path, tree: Tree, folder: Path, *, processes: int, progress: Callable[[str], None]
) -> Reach:
    """The reach of the tests of *checkout*, from the cache as far as that still holds.

    It goes by lots of files, and each is cached at once: an interrupted measurement goes on where it was.

    Raises:
        BrokenTestsError: the tests do not run in the tree as it is.
    """
    names = project_files(checkout)
    tests = [name for name in names if _is_test(name)]
    code = [
        name for name in names if name.endswith(".py") and not name.rsplit("/", 1)[-1].startswith("test_")
    ]
    product = [name for name in code if not name.startswith("tests/")]
    base = _digest(
        checkout, [*(name for name in code if not name.startswith("harness/")), "requirements.lock"]
    )
    digests = {name: _digest(checkout, [name]) for name in tests}
    test_files = _cached(checkout / CACHE, base, digests)
    missing = sorted(digests.keys() - test_files.keys())
    for first in range(0, len(missing), LOT):
        lot = missing[first : first + LOT]
        test_files |= _measure(tree, folder / str(first), lot, digests, processes)
        (checkout / CACHE).parent.mkdir(parents=True, exist_ok=True)
        entry = {"base": base, "files": {name: asdict(test_file) for name, test_file in test_files.items()}}
        (checkout / CACHE).write_text(json.dumps(entry))
        progress(f"{first + len(lot)} of {len(missing)} files of tests")
    return Reach(test_files, importers_of({name: (checkout / name).read_text() for name in product}))


def importers_of(sources: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """The files that import each file of *sources* by name, anywhere in them."""
    files = {_module(path): path for path in sources}
    importers: defaultdict[str, set[str]] = defaultdict(set)
    for path, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            for module in _imported(node):
                if module in files:
                    importers[files[module]].add(path)
    return {path: frozenset(names) for path, names in importers.items()}


def _imported(node: ast.AST) -> Iterable[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=str(module), names=names):
            return [module, *(f"{module}.{alias.name}" for alias in names)]
        case _:
            return []


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _file(test: str) -> str:
    return test.split("::", maxsplit=1)[0]


def _is_test(name: str) -> bool:
    among = any(name == test or name.startswith(f"{test}/") for test in TESTS)
    left_out = any(name == test or name.startswith(f"{test}/") for test in TESTS_LEFT_OUT)
    return among and not left_out and name.rsplit("/", 1)[-1].startswith("test_")


def _digest(root: Path, names: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for name in names:
        digest.update(f"{name} {hashlib.sha256((root / name).read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _cached(cache: Path, base: str, digests: Mapping[str, str]) -> dict[str, MeasuredFile]:
    entry = json.loads(cache.read_text()) if cache.exists() else {}
    if entry.get("base") != base:
        return {}
    test_files = {name: MeasuredFile(**content) for name, content in entry["files"].items()}
    return {
        name: one for name, one in test_files.items() if digests.get(name) == one.digest and not one.failing
    }


def _measure(
    tree: Tree, folder: Path, missing: Sequence[str], digests: Mapping[str, str], processes: int
) -> dict[str, MeasuredFile]:
    folder.mkdir()
    log = folder.with_suffix(".log")
    spread = ["-n", str(processes), "--dist", "loadfile"] if processes > 1 else ["-n", "0"]
    code = tree.pytest([*spread, *missing], environment={LINES_FOLDER: str(folder)}, log=log)
    if code not in {0, TESTS_FAILED}:
        raise BrokenTestsError(f"the tests do not run:\n{log.read_text()[-4000:]}")
    return measured_files(
        [json.loads(file.read_text()) for file in sorted(folder.iterdir())], digests, missing
    )


def measured_files(
    records: Iterable[JsonObject], digests: Mapping[str, str], names: Iterable[str]
) -> dict[str, MeasuredFile]:
    """The test files *names* by the records that processes of pytest have written."""
    lines: defaultdict[str, dict[str, Mapping[str, Sequence[int]]]] = defaultdict(dict)
    durations: defaultdict[str, float] = defaultdict(float)
    failing: defaultdict[str, set[str]] = defaultdict(set)
    for record in records:
        for test in record["failing"]:
            failing[_file(test)].add(test)
        for test, touched in record["lines"].items():
            lines[_file(test)][test] = touched
        for name, duration_s in record["durations"].items():
            durations[name] = max(durations[name], duration_s)
    return {
        name: MeasuredFile(
            digests[name],
            durations[name],
            sorted(failing[name]),
            {test: touched for test, touched in lines[name].items() if test not in failing[name]},
        )
        for name in names
    }
