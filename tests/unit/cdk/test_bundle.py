"""The functions' bundle: made once for each state of its sources, and the same from the same sources."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from cdk import bundle as bundling
from cdk.bundle import Bundle, BundleError, bundle
from cdk.stage import read_stage

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
ELSEWHERE = "3.99"


class Installer:
    """Stands for uv: puts one package into the target, or fails with a message."""

    def __init__(self, failure: str = "") -> None:
        self.failure = failure
        self.commands: list[list[str]] = []

    def __call__(
        self, command: Sequence[str], *, capture_output: bool, text: bool, check: bool
    ) -> subprocess.CompletedProcess[str]:
        """Install, as subprocess.run would have it done."""
        assert capture_output
        assert text
        assert not check
        self.commands.append(list(command))
        target = Path(command[command.index("--target") + 1])
        for name in ("powertools/__init__.py", "powertools/tests/test_it.py", "bin/jp.py", ".lock"):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_text("")
        return subprocess.CompletedProcess(command, int(bool(self.failure)), "", self.failure)


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small house: one slice, one contract, and what this machine compiled of them."""
    root = tmp_path / "house"
    for name, text in {
        "requirements.lock": "powertools==1 --hash=sha256:00\n",
        "lambdas/requirements.txt": "powertools==1\n",
        "lambdas/slice/handler.py": "ANSWER = 1\n",
        "lambdas/slice/__pycache__/handler.cpython-311.pyc": "of this machine",
        "contracts/wire.py": "WIRE = 1\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.setattr(bundling, "ROOT", root)
    monkeypatch.setattr(bundling, "REQUIREMENTS", root / "lambdas" / "requirements.txt")
    monkeypatch.setattr(bundling, "LOCK", root / "requirements.lock")
    return root


@pytest.fixture
def installer(monkeypatch: pytest.MonkeyPatch) -> Installer:
    """The installer that bundling starts."""
    fake = Installer()
    monkeypatch.setattr(subprocess, "run", fake)
    return fake


def _make(cache: Path, *, python: str = ELSEWHERE, architecture: str = "arm64", host: bool = False) -> Bundle:
    return bundle(python=python, architecture=architecture, host=host, cache=cache)


def _files(made: Bundle) -> set[str]:
    return {str(path.relative_to(made.path)) for path in made.path.rglob("*") if path.is_file()}


@pytest.mark.usefixtures("sources", "installer")
def test_a_bundle_has_the_functions_the_contracts_and_what_they_need(tmp_path: Path) -> None:
    """Nothing that a function reads is missing, and nothing is there that it never reads."""
    assert _files(_make(tmp_path / "cache")) == {
        "contracts/wire.py",
        "lambdas/requirements.txt",
        "lambdas/slice/handler.py",
        "powertools/__init__.py",
    }


@pytest.mark.usefixtures("sources")
def test_a_second_call_reuses_the_first_ones_bundle(tmp_path: Path, installer: Installer) -> None:
    """Synthesis installs once for each state of the sources."""
    assert _make(tmp_path / "cache") == _make(tmp_path / "cache")
    assert len(installer.commands) == 1


@pytest.mark.usefixtures("installer")
@pytest.mark.parametrize(
    "name", ["lambdas/slice/handler.py", "contracts/wire.py", "lambdas/requirements.txt"]
)
def test_a_changed_source_makes_another_bundle(name: str, sources: Path, tmp_path: Path) -> None:
    """A change of code or of a dependency is deployed; the digest is what CloudFormation sees."""
    before = _make(tmp_path / "cache")
    (sources / name).write_text("CHANGED = 1\n")
    after = _make(tmp_path / "cache")
    assert before.digest != after.digest
    assert (after.path / name).read_text() == "CHANGED = 1\n"


@pytest.mark.usefixtures("installer")
def test_a_changed_lock_makes_another_bundle(sources: Path, tmp_path: Path) -> None:
    """Dependencies of the requirements are pinned by the lock alone."""
    before = _make(tmp_path / "cache")
    (sources / "requirements.lock").write_text("powertools==1 --hash=sha256:11\n")
    assert _make(tmp_path / "cache").digest != before.digest


@pytest.mark.usefixtures("sources")
def test_what_is_installed_is_held_to_the_locks_hashes(tmp_path: Path, installer: Installer) -> None:
    """A package that was changed on its way is refused before it is deployed."""
    _make(tmp_path / "cache")
    (command,) = installer.commands
    assert command[command.index("--constraint") + 1] == str(bundling.LOCK)
    assert "--require-hashes" in command


@pytest.mark.usefixtures("installer")
def test_a_renamed_source_makes_another_bundle(sources: Path, tmp_path: Path) -> None:
    """A handler is found by its file's name, so the name is part of the digest."""
    before = _make(tmp_path / "cache")
    (sources / "contracts" / "wire.py").rename(sources / "contracts" / "lines.py")
    assert _make(tmp_path / "cache").digest != before.digest


@pytest.mark.usefixtures("installer")
def test_what_this_machine_compiled_neither_counts_nor_travels(sources: Path, tmp_path: Path) -> None:
    """Two machines make the same bundle, and no stale bytecode shadows a source."""
    before = _make(tmp_path / "cache")
    (sources / "lambdas/slice/__pycache__/handler.cpython-311.pyc").write_text("of another")
    after = _make(tmp_path / "cache")
    assert after.digest == before.digest
    assert not any("__pycache__" in name for name in _files(after))


@pytest.mark.usefixtures("sources", "installer")
def test_platforms_do_not_share_a_bundle(tmp_path: Path) -> None:
    """Wheels are machine code: each Python, architecture and host has its own."""
    cache = tmp_path / "cache"
    digests = [
        _make(cache).digest,
        _make(cache, python="3.98").digest,
        _make(cache, architecture="x86_64").digest,
        _make(cache, host=True).digest,
    ]
    assert len(set(digests)) == 4


@pytest.mark.usefixtures("sources")
@pytest.mark.parametrize(
    ("architecture", "platform"), [("arm64", "aarch64-manylinux2014"), ("x86_64", "x86_64-manylinux2014")]
)
def test_for_aws_only_wheels_of_its_linux_are_taken(
    architecture: str, platform: str, tmp_path: Path, installer: Installer
) -> None:
    """No Docker and no compiler: what has no wheel for the platform is refused, not built for this one."""
    _make(tmp_path / "cache", python="3.13", architecture=architecture)
    (command,) = installer.commands
    assert command[command.index("--only-binary") + 1] == ":all:"
    assert command[command.index("--python-version") + 1] == "3.13"
    assert command[command.index("--python-platform") + 1] == platform


@pytest.mark.usefixtures("sources")
def test_for_the_local_cloud_wheels_of_this_machine_are_taken(tmp_path: Path, installer: Installer) -> None:
    """The local cloud runs functions on this machine's Python."""
    _make(tmp_path / "cache", host=True)
    assert "--python-platform" not in installer.commands[0]


@pytest.mark.usefixtures("sources", "installer")
def test_for_this_python_it_is_compiled_with_unchecked_hashes(tmp_path: Path) -> None:
    """A cold start compiles nothing, and file times on the runtime's disk mean nothing."""
    made = _make(tmp_path / "cache", python=HERE)
    (compiled,) = (made.path / "lambdas/slice/__pycache__").iterdir()
    flags = int.from_bytes(compiled.read_bytes()[4:8], "little")
    assert flags == 0b01, py_compile.PycInvalidationMode.UNCHECKED_HASH
    assert str(made.path).encode() not in compiled.read_bytes()


@pytest.mark.usefixtures("sources", "installer")
def test_whatever_the_umask_lambda_can_read_every_file(tmp_path: Path) -> None:
    """Modes travel in the zip, and Lambda is another user: umask 077 would leave the handler to its maker."""
    before = os.umask(0o077)
    try:
        made = _make(tmp_path / "cache", python=HERE)
    finally:
        os.umask(before)
    files = [path for path in made.path.rglob("*") if path.is_file()]
    folders = [made.path, *(path for path in made.path.rglob("*") if path.is_dir())]
    assert {path.name for path in files} >= {"handler.py", f"handler.{sys.implementation.cache_tag}.pyc"}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o644}
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o755}


@pytest.mark.usefixtures("sources", "installer")
@pytest.mark.parametrize(("name", "mode"), [("lambdas/slice/handler.py", 0o600), ("lambdas/slice", 0o700)])
def test_a_bundle_that_lambda_cannot_read_is_refused(name: str, mode: int, tmp_path: Path) -> None:
    """What was changed after it was made is not deployed: its digest is the same, and it would stick."""
    made = _make(tmp_path / "cache")
    (made.path / name).chmod(mode)
    with pytest.raises(BundleError, match=rf"{name} has mode {mode:04o}, which Lambda cannot read: remove "):
        _make(tmp_path / "cache")


@pytest.mark.usefixtures("sources", "installer")
def test_an_earlier_releases_bundle_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CloudFormation sees the digest alone: what is made another way has another one."""
    before = _make(tmp_path / "cache")
    monkeypatch.setattr(bundling, "RECIPE", bundling.RECIPE + 1)
    assert _make(tmp_path / "cache").digest != before.digest


@pytest.mark.usefixtures("sources", "installer")
def test_what_is_deployed_by_default_is_compiled(tmp_path: Path) -> None:
    """A cold start on AWS compiles nothing either: the default runtime is the Python that synthesizes."""
    stage = read_stage({"stage": "prod"}.get)
    made = _make(tmp_path / "cache", python=stage.python, architecture=stage.architecture)
    assert list((made.path / "lambdas/slice/__pycache__").iterdir())


@pytest.mark.usefixtures("sources")
def test_a_failure_says_what_the_installer_said_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has no network learns so; the next attempt starts afresh."""
    monkeypatch.setattr(subprocess, "run", Installer("no wheel of powertools for this platform\n"))
    with pytest.raises(BundleError, match="could not be installed: no wheel of powertools for this platform"):
        _make(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.usefixtures("sources")
def test_two_syntheses_at_once_end_with_one_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes second takes what the first has made meanwhile."""
    inner = Installer()

    def install(command: Sequence[str], **options: bool) -> subprocess.CompletedProcess[str]:
        if not inner.commands:
            inner.commands.append([])
            _make(tmp_path / "cache")
        return inner(command, **options)

    monkeypatch.setattr(subprocess, "run", install)
    made = _make(tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [made.digest]
