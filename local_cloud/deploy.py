"""The synthesized template, deployed as the CDK CLI would, without starting the CLI.

Zips the assets into the bootstrap bucket, then creates or updates the stack and waits. ``cdk deploy``
against the same cloud does the same in more time; a test deploys with it once.
"""

from __future__ import annotations

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cdk.bundle import made_once
from contracts.store.stack import stack_name
from contracts.wire.codec import JsonDict
from local_cloud.process import trust_root_pem
from local_cloud.runtime import ACCOUNT_ID, REGION, STAGE, DeployError, Runtime
from local_cloud.synth import assembly
from ven_twin.installation import cache_folder

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_s3 import S3Client

BOOTSTRAP_VERSION = "30"
DEPLOY_DEADLINE_S = 600.0
_TAG = "assembly"
_SETTLED = ("CREATE_COMPLETE", "UPDATE_COMPLETE")

Progress = Callable[[str, str], object]
"""Shows a step, and how far it is."""


def _unheard(*_: str) -> None:
    """Show no progress."""


def deploy(
    runtime: Runtime,
    vens: Sequence[str],
    *,
    rotation: str = "",
    callback_ca_pem: str = "",
    progress: Progress = _unheard,
) -> dict[str, str]:
    """Deploy the local stage for *vens*, with the word of their *rotation*, and return the stack's outputs.

    What is deployed already is left as it is, so that a kept cloud starts at once. Callbacks of OpenADR may
    have certificates of *callback_ca_pem*, beside those of public CAs.

    Raises:
        DeployError: with CloudFormation's reason.
    """
    progress("synthesizing the stack", "")
    folder = assembly(vens, rotation=rotation)
    return deploy_assembly(runtime, folder, callback_ca_pem=callback_ca_pem, progress=progress)


def deploy_assembly(
    runtime: Runtime,
    folder: Path,
    *,
    stage: str = STAGE,
    callback_ca_pem: str = "",
    progress: Progress = lambda *_: None,
) -> dict[str, str]:
    """Deploy the cloud assembly in *folder*, of *stage*. Returns and raises as `deploy`."""
    formation = client(runtime, "cloudformation")
    parameters = {"TrustRootPem": trust_root_pem(runtime)}
    tag = folder.name
    if callback_ca_pem:
        parameters["CallbackCaPem"] = callback_ca_pem
        tag += f"-{hashlib.sha256(callback_ca_pem.encode()).hexdigest()[:12]}"
    name = stack_name(stage)
    before = _describe(formation, name)
    if before and before["StackStatus"] in _SETTLED and _tag(before) == tag:
        return _outputs(before)
    progress("uploading the functions", "")
    template_url = _upload(client(runtime, "s3"), folder, runtime, name)
    client(runtime, "ssm").put_parameter(
        Name="/cdk-bootstrap/hnb659fds/version", Value=BOOTSTRAP_VERSION, Type="String", Overwrite=True
    )
    request: JsonDict = {
        "StackName": name,
        "TemplateURL": template_url,
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Tags": [{"Key": _TAG, "Value": tag}],
    }
    try:
        if before is None:
            formation.create_stack(**request)
        else:
            formation.update_stack(**request)
    except ClientError as error:
        # A call that took effect and whose answer was lost is refused when it is tried again.
        if _tag(_describe(formation, name) or {}) == tag:
            return _wait(formation, name, progress)
        raise DeployError(f"the stack was refused: {error.response['Error'].get('Message', '')}") from None
    return _wait(formation, name, progress)


def destroy(runtime: Runtime, *, progress: Progress = _unheard) -> None:
    """Delete the local stage's stack and wait until it is gone.

    Raises:
        DeployError: with CloudFormation's reason.
    """
    formation, name = client(runtime, "cloudformation"), stack_name(STAGE)
    formation.delete_stack(StackName=name)
    deadline = time.monotonic() + DEPLOY_DEADLINE_S
    while (stack := _describe(formation, name)) is not None:
        if stack["StackStatus"] == "DELETE_FAILED":
            raise DeployError(f"the stack was not deleted: {_reason(formation, name)}")
        if time.monotonic() > deadline:
            raise DeployError(f"the stack was still there after {DEPLOY_DEADLINE_S:.0f} s")
        progress("destroying", "")
        time.sleep(0.1)


def client(runtime: Runtime, service: str) -> Any:
    """A boto3 client of the local cloud, with its root credentials."""
    import boto3  # noqa: PLC0415 - a third of a second that starting and stopping do not need

    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=runtime.endpoint_url,
        region_name=REGION,
        aws_access_key_id=runtime.access_key_id,
        aws_secret_access_key=runtime.secret_access_key,
    )


def _upload(s3: S3Client, folder: Path, runtime: Runtime, stack: str) -> str:
    assets = json.loads((folder / f"{stack}.assets.json").read_text())
    template_url = ""
    for asset in assets["files"].values():
        source = folder / asset["source"]["path"]
        for destination in asset["destinations"].values():
            bucket, key = _resolve(destination["bucketName"]), destination["objectKey"]
            s3.create_bucket(Bucket=bucket)
            body = _zipped_once(source) if source.is_dir() else source.read_bytes()
            s3.put_object(Bucket=bucket, Key=key, Body=body)
            if source.name.endswith(".template.json"):
                template_url = f"{runtime.endpoint_url}/{bucket}/{key}"
    return template_url


def _resolve(name: str) -> str:
    return name.replace("${AWS::AccountId}", ACCOUNT_ID).replace("${AWS::Region}", REGION)


def _zipped_once(folder: Path) -> bytes:
    """The zip of an asset, whose *folder* is named after its content; the same zip for every deployment."""

    def fill(draft: Path) -> None:
        (draft / "code.zip").write_bytes(_zipped(folder))

    return (made_once(cache_folder() / "zips" / folder.name, fill) / "code.zip").read_bytes()


def _zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in _files(folder):
            archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _describe(formation: CloudFormationClient, name: str) -> JsonDict | None:
    try:
        stacks = formation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if (
            error.response["Error"].get("Code") == "ValidationError"
        ):  # what CloudFormation says of no such stack
            return None
        raise
    return dict(stacks[0]) if stacks else None


def _wait(formation: CloudFormationClient, name: str, progress: Progress) -> dict[str, str]:
    deadline = time.monotonic() + DEPLOY_DEADLINE_S
    while time.monotonic() < deadline:
        stack = _describe(formation, name) or {"StackStatus": "DELETE_COMPLETE"}
        status = stack["StackStatus"]
        if status in _SETTLED:
            return _outputs(stack)
        if not status.endswith("_IN_PROGRESS"):
            raise DeployError(f"the stack ended as {status}: {_reason(formation, name)}")
        progress("deploying", f": {_done(formation, name)} resources")
        time.sleep(0.1)
    raise DeployError(f"the stack was not there after {DEPLOY_DEADLINE_S:.0f} s")


def _done(formation: CloudFormationClient, name: str) -> int:
    resources = formation.describe_stack_resources(StackName=name)["StackResources"]
    return sum(resource["ResourceStatus"] in _SETTLED for resource in resources)


def _reason(formation: CloudFormationClient, name: str) -> str:
    failures = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
        for page in formation.get_paginator("describe_stack_events").paginate(StackName=name)
        for event in page["StackEvents"]
        if "FAILED" in event.get("ResourceStatus", "")
    ]
    return "; ".join(reversed(failures[-3:])) or "no reason was given"


def _tag(stack: JsonDict) -> str | None:
    return next((tag["Value"] for tag in stack.get("Tags", []) if tag["Key"] == _TAG), None)


def _outputs(stack: JsonDict) -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
