"""Temporary copies of the tree: mutants go there, and never into the checkout.

Loading pytest and the libraries takes longer than most tests that notice a mutant. So a server loads them
once, and each run of tests is a fork of it, which loads the code of its tree anew.
"""

from __future__ import annotations

import contextlib
import importlib.util
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess

CHECKOUT = Path(__file__).resolve().parents[2]

PYTEST = (
    *("-p", "harness.mutate.pytest_watch"),
    *("-p", "no:cacheprovider"),
    *("-p", "no:ven-twin"),  # installed from the checkout, which is not on the path of a copy
    *("-p", "no:schemathesis"),  # the API against its document is left out, and loading this takes long
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # of what is loaded before
    "--hypothesis-seed=0",
)
LOADED_ONCE = ("pytest", "hypothesis", "pytest_asyncio", "boto3", "moto", "aws_lambda_powertools", "msgspec")
"""Libraries that the server loads; the project's code never."""
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload([*LOADED_ONCE, __name__])


def project_files(root: Path) -> list[str]:
    """Files of the checkout in *root*: what git knows, and what it would take in."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    return sorted(name for name in names.split("\0") if name and (root / name).is_file())


class Tree:
    """A copy of the tree in which tests run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._running: ForkServerProcess | None = None
        self._starting = threading.Lock()

    @classmethod
    @contextmanager
    def copied_from(cls, checkout: Path) -> Iterator[Tree]:
        """A copy of *checkout*, removed in the end."""
        with TemporaryDirectory(prefix="mutate-") as folder:
            root = Path(folder).resolve()
            for name in project_files(checkout):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(checkout / name, root / name)
            tree = cls(root)
            try:
                yield tree
            finally:
                tree.stop()

    @contextmanager
    def changed(self, path: str, text: str) -> Iterator[None]:
        """The tree with *text* in the file *path*; no bytecode of it outlives the change."""
        file = self.root / path
        compiled = Path(importlib.util.cache_from_source(str(file)))
        before = file.read_text()
        compiled.unlink(missing_ok=True)
        file.write_text(text)
        try:
            yield
        finally:
            file.write_text(before)
            compiled.unlink(missing_ok=True)

    def pytest(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        timeout_s: float | None = None,
    ) -> int | None:
        """Run the tests of *arguments*; pytest's exit code, or None when *timeout_s* was not enough."""
        running = SERVER.Process(
            target=_run_pytest, args=(self.root, [*PYTEST, *arguments], {**os.environ, **environment}, log)
        )
        with self._starting:
            running.start()
            self._running = running
        try:
            running.join(timeout_s)
            return running.exitcode
        finally:
            self.stop()

    def stop(self) -> None:
        """End the tests that run, with the processes that they started."""
        with self._starting:
            running = self._running
        if running is not None:
            assert running.pid is not None
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            running.kill()
            running.join()


def _run_pytest(root: Path, arguments: list[str], environment: Mapping[str, str], log: Path) -> NoReturn:
    """Run pytest in *root*, in a session of its own, with all output in *log*."""
    os.setsid()
    os.chdir(root)
    os.environ.clear()
    os.environ.update(environment)
    with log.open("wb") as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())
    sys.path[:] = [str(root), *(path for path in sys.path if path not in {"", str(CHECKOUT)})]
    code = pytest.main(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
