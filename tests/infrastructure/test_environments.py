"""The environment that the stack gives to each function is the one that the function's settings read."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from cdk.stage import STAGES
from tests.support.template_rules import Template, of_type

LAMBDAS = Path(__file__).resolve().parents[2] / "lambdas"
FUNCTIONS = sorted(path.parent.name for path in LAMBDAS.glob("*/handler.py"))
RUNTIME = {
    "POWERTOOLS_SERVICE_NAME": "Powertools puts it into log lines and metrics",
    "POWERTOOLS_METRICS_NAMESPACE": "Powertools puts metrics there, where the alarms look",
}
"""Variables that a library reads, with the reason."""


def environments(template: Template) -> dict[str, set[str]]:
    """The names of the variables of each function, by the folder of its handler."""
    names = {}
    for function in of_type(template, "AWS::Lambda::Function").values():
        handler = re.fullmatch(r"lambdas\.(\w+)\.handler\.handler", function["Handler"])
        assert handler is not None, function["Handler"]
        names[handler[1]] = set(function["Environment"]["Variables"])
    return names


def settings_of(function: str) -> set[str]:
    """The names of the variables that a function's settings read."""
    module = import_module(f"lambdas.{function}.settings")
    kinds: list[Any] = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and is_dataclass(value) and value.__module__ == module.__name__
    ]
    assert len(kinds) == 1, f"{module.__name__} has {len(kinds)} classes of settings"
    return {field.name.upper() for field in fields(kinds[0])}


@pytest.mark.parametrize("stage", STAGES)
def test_the_stack_deploys_every_function(stage: str, templates: dict[str, Template]) -> None:
    """Each folder with a handler is one function of the template."""
    assert sorted(environments(templates[stage])) == FUNCTIONS


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_has_the_variables_that_it_reads_and_no_other(
    function: str, stage: str, templates: dict[str, Template]
) -> None:
    """A variable that is missing fails the function at its first call; one that nothing reads misleads."""
    assert environments(templates[stage])[function] == settings_of(function) | RUNTIME.keys()
