"""The wheel, installed where nothing of the checkout is: what it brings, what it leaves, that it works."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cloud.runtime import NotRunningError, current
from tests.support.clean_environment import ROOT, CleanEnvironment, clean_environment
from tests.support.receivers import receiving

EXAMPLE = ROOT / "docs" / "guides" / "examples" / "tested_with_pytest"
IMPORT_ALL = """
import importlib, json, pkgutil, ven_twin, ven_twin.cli
missing, files = set(), set()
for name in ("ven_twin", "contracts", "cdk", "local_cloud"):
    for module in pkgutil.walk_packages(importlib.import_module(name).__path__, name + "."):
        if module.name.endswith("__main__") or "._installed" in module.name:
            continue
        try:
            files.add(importlib.import_module(module.name).__file__)
        except ModuleNotFoundError as error:
            missing.add(error.name)
print(json.dumps({"missing": sorted(missing), "files": sorted(files)}))
"""


@pytest.fixture(scope="module")
def environment() -> Iterator[CleanEnvironment]:
    """The wheel without any extra."""
    with clean_environment() as made:
        yield made


@pytest.fixture(scope="module")
def with_local(environment: CleanEnvironment) -> CleanEnvironment:
    """The same with the extra of the local cloud."""
    environment.install("local")
    return environment


def test_the_wheel_leaves_one_name_among_installed_packages(environment: CleanEnvironment) -> None:
    """Words like `contracts` and `lambdas` stay free for others; stack and functions come all the same."""
    (record,) = environment.packages.glob("ven_twin-*.dist-info/RECORD")
    installed = {line.split(",")[0] for line in record.read_text().splitlines()}
    tops = {name.split("/")[0] for name in installed if not name.startswith("..")}
    assert tops == {"ven_twin", record.parent.name}
    assert {Path(name).name for name in installed if name.startswith("..")} == {"ven-twin"}
    names = zipfile.ZipFile(environment.wheel).namelist()
    for part in ("app.py", "cdk.json", "requirements.lock", "cdk/stack.py", "lambdas/requirements.txt"):
        assert f"ven_twin/_installed/{part}" in names


def test_every_file_of_the_sources_is_in_the_wheel(environment: CleanEnvironment) -> None:
    """Data, pages and terms come with the modules that read them."""
    names = set(zipfile.ZipFile(environment.wheel).namelist())
    folders = {"ven_twin": "ven_twin"} | {
        part: f"ven_twin/_installed/{part}" for part in ("contracts", "cdk", "lambdas", "local_cloud")
    }
    there = {
        f"{target}/{path.relative_to(ROOT / folder).as_posix()}"
        for folder, target in folders.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert there - names == set()


def test_what_needs_no_cloud_works_without_an_extra(environment: CleanEnvironment, tmp_path: Path) -> None:
    """The command line, a simulation and a promise run from any folder, and write into that folder alone."""
    usage = environment.run("ven-twin", "--help", folder=tmp_path)
    assert usage.returncode == 0, usage.stderr
    assert "can-hold" in usage.stdout
    trace = environment.run("ven-twin", "simulate", "--event", "17:00/1h/2kW", folder=tmp_path)
    assert trace.returncode == 0, trace.stderr
    assert list((tmp_path / ".ven-twin").rglob("trace.csv"))
    answer = environment.run("ven-twin", "can-hold", "--shed-kw", "1", "--for", "15m", folder=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert environment.noted() == []


def test_the_local_cloud_without_its_extra_is_one_line(environment: CleanEnvironment, tmp_path: Path) -> None:
    """The twin alone tells what else to install, and nothing is started."""
    done = environment.run("ven-twin", "up", "--once", folder=tmp_path)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "pip install 'ven-twin[local]'" in line
    assert not (tmp_path / ".ven-twin" / "cloud").exists()


def test_every_module_is_the_wheels_and_needs_only_what_is_declared(
    with_local: CleanEnvironment, tmp_path: Path
) -> None:
    """With the extra of the local cloud only the libraries of other extras are missing."""
    done = with_local.run("python", "-c", IMPORT_ALL, folder=tmp_path)
    assert done.returncode == 0, done.stderr[-1500:]
    modules = json.loads(done.stdout)
    assert set(modules["missing"]) <= {"numpy", "scipy", "pyarrow", "pytest", "moto", "aws_lambda_powertools"}
    assert len(modules["files"]) > 250
    assert [file for file in modules["files"] if not Path(file).is_relative_to(with_local.packages)] == []


def test_up_runs_the_whole_job_from_an_empty_folder(with_local: CleanEnvironment, tmp_path: Path) -> None:
    """One command starts everything, runs an event to its report, says so in JSON, and cleans up.

    Cloud, stack, functions and twin are the wheel's; their state is in the folder and nowhere else.
    """
    before = {path for path in with_local.packages.rglob("*") if "__pycache__" not in path.parts}
    with receiving() as receiver:
        webhook = ("--webhook", receiver.url, "--webhook-plain-http")
        vtn = ("--vtn", "local", "--vtn-poll", "2s")
        up = ("ven-twin", "up", "--once", "--result", "up.json", "--duration", "8s", *webhook, *vtn)
        done = with_local.run(*up, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads((tmp_path / "up.json").read_text())
    assert (result["venId"], result["acknowledged"], result["settled"]) == ("ven-1", True, True)
    assert (result["restored"], result["failures"]) == (True, [])
    # Of eight seconds a slow machine may need two until the circuits are off.
    assert result["deliveredKw"] == pytest.approx(result["askedKw"], rel=0.3)
    log = (tmp_path / ".ven-twin" / "vens" / "local" / "ven-1" / "twin.log").read_text()
    assert "this VEN is one of http://127.0.0.1:" in log
    kinds = [request.json()["kind"] for request in receiver.received]
    assert {"begun", "ended"} <= set(kinds)
    assert result["settledBy"] == "residential_5_of_10", "the program's baseline has no days"
    figures = ("baselineKw", "telemetryRows", "firstTelemetryS", "dispatchToActiveS")
    assert all(result[figure] > 0 for figure in figures)
    with pytest.raises(NotRunningError):
        current(tmp_path / ".ven-twin" / "cloud")
    assert {path.name for path in tmp_path.iterdir()} == {".ven-twin", "up.json"}
    after = {path for path in with_local.packages.rglob("*") if "__pycache__" not in path.parts}
    assert after == before
    assert with_local.noted() == []


def test_the_fixtures_for_pytest_come_with_their_extra(with_local: CleanEnvironment, tmp_path: Path) -> None:
    """A project whose environment has the extra `testing` runs functions of the stack in its tests."""
    with_local.install("testing")
    shutil.copy(EXAMPLE / "test_functions.py", tmp_path)
    done = with_local.run("pytest", "-p", "no:cacheprovider", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ven-twin-" in done.stdout
    assert " 1 passed" in done.stdout
    assert with_local.noted() == []
