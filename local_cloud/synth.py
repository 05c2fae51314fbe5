"""The cloud assembly of the local stage: synthesized once for each state of the sources, then cached."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from cdk.bundle import ROOT, digest_of, files_in, made_once
from local_cloud.runtime import STAGE, DeployError
from ven_twin.installation import CACHE_VARIABLE, cache_folder

SOURCES = ("app.py", "cdk.json", "requirements.lock", "cdk", "lambdas", "contracts")

STAGING_OFF = "aws:cdk:disable-asset-staging"
"""The CDK's context key by which an assembly names the functions' bundle where it is, and has no copy."""


def assembly(vens: Sequence[str], *, rotation: str = "", cache: Path | None = None) -> Path:
    """The folder of the cloud assembly for *vens*; made when the sources have changed since.

    Another *rotation* than the stack has, a word, gives every VEN another certificate.

    Raises:
        DeployError: it could not be synthesized; the message is the app's own.
    """
    made_for = "\0".join([",".join(vens), rotation, sys.version, platform.machine()])
    made = (cache or cache_folder() / "assembly") / digest_of(made_for, *files_in(SOURCES))
    if not _is_whole(made):
        shutil.rmtree(made, ignore_errors=True)
    return made_once(made, lambda draft: _synthesize(draft, vens, rotation))


def _is_whole(folder: Path) -> bool:
    """True when everything that the assembly names is there: the bundle is in a folder beside it."""
    return all(
        (folder / asset["source"]["path"]).exists()
        for listed in folder.glob("*.assets.json")
        for asset in json.loads(listed.read_text(encoding="utf-8"))["files"].values()
    )


def _synthesize(folder: Path, vens: Sequence[str], rotation: str) -> None:
    settings = json.loads((ROOT / "cdk.json").read_text())
    context = {**settings["context"], "stage": STAGE, "vens": ",".join(vens), "validate": "false"}
    context[STAGING_OFF] = True
    if rotation:
        context["rotation"] = rotation
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={
            **os.environ,
            CACHE_VARIABLE: str(cache_folder()),  # its full path: the app runs elsewhere
            "CDK_OUTDIR": str(folder),
            "CDK_CONTEXT_JSON": json.dumps(context),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise DeployError(f"the stack could not be synthesized: {done.stderr.strip()[-1500:]}")


if __name__ == "__main__":
    assembly(sys.argv[1:])
