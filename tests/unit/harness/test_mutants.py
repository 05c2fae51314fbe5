"""The mutator: small changes of the text, the same for the same seed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from harness.mutate.areas import AREAS, TARGETS, files_by_area
from harness.mutate.mutants import mutants_of
from harness.mutate.sample import EquivalentMutant, equivalent_mutants, sample

ROOT = Path(__file__).resolve().parents[3]


def mutations(source: str) -> list[str]:
    """The mutations of *source*, in order."""
    return [mutant.mutation for mutant in mutants_of("a.py", source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = a < b", ["a < b → a <= b", "a < b → a >= b"]),
        ("x = a is not b", ["a is not b → a is b"]),
        ("x = (a) not in (b)", ["(a) not in (b) → (a) in (b)"]),
        ("x = a + b", ["a + b → a - b"]),
        ("x //= y", ["x //= y → x *= y"]),
        (
            "x = a and b or c",
            ["a and b → a or b", "a and b or c → a and b and c"],
        ),
        ("x = not (a)", ["not (a) → (a)"]),
        ("x = -a", ["-a → a"]),
        ("x = min(a, b)", ["min(a, b) → max(a, b)"]),
        ("x = any(a)", ["any(a) → all(a)"]),
        ("x = 7", ["7 → (8)", "7 → (6)"]),
        ("x = True", ["True → False"]),
        ("def f():\n    return a", ["a → None"]),
        ("for a in b:\n    break", ["break → continue"]),
        ("for a in b:\n    continue", ["continue → break"]),
        ("f(a)", ["f(a) → pass"]),
        ("raise a", ["raise a → pass"]),
        ("x = zip(a, [7], strict=True)", ["7 → (8)", "7 → (6)"]),
        ("x = f(strict=True)", ["True → False"]),
        ("if a:\n    b = c", ["a → (not a)"]),
        ("x = 'é' if é.ü < b else c", ["é.ü < b → é.ü <= b", "é.ü < b → é.ü >= b"]),
    ],
)
def test_each_kind_of_mutation(source: str, expected: list[str]) -> None:
    """Each operator changes what its name says, also beside parentheses and letters of two bytes."""
    assert sorted(mutations(source)) == sorted(expected)


@pytest.mark.parametrize(
    "source",
    [
        "def f(a: int | None = None) -> Literal[3]: ...",
        "x: Annotated[int, 7]",
        "X = int | None",
        "@dataclass(frozen=True)\nclass A: ...",
        "class A(Struct, frozen=True): ...",
        "logger.warning('%d', 7)",
        "x = f'{a + 1}'",
        "x = 'a' + b",
        "if TYPE_CHECKING:\n    x = 7",
        "x = zip(a, b, strict=True)",
        "def f():\n    return None",
        '"""A page of 7 lines."""',
    ],
)
def test_text_types_and_logging_are_left_alone(source: str) -> None:
    """A mutant there would be noticed by no test, or by the interpreter alone."""
    assert mutations(source) == []


def test_a_mutant_changes_the_tree_and_nothing_else_of_the_text() -> None:
    """Each mutant of a real file is another program, and its change stands on one place."""
    source = (ROOT / "ven_twin/ven/mqtt/backoff.py").read_text()
    mutants = mutants_of("ven_twin/ven/mqtt/backoff.py", source)
    assert len(mutants) >= 20
    for mutant in mutants:
        changed = mutant.apply(source)
        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source))
        assert changed.startswith(source[: mutant.start])
        assert changed.endswith(source[mutant.end :])


def test_a_mutant_knows_its_place() -> None:
    """Its line, the lines of its statement without the block below it, and whether it runs at import."""
    source = "A = 7\ndef f(a):\n    if (a and\n            b):\n        c = 1\n"
    constant, *_, logic, one, _ = mutants_of("a.py", source)
    assert (constant.line, constant.statement, constant.in_function) == (1, (1, 1), False)
    assert (logic.line, logic.statement, logic.in_function) == (3, (3, 4), True)
    assert (one.line, one.statement, one.in_function) == (5, (5, 5), True)
    assert logic.diff(source) == ("if (a and", "if (a or")
    assert logic.line_text(source) == "if (a and"


def test_a_default_is_made_at_import() -> None:
    """The default of a parameter is computed once, when its module is imported."""
    assert [mutant.in_function for mutant in mutants_of("a.py", "def f(a=7): ...")] == [False, False]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with two files of some mutants each."""
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("".join(f"x{number} = a{number} + {number}\n" for number in range(30)))
    return tmp_path


def test_a_seed_names_a_sample(tree: Path) -> None:
    """The same seed gives the same mutants, another seed others."""
    files = {"one": ["a.py"], "two": ["b.py"]}
    first = sample(tree, files, count=21, seed=7)
    assert first == sample(tree, files, count=21, seed=7)
    assert first != sample(tree, files, count=21, seed=8)
    assert sorted(len(share) for share in first.values()) == [10, 11]


def test_the_share_of_an_area_does_not_depend_on_the_others(tree: Path) -> None:
    """A sample of one area is that area's share of the whole sample."""
    whole = sample(tree, {"one": ["a.py"], "two": ["b.py"]}, count=20, seed=7)
    assert sample(tree, {"two": ["b.py"]}, count=10, seed=7)["two"] == whole["two"]


def test_no_more_mutants_than_there_are(tree: Path) -> None:
    """A small area is sampled whole, each mutant once."""
    share = sample(tree, {"one": ["a.py"]}, count=10_000, seed=7)["one"]
    assert len(share) == len(set(share)) == 30 * 3


def test_an_equivalent_mutant_is_known_by_its_line_wherever_it_stands() -> None:
    """The entry still matches when lines above it came or went, and no other mutation of the line."""
    source = "# above\n\nx = a < b\n"
    boundary, negation = mutants_of("a.py", source)
    entry = EquivalentMutant("a.py", "x = a < b", "a < b → a <= b", "a is never b")
    assert entry.matches(boundary, source)
    assert not entry.matches(negation, source)


def test_an_equivalent_mutant_needs_a_reason(tmp_path: Path) -> None:
    """A list without reasons would hide survivors."""
    path = tmp_path / "equivalent.toml"
    path.write_text("[[equivalent]]\nfile = 'a.py'\nline = 'x = 7'\nmutation = '7 → (8)'\nreason = ' '\n")
    with pytest.raises(ValueError, match="needs its reason"):
        equivalent_mutants(path)


def test_every_equivalent_mutant_still_exists() -> None:
    """An entry whose line has changed would wait for another mutant to excuse."""
    for entry in equivalent_mutants():
        source = (ROOT / entry.file).read_text()
        assert any(entry.matches(mutant, source) for mutant in mutants_of(entry.file, source)), entry


def test_every_area_has_files() -> None:
    """A folder that is renamed is renamed in the table too, and every target is an area."""
    assert files_by_area(ROOT).keys() == AREAS.keys()
    assert AREAS.keys() >= TARGETS


def test_only_takes_areas_and_paths() -> None:
    """A name of an area takes its files; other text takes the files with it in their path."""
    files = files_by_area(ROOT, ["dispatch", "outbox_p"])
    assert files.keys() == {"dispatch", "session"}
    assert files["session"] == ["ven_twin/ven/mqtt/outbox_pump.py"]


def test_only_refuses_what_names_nothing() -> None:
    """A word that matches nothing is named, with the areas that there are."""
    with pytest.raises(LookupError, match="nowhere; the areas are contracts"):
        files_by_area(ROOT, ["control", "nowhere"])
