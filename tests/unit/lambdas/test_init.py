"""What a function does while it is initialised, at a full processor, and what is left for its handler."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LAMBDAS = Path(__file__).resolve().parents[3] / "lambdas"
FUNCTIONS = sorted(path.parent.name for path in LAMBDAS.glob("*/handler.py"))
NOT_NEEDED = "boto3", "s3transfer", "aws_lambda_powertools.utilities.batch"
"""Modules that cost a cold start a tenth of a second each."""
MAKERS = ("dynamodb", "functions", "iot", "iot_data", "kms", "scheduler", "secrets", "sns", "sqs", "stacks")

SCRIPT = """
import json, sys
from importlib import import_module
for name in {names}:
    import_module(f"lambdas.{{name}}.handler")
from lambdas.shared import clients
made = [maker for maker in {makers} if getattr(clients, maker).cache_info().currsize]
print(json.dumps([made, sorted(sys.modules)]))
"""


def initialised(*names: str, **environment: str) -> tuple[set[str], set[str]]:
    """The clients that are made, and the modules that are imported, once the handlers' modules are."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    script = SCRIPT.format(names=names, makers=MAKERS)
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=own | environment,
        cwd=LAMBDAS.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    made, modules = json.loads(done.stdout)
    return set(made), set(modules)


def uses(name: str) -> set[str]:
    """The clients that the function's own modules name outside its handler, a table being one of DynamoDB."""
    used: set[str] = set()
    for path in (LAMBDAS / name).rglob("*.py"):
        if path.name == "handler.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "clients"
            ):
                used.add("dynamodb" if node.attr == "table" else node.attr)
    return used & set(MAKERS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_on_lambda_every_client_is_made_and_every_module_imported_at_init(name: str) -> None:
    """A handler of 256 MB has 0.145 of a processor: boto3 there takes seconds, and the hook has five."""
    made, modules = initialised(name, AWS_LAMBDA_FUNCTION_NAME=name, AWS_DEFAULT_REGION="us-east-1")
    assert uses(name)
    assert uses(name) <= made
    own = {path.relative_to(LAMBDAS.parent).with_suffix("") for path in (LAMBDAS / name).rglob("*.py")}
    names = {".".join(path.parts).removesuffix(".__init__") for path in own}
    assert names <= modules
    assert modules.isdisjoint(NOT_NEEDED)


def test_elsewhere_no_client_is_made_before_it_is_needed() -> None:
    """A test has its account first, and importing a handler asks nothing of the machine."""
    made, modules = initialised(*FUNCTIONS)
    assert made == set()
    assert modules.isdisjoint({"boto3", "botocore.session"})


def test_a_client_that_cannot_be_made_is_left_to_the_handler() -> None:
    """A function that fails while it is initialised answers nobody, and a stack would hang for an hour."""
    made, modules = initialised("provision_ven", AWS_LAMBDA_FUNCTION_NAME="provision_ven")  # no region
    assert made == set()
    assert "lambdas.provision_ven.adapters" in modules
