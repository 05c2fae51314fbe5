"""Temporary copies of the tree: mutants go there, and never into the checkout."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

PYTEST = (
    "-m",
    "pytest",
    "-p",
    "harness.mutate.pytest_watch",
    "-p",
    "no:cacheprovider",
    "--hypothesis-seed=0",
)


def project_files(root: Path) -> list[str]:
    """Files of the checkout in *root*: what git knows, and what it would take in."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    return sorted(name for name in names.split("\0") if name and (root / name).is_file())


class Tree:
    """A copy of the tree in which tests run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._running: subprocess.Popen[bytes] | None = None

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
        with log.open("wb") as output:
            self._running = subprocess.Popen(
                [sys.executable, *PYTEST, *arguments],
                cwd=self.root, env={**os.environ, **environment}, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            return self._running.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        finally:
            self.stop()

    def stop(self) -> None:
        """End the tests that run, with the processes that they started."""
        if self._running is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._running.pid, signal.SIGKILL)
            self._running.wait()
