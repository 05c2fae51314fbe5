"""The cloud assembly of the local stage: synthesized once for each state of the sources, then cached."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from local_cloud.errors import DeployError
from local_cloud.runtime import STAGE

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("app.py", "cdk.json", "requirements.lock", "cdk", "lambdas", "contracts")


def assembly(vens: Sequence[str], *, cache: Path | None = None) -> Path:
    """The folder of the cloud assembly for *vens*; made when the sources have changed since.

    Raises:
        DeployError: it could not be synthesized; the message is the app's own.
    """
    cache = cache or ROOT / ".cache" / "assembly"
    target = cache / _digest(vens)
    if target.is_dir():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix="draft-", dir=cache))
    try:
        _synthesize(draft, vens)
        try:
            draft.rename(target)
        except OSError:  # another start made the same meanwhile
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def _synthesize(folder: Path, vens: Sequence[str]) -> None:
    settings = json.loads((ROOT / "cdk.json").read_text())
    context = {**settings["context"], "stage": STAGE, "vens": ",".join(vens), "validate": "false"}
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, "CDK_OUTDIR": str(folder), "CDK_CONTEXT_JSON": json.dumps(context)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise DeployError(f"the stack could not be synthesized: {done.stderr.strip()[-1500:]}")


def _sources() -> Iterator[Path]:
    for name in SOURCES:
        path = ROOT / name
        if path.is_file():
            yield path
        else:
            yield from sorted(p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts)


def _digest(vens: Sequence[str]) -> str:
    made_for = [",".join(vens), sys.version, platform.machine()]
    digest = hashlib.sha256("\0".join(made_for).encode())
    for path in _sources():
        digest.update(f"\0{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


if __name__ == "__main__":
    assembly(sys.argv[1:])
