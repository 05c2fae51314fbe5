"""Deploying to an account and destroying there, by the CDK CLI that came with the setup."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from cdk.bundle import ROOT
from contracts.errors import VenTwinError
from ven_twin.installation import is_installed

CDK = ROOT / "node_modules" / ".bin" / "cdk"
TAIL_LINES = 12
"""Of the CLI's output, in the error."""


class DeploymentError(VenTwinError):
    """Raised when a stage could not be deployed or destroyed. The message has the CLI's last lines."""


class Deployment(Protocol):
    """A way to deploy a stage and to destroy it."""

    def deploy(self) -> None:
        """Deploy the stage and wait until it is there."""

    def destroy(self) -> None:
        """Destroy the stage, also one that is half made, and wait until it is gone."""


class CdkDeployment:
    """The stage *stage* for *vens*, by the CDK CLI with the caller's own credentials."""

    def __init__(
        self, stage: str, vens: Sequence[str], *, region: str, profile: str | None, output: Path
    ) -> None:
        context = (f"stage={stage}", f"vens={','.join(vens)}", f"ven_id_prefix={stage}-")
        self._context = [*(word for value in context for word in ("-c", value)), "--output", str(output)]
        self._environment = {
            **os.environ,
            "PATH": f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CI": "true",
            **({"AWS_PROFILE": profile} if profile else {}),
        }

    def deploy(self) -> None:
        """Run ``cdk deploy``. Raises DeploymentError."""
        self._run("deploy", "--require-approval", "never")

    def destroy(self) -> None:
        """Run ``cdk destroy``. Raises DeploymentError."""
        self._run("destroy", "--force")

    def _run(self, *arguments: str) -> None:
        if not CDK.exists():
            raise DeploymentError(
                "there is no CDK CLI, which comes with a checkout alone: run make setup there"
                if is_installed()
                else f"there is no CDK CLI at {CDK}: run make setup"
            )
        done = subprocess.run(
            [str(CDK), *arguments, *self._context, "--no-notices", "--no-version-reporting"],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,  # Ctrl-C is for the CLI, which destroys what was begun
        )
        if done.returncode != 0:
            last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-TAIL_LINES:])
            raise DeploymentError(f"cdk {arguments[0]} failed:\n{last}")
