"""The functions' one asset: `lambdas/`, `contracts/` and what they need, without Docker.

Kept in the cache's folder by a digest of everything that goes in, so that a second synthesis finds
it there and two machines make the same.
"""

from __future__ import annotations

import compileall
import hashlib
import os
import py_compile
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import VenTwinError
from ven_twin.installation import cache_folder

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("lambdas", "contracts")
RECIPE = 2
"""Counts up when what is made of the same sources changes, so that no earlier bundle is taken for it."""
FILE_MODE, FOLDER_MODE = 0o644, 0o755
"""Modes travel in the zip, and Lambda reads as another user than the one who made it."""
REQUIREMENTS = ROOT / "lambdas" / "requirements.txt"
LOCK = ROOT / "requirements.lock"
"""Versions and hashes of everything, also of what the requirements bring with them."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A folder ready to be zipped, and the digest of what went into it."""

    path: Path
    digest: str


class BundleError(VenTwinError):
    """The functions' dependencies could not be fetched for the platform. The message is the installer's."""


def bundle(*, python: str, architecture: str, host: bool, cache: Path | None = None) -> Bundle:
    """The functions' bundle for a platform.

    Args:
        python: version of the runtime, ``3.13``.
        architecture: ``arm64`` or ``x86_64``.
        host: install for this machine and not for AWS's Linux; the local cloud runs functions here.
        cache: where bundles are kept; ``bundle`` in the cache's folder when left out.

    Raises:
        BundleError: a dependency has no wheel for the platform, no registry was reached, or a file is there
            that Lambda could not read.
    """
    compiled = python == f"{sys.version_info.major}.{sys.version_info.minor}"
    made_for = f"{RECIPE} {python} {compiled} {architecture} {host} {sys.platform if host else ''}"
    digest = digest_of(made_for, LOCK, *files_in(PACKAGES))

    def fill(draft: Path) -> None:
        _fill(draft, python, architecture, host=host)
        if compiled:
            _compile(draft)
        _set_modes(draft)

    path = made_once((cache or cache_folder() / "bundle") / digest, fill)
    _check_modes(path)
    return Bundle(path, digest)


def files_in(names: Iterable[str]) -> Iterator[Path]:
    """The files of the project's folders *names*, or the files of these names, each in its order."""
    for name in names:
        paths = [ROOT / name] if (ROOT / name).is_file() else sorted((ROOT / name).rglob("*"))
        yield from (path for path in paths if path.is_file() and "__pycache__" not in path.parts)


def digest_of(made_for: str, *paths: Path) -> str:
    """A digest of what something is made of: the files *paths* and the words *made_for*."""
    digest = hashlib.sha256(made_for.encode())
    for path in paths:
        digest.update(f"\0{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def made_once(target: Path, fill: Callable[[Path], None]) -> Path:
    """The folder *target*, made by *fill* in a draft beside it when it is not there: whole, or not at all."""
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=target.parent))
        try:
            fill(draft)
            draft.chmod(0o755)
            try:
                draft.rename(target)
            except OSError:  # another process made the same meanwhile
                if not target.is_dir():
                    raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return target


def _fill(target: Path, python: str, architecture: str, *, host: bool) -> None:
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", str(target)]
    command += ["--only-binary", ":all:", "--requirement", str(REQUIREMENTS)]
    command += ["--constraint", str(LOCK), "--require-hashes"]
    if not host:
        machine = "aarch64" if architecture == "arm64" else "x86_64"
        command += ["--python-version", python, "--python-platform", f"{machine}-manylinux2014"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BundleError(f"the functions' dependencies could not be installed: {done.stderr.strip()[-500:]}")
    for path in files_in(PACKAGES):
        copy = target / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    _trim(target)


def _trim(target: Path) -> None:
    """Leave out what a function never reads."""
    shutil.rmtree(target / "bin", ignore_errors=True)
    for path in [*target.rglob("__pycache__"), *target.rglob("tests")]:
        shutil.rmtree(path, ignore_errors=True)
    (target / ".lock").unlink(missing_ok=True)


def _compile(target: Path) -> None:
    """Byte-compile with unchecked hashes: the runtime's disk is read-only and its file times mean nothing."""
    compileall.compile_dir(
        target,
        quiet=1,
        workers=os.cpu_count() or 1,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        stripdir=str(target),
    )


def _set_modes(target: Path) -> None:
    """Give every file and folder its mode, whatever the umask: it is no part of the digest."""
    for path in (target, *target.rglob("*")):
        path.chmod(FOLDER_MODE if path.is_dir() else FILE_MODE)


def _check_modes(target: Path) -> None:
    """Refuse a bundle that was changed since. Raises BundleError."""
    for path in target.rglob("*"):
        needed = FOLDER_MODE if path.is_dir() else FILE_MODE
        if path.stat().st_mode & needed != needed:
            mode = path.stat().st_mode & 0o777
            raise BundleError(
                f"{path.relative_to(target)} has mode {mode:04o}, which Lambda cannot read: remove {target}"
            )
