"""The stack of every stage, synthesized once a run: validation off, a stub in place of the bundle."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("JSII_NODE", str(Path(sys.prefix) / "bin" / "node"))
os.environ.setdefault("JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION", "1")

from aws_cdk import App

from cdk.bundle import Bundle
from cdk.stack import VenTwinStack
from cdk.stage import STAGES, Stage, read_stage
from contracts.store.stack import stack_name
from tests.support.made_once import made_once_a_run

ROOT = Path(__file__).resolve().parents[2]
CONTEXT: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]

Compose = Callable[[App, Stage], VenTwinStack]


def stage(name: str, **context: str) -> Stage:
    """A stage as app.py would read it."""
    return read_stage({"stage": name, **context}.get)


@pytest.fixture(scope="session")
def compose(tmp_path_factory: pytest.TempPathFactory) -> Compose:
    """Puts the stack of a stage into an app."""
    stub = tmp_path_factory.mktemp("bundle")
    (stub / "stub.py").write_text('"""Stands for the functions."""\n')
    return lambda app, of: VenTwinStack(app, of, code=Bundle(stub, "0" * 32))


@pytest.fixture(scope="session")
def templates(compose: Compose, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The template of each stage, by the stage's name."""

    def synthesize(folder: Path) -> None:
        app = App(context=CONTEXT, outdir=str(folder), auto_synth=False)
        for name in STAGES:
            compose(app, stage(name))
        app.synth(skip_validation=True)

    folder = made_once_a_run(tmp_path_factory, "templates", synthesize)
    return {name: json.loads((folder / f"{stack_name(name)}.template.json").read_text()) for name in STAGES}


@pytest.fixture(scope="session")
def dev(templates: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The template of the dev stage."""
    return templates["dev"]
