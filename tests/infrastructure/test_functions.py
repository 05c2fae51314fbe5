"""Every function does its worst documented load within half of its time, at the share that it has."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.functions.loads import worst_loads
from harness.functions.measure import TRIES, LoadFailedError, Measured, breaches, measure, share_of
from harness.functions.page import PAGE, page, read_measurements
from harness.functions.server import AwsSide, aws_side
from harness.functions.stack import ROOT, StackFunction, functions_of
from tests.support.template_rules import Template

NAMES = sorted(path.parent.name for path in (ROOT / "lambdas").glob("*/handler.py"))
BUSY = """
from time import process_time
until_s = process_time() + 1.3
while process_time() < until_s:
    pass
"""


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsSide]:
    """An AWS with canned answers, outside of the processes that are measured."""
    with aws_side(tmp_path_factory.mktemp("aws")) as side:
        yield side


@pytest.fixture
def functions(dev: Template) -> dict[str, StackFunction]:
    """The functions of the dev stage, by their folders."""
    return {function.name: function for function in functions_of(dev)}


def heaviest(function: StackFunction) -> Measured:
    """The load that comes nearest to its limit, as it is written down."""
    measured = [load for load in read_measurements().loads if load.function == function.name]
    return min(measured, key=lambda load: share_of(load, function).headroom)


@pytest.mark.parametrize("name", NAMES)
def test_a_function_does_its_worst_load_within_half_of_its_time(
    name: str, functions: dict[str, StackFunction], aws: AwsSide
) -> None:
    """CPU time and not the clock is measured, so that neighbours on the machine do not matter."""
    words = heaviest(functions[name]).load
    loads = [load.in_gate or load for load in worst_loads()[name] if load.words == words]
    measured = measure(functions[name], loads, aws)
    assert len(measured) == 1
    assert breaches(functions[name], measured) == []


def test_a_share_of_a_load_has_its_share_of_the_limit(functions: dict[str, StackFunction]) -> None:
    """As many events less, as much time less, and nothing else of it is another."""
    loads = [load for each in worst_loads().values() for load in each]
    shares = [(load, load.in_gate) for load in loads if load.in_gate is not None]
    assert shares
    for load, share in shares:
        whole, one = (len(each.event()["Records"]) for each in (load, share))
        limit_s = load.limit_s or functions[load.function].timeout_s
        assert share.limit_s == pytest.approx(limit_s * one / whole)
        assert share == replace(
            load, words=share.words, event=share.event, done=share.done, limit_s=share.limit_s, in_gate=None
        )


def test_every_function_of_the_stack_has_a_load(functions: dict[str, StackFunction]) -> None:
    """A function that is added gets its worst load with it."""
    assert worst_loads().keys() == functions.keys() == set(NAMES)


def test_every_load_is_measured_and_written_down() -> None:
    """A load that is added or changed is measured by `make functions`; none is left of those taken away."""
    loads = {(load.function, load.words) for loads in worst_loads().values() for load in loads}
    assert {(load.function, load.load) for load in read_measurements().loads} == loads


def test_the_page_is_what_was_measured_at_what_the_template_has(functions: dict[str, StackFunction]) -> None:
    """docs/reference/functions.md is written by `make functions` and by hand nowhere, memory and time too."""
    assert PAGE.read_text(encoding="utf-8") == page(read_measurements(), functions)


def test_what_was_measured_leaves_room_for_a_slower_machine(functions: dict[str, StackFunction]) -> None:
    """No load is near what is refused, by a factor of two, so that the gate is no matter of chance."""
    assert {load.load for load in read_measurements().loads if _headroom(load, functions) < 2 * 2} == set()


def _headroom(load: Measured, functions: dict[str, StackFunction]) -> float:
    return share_of(load, functions[load.function]).headroom


def test_the_hook_is_measured_with_its_import(functions: dict[str, StackFunction]) -> None:
    """AWS IoT waits for a cold start too; the one function that it waits for is known by the template."""
    (hook,) = (function for function in functions.values() if function.hook)
    measured = heaviest(hook)
    share = share_of(measured, hook)
    assert share.seconds == pytest.approx(measured.import_s + measured.handler_s / hook.share)
    assert share.limit_s == 5.0


def test_an_over_slow_function_is_refused(
    functions: dict[str, StackFunction], aws: AwsSide, tmp_path: Path
) -> None:
    """A copy of the code in which the hook thinks for 1.3 s of CPU is refused, three times measured."""
    for folder in ("lambdas", "contracts"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    logic = tmp_path / "lambdas" / "admit_ven" / "adapters.py"
    text = logic.read_text(encoding="utf-8")
    place = "        unused = Condition("
    assert place in text
    logic.write_text(text.replace(place, f"{_indented(BUSY)}{place}"), encoding="utf-8")
    measured = measure(functions["admit_ven"], worst_loads()["admit_ven"], aws, code=tmp_path)
    (breach,) = breaches(functions["admit_ven"], measured)
    assert re.match(r"admit_ven: [2-9]\.\d s of 5 with 1024 MB: a claim", breach)


def _indented(code: str) -> str:
    return "".join(f"        {line}\n" for line in code.strip().splitlines())


def test_a_load_that_is_not_carried_out_is_no_measurement(
    functions: dict[str, StackFunction], aws: AwsSide
) -> None:
    """A function that refuses its event at once would be the fastest of all."""
    (load,) = worst_loads()["issue_command"]
    broken: dict[str, Any] = {**load.event(), "op": "nothing"}
    refused = type(load)(load.function, load.words, lambda: broken, load.account, load.done)
    with pytest.raises(LoadFailedError, match="issue_command: settings of 8 KB"):
        measure(functions["issue_command"], [refused], aws)


def test_near_its_limit_a_load_is_measured_again(functions: dict[str, StackFunction], aws: AwsSide) -> None:
    """A busy machine adds to a measurement and takes nothing away, so the least of three counts."""
    (load,) = worst_loads()["issue_command"]
    runs: list[None] = []
    tight = type(load)(
        load.function,
        load.words,
        load.event,
        lambda: runs.append(None) or load.account(),
        load.done,
        limit_s=0.01,
    )
    measure(functions["issue_command"], [tight], aws)
    assert len(runs) == TRIES
