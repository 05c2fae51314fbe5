"""The folders of an installed ven-twin, and who comes first on the path."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from ven_twin import installation
from ven_twin.installation import HiddenPackageError, add_packages, cache_folder, cli_command, module_command

ROOT = Path(installation.__file__).resolve().parents[1]


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The packages of a wheel that is installed under the test's folder."""
    folder = tmp_path / "site-packages" / "ven_twin" / "_installed"
    folder.mkdir(parents=True)
    monkeypatch.setattr(installation, "PACKAGED", folder)
    monkeypatch.setattr(sys, "path", ["", "/usr/lib/python3"])
    for name in installation.NAMES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    return str(folder)


def test_a_checkout_changes_no_path() -> None:
    """The folders beside the package are found as they always were."""
    before = list(sys.path)
    add_packages()
    add_packages(first=True)
    assert sys.path == before


def test_parts_are_last_so_that_they_hide_no_package_of_others(packaged: str) -> None:
    """Programs that only have ven-twin installed find their own packages under the same names."""
    add_packages()
    add_packages()
    assert sys.path == ["", "/usr/lib/python3", packaged]


def test_parts_are_first_in_a_program_of_ours(packaged: str) -> None:
    """A package of others in the environment does not stand in the way of the command line."""
    add_packages()
    add_packages(first=True)
    assert sys.path == [packaged, "", "/usr/lib/python3"]


@pytest.mark.usefixtures("packaged")
def test_a_package_of_others_that_was_imported_before_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of an attribute that is missing somewhere deep in it."""
    other = ModuleType("contracts")
    other.__file__ = "/home/user/contracts/__init__.py"
    monkeypatch.setitem(sys.modules, "contracts", other)
    add_packages()
    with pytest.raises(HiddenPackageError, match=r"^/home/user/contracts/__init__\.py .* contracts: run"):
        add_packages(first=True)


def test_the_cache_is_the_checkouts_or_in_the_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Nothing is written among installed packages."""
    monkeypatch.setenv("VEN_TWIN_HOME", str(tmp_path / "home"))
    assert cache_folder() == ROOT / ".cache"
    request.getfixturevalue("packaged")
    assert cache_folder() == tmp_path / "home" / "cache"


@pytest.mark.parametrize(
    ("command", "reached"),
    [
        ([*cli_command(), "can-hold", "--shed-kw", "much", "--for", "1h"], "'much' is no power"),
        (module_command("local_cloud.server"), "KeyError: 'LOCAL_CLOUD_GATEWAY_FD'"),
    ],
    ids=["command line", "local cloud"],
)
def test_a_folder_with_packages_of_the_same_names_is_in_nobodys_way(
    command: list[str], reached: str, tmp_path: Path
) -> None:
    """Processes that are started in a user's folder import nothing of it."""
    for name in (*installation.NAMES, "ven_twin"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('the wrong package')")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert reached in done.stderr
