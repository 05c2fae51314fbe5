"""The watch over what is left open finds what is planted, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
HEAD = """
import asyncio, os, socket, sqlite3
import pytest

@pytest.fixture(scope="module")
def database():
    database = sqlite3.connect(":memory:")
    yield database
    database.close()

kept = []
"""


BY_ITSELF = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""The watch needs no plugin of others, and half a second of each run is theirs."""


def run(folder: Path, *lines: str) -> subprocess.CompletedProcess[str]:
    """Run the test whose body is *lines*, under the watch."""
    test = folder / "test_planted.py"
    body = "".join(f"    {line}\n" for line in lines)
    test.write_text(f"{HEAD}\ndef test_it(tmp_path, database):\n{body}")
    command = [sys.executable, "-m", "pytest", "-p", "tests.support.resource_watch", "-p", "no:cacheprovider"]
    command += ["--no-header", "--rootdir", str(folder), "-c", "/dev/null", str(test)]
    return subprocess.run(command, cwd=ROOT, env=BY_ITSELF, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("planted", "named"),
    [
        ("sqlite3.connect(':memory:')", "a database, opened at "),
        ("kept.append(sqlite3.connect(tmp_path / 'outbox.db'))", "a database, opened at "),
        ("kept.append((tmp_path / 'row').open('w'))", "/row"),
        ("os.open(tmp_path / 'row', os.O_CREAT)", "/row"),
        ("kept.append(socket.socket())", "socket:"),
        ("kept.append(asyncio.new_event_loop())", "anon_inode:[eventpoll]"),
    ],
)
def test_a_test_that_leaves_something_open_fails(tmp_path: Path, planted: str, named: str) -> None:
    """A database, file, socket or event loop that nobody closes makes the run red, and is named."""
    done = run(tmp_path, planted)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "left open: " in done.stdout
    assert named in done.stdout


def test_what_is_closed_is_not_found(tmp_path: Path) -> None:
    """Closed in the test, by its fixture, or by a fixture that other tests share: the run is green."""
    done = run(
        tmp_path,
        "sqlite3.connect(':memory:').close()",
        "(tmp_path / 'row').write_text('')",
        "socket.socket().close()",
        "assert database.execute('SELECT 1').fetchone() == (1,)",
    )
    assert done.returncode == 0, done.stdout + done.stderr
