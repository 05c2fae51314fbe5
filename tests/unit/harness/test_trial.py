"""A mutant's trial: the tests that reach it run in a copy of the tree, and say whether it lives."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from harness.mutate import report
from harness.mutate.mutants import Mutant, mutants_of
from harness.mutate.reach import MeasuredFile, Reach, importers_of
from harness.mutate.sample import EquivalentMutant
from harness.mutate.trial import MutantTrial, MutantVerdict, try_all

SOURCE = "def larger(a, b):\n    return a if a > b else b\n\n\ndef unused(a):\n    return a + 1\n"
TESTS = (
    "from product import larger\n\n"
    "def test_the_larger():\n    assert larger(1, 2) == 2\n\n"
    "def test_that_is_not_selected():\n    assert False\n"
)
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small project under git, with one test of one of its two functions."""
    (tmp_path / "product.py").write_text(SOURCE)
    (tmp_path / "test_product.py").write_text(TESTS)
    (tmp_path / "harness").symlink_to(ROOT / "harness")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


@pytest.fixture
def reach() -> Reach:
    """One test runs line 2; another of its file is not to run."""
    lines = {"test_product.py::test_the_larger": {"product.py": [2]}}
    return Reach({"test_product.py": MeasuredFile("digest", 0.1, (), lines)})


def verdicts(
    checkout: Path, reach: Reach, monkeypatch: pytest.MonkeyPatch, *equivalent: EquivalentMutant
) -> Mapping[str, MutantTrial]:
    """The trials of all mutants of the product, by mutation."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    shares = {"control": mutants_of("product.py", SOURCE)}
    trials = try_all(checkout, shares, equivalent, reach, processes=2)
    return {trial.mutant.mutation: trial for trial in trials}


def test_a_planted_survivor_survives_and_what_is_tested_is_killed(
    checkout: Path, reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test has equal figures, so the boundary survives; the checkout stays as it was."""
    entry = EquivalentMutant("product.py", "return a + 1", "1 → (0)", "planted")
    trials = verdicts(checkout, reach, monkeypatch, entry)
    assert {mutation: trial.verdict for mutation, trial in trials.items()} == {
        "a > b → a >= b": MutantVerdict.SURVIVED,
        "a > b → a <= b": MutantVerdict.KILLED,
        "a if a > b else b → None": MutantVerdict.KILLED,
        "a + 1 → a - 1": MutantVerdict.SURVIVED,
        "a + 1 → None": MutantVerdict.SURVIVED,
        "1 → (2)": MutantVerdict.SURVIVED,
        "1 → (0)": MutantVerdict.EQUIVALENT,
    }
    assert trials["a + 1 → a - 1"].note == "no test runs it"
    assert (checkout / "product.py").read_text() == SOURCE


def test_an_interrupted_run_ends_its_tests_and_leaves_the_checkout(
    checkout: Path, reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closed after its first verdict, the run ends, and the checkout has no mutant in it."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    trials = try_all(checkout, {"control": mutants_of("product.py", SOURCE)}, (), reach, processes=1)
    assert isinstance(trials, Iterator)
    next(trials)
    trials.close()  # type: ignore[attr-defined]
    assert (checkout / "product.py").read_text() == SOURCE


def test_a_mutant_that_only_a_later_lot_of_tests_notices_is_killed(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first file of tests asserts nothing; the second is tried after it."""
    (checkout / "test_quick.py").write_text(
        "from product import larger\n\ndef test_quick():\n    larger(1, 2)\n"
    )
    monkeypatch.setattr("harness.mutate.trial.FIRST_FILES", 1)
    tests = {"test_quick.py": "test_quick", "test_product.py": "test_the_larger"}
    files = {
        file: MeasuredFile("", 0.1 + place, (), {f"{file}::{test}": {"product.py": [2]}})
        for place, (file, test) in enumerate(tests.items())
    }
    trials = verdicts(checkout, Reach(files), monkeypatch)
    assert trials["a > b → a <= b"].verdict is MutantVerdict.KILLED
    assert trials["a > b → a >= b"].verdict is MutantVerdict.SURVIVED


def mutant(source: str, number: int = 0, path: str = "a.py") -> Mutant:
    """One mutant of *source*."""
    return mutants_of(path, source)[number]


def reach_of(
    lines: Mapping[str, Mapping[str, list[int]]], importers: Mapping[str, str] | None = None
) -> Reach:
    """A reach with a file of tests a letter: the first takes longer than the others."""
    files = {f"{letter}.py": MeasuredFile("", 9.0 if letter == "t" else 1.0) for letter in "tuv"}
    for test, touched in lines.items():
        file = test.split("::")[0]
        files[file] = replace(files[file], lines={**files[file].lines, test: touched})
    return Reach(files, {path: frozenset([name]) for path, name in (importers or {}).items()})


def test_tests_that_run_the_statement_are_selected_the_quick_first() -> None:
    """A test that runs any line of the statement counts, one that runs other lines does not."""
    reach = reach_of({"t.py::a": {"a.py": [2]}, "u.py::b": {"a.py": [3]}, "v.py::c": {"a.py": [1, 4]}})
    logic = mutant("def f(a):\n    g = (a <\n        b)\n    h = 1\n")
    assert reach.tests_of(logic) == ["u.py::b", "t.py::a"]


def test_of_tests_alike_quick_those_of_fewer_files_of_the_product_come_first() -> None:
    """A test of one file is more likely to notice a change in it than one of the whole."""
    reach = reach_of({"u.py::wide": {"a.py": [2], "b.py": [1]}, "v.py::narrow": {"a.py": [2]}})
    assert reach.tests_of(mutant("def f():\n    return 7\n")) == ["v.py::narrow", "u.py::wide"]


def test_what_runs_at_import_is_seen_by_all_tests_of_the_file_and_of_its_importers() -> None:
    """A constant is tested where it is used, also in the files that import it."""
    reach = reach_of(
        {"t.py::a": {"b.py": [2]}, "u.py::b": {"a.py": [3]}, "v.py::c": {"c.py": [4]}}, {"a.py": "b.py"}
    )
    assert reach.tests_of(mutant("A = 7\n")) == ["u.py::b", "t.py::a"]


def test_a_fixture_that_tests_share_counts_for_each_of_them() -> None:
    """Lines of a shared fixture are recorded for the file; all its tests are selected."""
    reach = reach_of({"t.py": {"a.py": [2]}, "t.py::a": {}, "t.py::b": {"a.py": [9]}})
    assert reach.tests_of(mutant("def f():\n    return 7\n")) == ["t.py::a", "t.py::b"]


def test_importers_are_read_from_every_form_of_import() -> None:
    """A module is imported by its name, from its package, or by one of its names."""
    sources = {
        "p/__init__.py": "",
        "p/a.py": "",
        "b.py": "from p import a",
        "c.py": "def f():\n    import p.a",
        "d.py": "from p.a import X",
        "e.py": "import q.a",
    }
    assert importers_of(sources)["p/a.py"] == {"b.py", "c.py", "d.py"}


def trials_of(area: str, **counts: int) -> list[MutantTrial]:
    """That many trials by verdict."""
    return [
        MutantTrial(area, mutant("x = a < b\n"), MutantVerdict(verdict))
        for verdict, count in counts.items()
        for _ in range(count)
    ]


def test_the_score_leaves_equivalent_mutants_out() -> None:
    """Killed by killed and survived."""
    assert report.score(trials_of("control", killed=3, survived=1, equivalent=4)) == 0.75
    assert report.score(trials_of("control", equivalent=4)) is None


def test_only_an_area_with_a_target_can_miss_it() -> None:
    """92 % is enough, 91 % is not, and an area without a target is shown only."""
    reached = trials_of("control", killed=92, survived=8)
    missed = trials_of("storage", killed=91, survived=9)
    free = trials_of("house", survived=9)
    assert report.below_target([*reached, *missed, *free]) == ["storage"]


def test_a_survivor_is_shown_with_its_place_and_its_change() -> None:
    """File and line, the mutation, the line before and after; what was killed is not shown."""
    source = "\nx = a < b\n"
    trials = [
        MutantTrial("control", mutant(source, 0), MutantVerdict.SURVIVED, "no test runs it"),
        MutantTrial("control", mutant(source, 1), MutantVerdict.KILLED),
    ]
    assert [line for trial in trials for line in report.survivor(trial, source)] == [
        "control  a.py:2  a < b → a <= b (no test runs it)",
        "    - x = a < b",
        "    + x = a <= b",
    ]
