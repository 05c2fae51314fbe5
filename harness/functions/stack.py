"""The functions of a synthesized template: their memory, time and variables, and which of them is a hook."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdk.lambda_function import FULL_PROCESSOR_MB
from contracts.store.stack import stack_name
from contracts.wire.codec import JsonDict

ROOT = Path(__file__).resolve().parents[2]
HOOK_S = 5.0
"""AWS IoT waits no longer for a pre-provisioning hook, its cold start included.
Source: AWS IoT Developer Guide, pre-provisioning hooks."""
ACCOUNT_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/"


@dataclass(frozen=True, slots=True)
class StackFunction:
    """A function as the template has it.

    Attributes:
        name: its folder in `lambdas/`.
        memory_mb: its memory.
        timeout_s: how long it may run.
        hook: whether AWS IoT waits for it.
        environment: its variables, with plain names in place of references.
    """

    name: str
    memory_mb: int
    timeout_s: float
    hook: bool
    environment: Mapping[str, str]

    @property
    def share(self) -> float:
        """The share of a processor that comes with its memory."""
        return min(1.0, self.memory_mb / FULL_PROCESSOR_MB)


def functions_of(template: JsonDict) -> Iterator[StackFunction]:
    """The functions of *template*."""
    hooks = json.dumps(
        [
            resource["Properties"].get("PreProvisioningHook")
            for resource in template["Resources"].values()
            if resource["Type"] == "AWS::IoT::ProvisioningTemplate"
        ]
    )
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Lambda::Function":
            properties = resource["Properties"]
            variables = properties["Environment"]["Variables"]
            yield StackFunction(
                name=properties["Handler"].split(".")[1],
                memory_mb=properties["MemorySize"],
                timeout_s=properties["Timeout"],
                hook=f'"{logical_id}"' in hooks,
                environment={name: _plain(name, value) for name, value in variables.items()},
            )


def _plain(name: str, value: Any) -> str:
    """The value of a variable; what refers to a resource is named after the variable."""
    if isinstance(value, str):
        return value
    plain, _, kind = name.lower().rpartition("_")
    return f"{ACCOUNT_URL}{plain}" if kind == "url" else plain


def synthesized(stage: str = "dev") -> JsonDict:
    """The template of *stage*, without its bundle, which no template depends on."""
    os.environ.setdefault("JSII_NODE", str(Path(sys.prefix) / "bin" / "node"))
    from aws_cdk import App  # noqa: PLC0415 - starts Node

    from cdk.bundle import Bundle  # noqa: PLC0415
    from cdk.stack import VenTwinStack  # noqa: PLC0415
    from cdk.stage import read_stage  # noqa: PLC0415

    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    with tempfile.TemporaryDirectory() as folder:
        code = Path(folder) / "code"
        code.mkdir()
        (code / "code.py").touch()
        app = App(context=context, outdir=folder, auto_synth=False)
        VenTwinStack(app, read_stage({"stage": stage}.get), code=Bundle(code, "0" * 32))
        app.synth(skip_validation=True)
        template: JsonDict = json.loads((Path(folder) / f"{stack_name(stage)}.template.json").read_text())
        return template
