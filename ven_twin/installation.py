"""The folders of an installed ven-twin: its packages, and its state.

In a checkout `contracts`, `cdk`, `lambdas` and `local_cloud` are beside `ven_twin`. A wheel has them in
``ven_twin/_installed``, so that no such word is left among the packages of others; importing `ven_twin` puts
that folder last on the path. docs/decisions/0024-what-an-installed-ven-twin-brings.md has why.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

PACKAGED = Path(__file__).resolve().parent / "_installed"
"""The packages of a wheel beside its own; no such folder in a checkout."""
HOME_VARIABLE = "VEN_TWIN_HOME"
CACHE_VARIABLE = "VEN_TWIN_CACHE"
NAMES = ("contracts", "cdk", "lambdas", "local_cloud")


class HiddenPackageError(ImportError):
    """Raised when a package of others has the name of one of ours, and is imported already."""


def is_installed() -> bool:
    """True of a wheel, False in a checkout."""
    return PACKAGED.is_dir()


def add_packages(*, first: bool = False) -> None:
    """Put the packages of a wheel on the path: last, out of others' way, or *first*, for programs of ours.

    Raises:
        HiddenPackageError: *first* comes too late for one.
    """
    if not is_installed():
        return
    folder = str(PACKAGED)
    sys.path[:] = [entry for entry in sys.path if entry != folder]
    sys.path.insert(0 if first else len(sys.path), folder)
    if first:
        _check_none_is_hidden()


def _check_none_is_hidden() -> None:
    for name in NAMES:
        file = getattr(sys.modules.get(name), "__file__", None)
        if file is not None and not Path(file).resolve().is_relative_to(PACKAGED):
            raise HiddenPackageError(
                f"{file} has the name of a part of ven-twin, {name}: run it in a process without that package"
            )


def shown_command() -> str:
    """The command line as a user types it."""
    return "ven-twin" if is_installed() else ".venv/bin/ven-twin"


def cli_command() -> list[str]:
    """The command line as a process; nothing in the folder where it is started stands in its way."""
    return [sys.executable, "-P", "-m", "ven_twin.cli"]


def module_command(module: str) -> list[str]:
    """The command that runs the `main` of a *module*, as `cli_command`."""
    start = "from ven_twin.installation import add_packages; add_packages(first=True); "
    return [sys.executable, "-P", "-c", f"{start}from {module} import main; main()"]


def home() -> Path:
    """The folder of all state: ``VEN_TWIN_HOME``, else ``.ven-twin`` in the current folder."""
    return Path(os.environ.get(HOME_VARIABLE, ".ven-twin")).resolve()


def cache_folder() -> Path:
    """The folder of what is made of the sources: ``VEN_TWIN_CACHE``, else of a checkout, else in `home`."""
    if named := os.environ.get(CACHE_VARIABLE):
        return Path(named).resolve()
    return home() / "cache" if is_installed() else PACKAGED.parents[1] / ".cache"
