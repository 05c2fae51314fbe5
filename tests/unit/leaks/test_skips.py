"""A skip is printed with its reason, and fails the run where every test has to run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.skip_watch import NO_SKIPS

ROOT = Path(__file__).resolve().parents[3]

SKIPPED = """
import pytest

@pytest.mark.skip(reason="by mark")
def test_mark(): pass

@pytest.mark.skipif(True, reason="by condition")
def test_condition(): pass

def test_call(): pytest.skip("by call")

@pytest.fixture
def broker(): pytest.skip("by fixture")
def test_fixture(broker): pass
"""
SKIPPED_FILE = """
import pytest
pytest.importorskip("no_such_module", reason="by file")
def test_file(): pass
"""
EXPECTED_FAILURE = """
import pytest
@pytest.mark.xfail
def test_it(): assert False
"""


def run(
    folder: Path, *sources: str, workers: int = 0, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run pytest, with this project's settings, over a file for each of *sources*."""
    for number, source in enumerate(sources):
        (folder / f"test_planted_{number}.py").write_text(source)
    command = [sys.executable, "-m", "pytest", "-p", "tests.support.skip_watch", "-p", "no:cacheprovider"]
    command += ["-p", "no:schemathesis"]  # a third of a start, and nothing to do with it
    settings = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder), "-n", str(workers)]
    inherited = {name: value for name, value in os.environ.items() if name != NO_SKIPS}
    return subprocess.run(
        [*command, *settings, str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False, env={**inherited, **environment},
    )  # fmt: skip


@pytest.mark.parametrize("workers", [0, 1])
def test_a_skip_fails_where_every_test_has_to_run(tmp_path: Path, workers: int) -> None:
    """However a test is skipped, with or without workers, it is red and its reason is printed."""
    done = run(tmp_path, SKIPPED, workers=workers, **{NO_SKIPS: "1"})
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 3 errors" in done.stdout  # three are skipped before they are called
    for reason in ("by mark", "by condition", "by call", "by fixture"):
        assert reason in done.stdout


@pytest.mark.parametrize("workers", [0, 1])
def test_a_skipped_file_fails_where_every_test_has_to_run(tmp_path: Path, workers: int) -> None:
    """A file that is skipped as a whole, before its tests are known, is red too."""
    done = run(tmp_path, SKIPPED_FILE, workers=workers, **{NO_SKIPS: "1"})
    assert done.returncode != 0, done.stdout + done.stderr
    assert "by file" in done.stdout


def test_a_skip_elsewhere_is_printed_with_its_reason(tmp_path: Path) -> None:
    """On a developer's machine a skip passes, and the end of the output counts it and says why."""
    done = run(tmp_path, SKIPPED, SKIPPED_FILE, "def test_it(): pass\n")
    assert done.returncode == 0, done.stdout + done.stderr
    summary = done.stdout.split("short test summary info")[1]
    for reason in ("by mark", "by condition", "by call", "by fixture", "by file"):
        assert reason in summary
    assert "1 passed, 5 skipped" in summary


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    """A test that is marked as failing did run."""
    done = run(tmp_path, EXPECTED_FAILURE, **{NO_SKIPS: "1"})
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_gate_allows_no_skip() -> None:
    """`.ci/run` sets the variable before the tests run."""
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert lines.index(f"export {NO_SKIPS}=1") < lines.index("make test")
