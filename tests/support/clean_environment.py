"""The project's wheel in an environment of its own, which notes what of the checkout is opened in it.

What is installed comes from the registry, or from uv's cache of it, as for a user. A hook that Python starts
with in that environment (``sitecustomize``) notes each file of the checkout that a process opens, and each
file of the environment that one opens to write. Where nothing is noted, all that ran was the wheel's.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.waiting import GIVE_UP_S

ROOT = Path(__file__).resolve().parents[2]
_UV = (sys.executable, "-m", "uv")
_SETTINGS = ("PYTHON", "PYTEST", "VIRTUAL_ENV", "AWS_", "VEN_TWIN_")
_WATCH = """
import os, sys

def _note(event, arguments):
    if event != "open" or not isinstance(arguments[0], (str, bytes)):
        return
    path, flags = os.path.abspath(os.fsdecode(arguments[0])), arguments[2]
    written = flags & (os.O_WRONLY | os.O_RDWR) and "__pycache__" not in path
    if path.startswith({checkout!r} + os.sep) or (written and path.startswith(sys.prefix + os.sep)):
        # By a program's own calls: what is opened in this way is not noted in turn.
        line = os.open({log!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND) if path != {log!r} else None
        if line is not None:
            os.write(line, path.encode() + b"\\n")
            os.close(line)

sys.addaudithook(_note)
"""


@dataclass(frozen=True)
class CleanEnvironment:
    """An environment with the wheel in it.

    Attributes:
        folder: of the environment.
        wheel: what was installed.
    """

    folder: Path
    wheel: Path

    @property
    def _log(self) -> Path:
        return self.folder.parent / "noted"

    @property
    def packages(self) -> Path:
        """The folder of installed packages, ``site-packages``."""
        (folder,) = self.folder.glob("lib/python*/site-packages")
        return folder

    def install(self, extra: str = "") -> None:
        """Install the wheel with an *extra*, in the versions that the checkout has locked."""
        target = f"{self.wheel}[{extra}]" if extra else str(self.wheel)
        self._uv("pip", "install", "--constraint", str(ROOT / "requirements.lock"), target)

    def run(self, program: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run a *program* of the environment in a *folder*, with no settings for Python, AWS or ven-twin."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
        path = f"{self.folder / 'bin'}{os.pathsep}{os.defpath}"
        return subprocess.run(
            [self.folder / "bin" / program, *arguments],
            cwd=folder,
            env={**inherited, "PATH": path, "NO_COLOR": "1", "COLUMNS": "160"},
            capture_output=True,
            text=True,
            check=False,
            timeout=4 * GIVE_UP_S,  # a job of many waits
        )

    def noted(self) -> list[str]:
        """Files of the checkout that were opened, and files of the environment that were written."""
        return sorted(set(self._log.read_text().splitlines())) if self._log.exists() else []

    def watch(self) -> None:
        """Note from now on."""
        hook = _WATCH.format(checkout=str(ROOT), log=str(self._log))
        (self.packages / "sitecustomize.py").write_text(hook)

    def _uv(self, *arguments: str) -> None:
        subprocess.run([*_UV, *arguments, "--quiet", "--python", self.folder], check=True, timeout=GIVE_UP_S)


@contextmanager
def clean_environment() -> Iterator[CleanEnvironment]:
    """An environment with this checkout's wheel, for as long as the block lasts.

    It is not in a test's temporary folder: packages of others have keys in them, to test with.
    """
    with tempfile.TemporaryDirectory(prefix="ven-twin-wheel-") as name:
        folder = Path(name)
        built = [*_UV, "build", "--quiet", "--wheel", "--out-dir", folder / "dist", ROOT]
        subprocess.run(built, check=True, timeout=GIVE_UP_S)
        (wheel,) = (folder / "dist").glob("*.whl")
        made = CleanEnvironment(folder / "environment", wheel)
        base = getattr(sys, "_base_executable", sys.executable)
        subprocess.run([*_UV, "venv", "--quiet", "--python", base, made.folder], check=True)
        made.install()
        made.watch()
        yield made
