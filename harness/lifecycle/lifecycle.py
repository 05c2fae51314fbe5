"""Deploy, change and destroy on a local cloud with weather; what is left then."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from contracts.store.stack import stack_name
from local_cloud import process
from local_cloud.deploy import client, deploy
from local_cloud.runtime import STAGE, CloudWeather, Runtime
from local_cloud.synth import assembly

BEFORE, AFTER = ("ven-1", "ven-2"), ("ven-2", "ven-3")
"""The VENs of the first deployment, and of the change: one goes, one comes, the other is rotated."""
ROTATION = "changed"
GONE_DEADLINE_S = 180.0
LISTS: dict[str, tuple[str, str, str, str]] = {
    "certificates": ("iot", "list_certificates", "certificates", "certificateId"),
    "things": ("iot", "list_things", "things", "thingName"),
    "policies": ("iot", "list_policies", "policies", "policyName"),
    "rules": ("iot", "list_topic_rules", "rules", "ruleName"),
    "provisioning templates": ("iot", "list_provisioning_templates", "templates", "templateName"),
    "secrets": ("secretsmanager", "list_secrets", "SecretList", "Name"),
    "schedules": ("scheduler", "list_schedules", "Schedules", "Name"),
}
"""The kinds of things of a stack that are not CloudFormation's alone, and the call that lists each."""


class Lifecycle(msgspec.Struct, frozen=True, kw_only=True):
    """A life of the stack: the duration of each step and what was left, by kind."""

    seed: int
    deploy_s: float
    change_s: float
    destroy_s: float
    objections: tuple[str, ...]


def live(folder: Path, weather: CloudWeather) -> Lifecycle:
    """Deploy, change and destroy a stack on a local cloud of its own in *folder*.

    Raises:
        DeployError: a step was refused; nothing of the cloud is left running.
    """
    with started(folder, weather) as runtime:
        return live_in(runtime, weather.seed)


@contextlib.contextmanager
def started(folder: Path, weather: CloudWeather) -> Iterator[Runtime]:
    """A local cloud with *weather*, on free ports."""
    try:
        yield process.start(folder, gateway_port=0, mqtt_port=0, weather=weather)
    finally:
        process.stop(folder)


def live_in(runtime: Runtime, seed: int) -> Lifecycle:
    """Deploy, change and destroy a stack in *runtime*. Raises DeployError."""
    assembly(BEFORE)  # synthesized before the clock runs
    assembly(AFTER, rotation=ROTATION)
    deploy_s = _timed(lambda: deploy(runtime, BEFORE))
    deployed = _objections(runtime, BEFORE)
    change_s = _timed(lambda: deploy(runtime, AFTER, rotation=ROTATION))
    changed = _objections(runtime, AFTER)
    destroyed: list[str] = []
    destroy_s = _timed(lambda: destroyed.extend(destroy(runtime)))
    left = [f"left: {kind} {', '.join(names)}" for kind, names in leftovers(runtime).items() if names]
    return Lifecycle(
        seed=seed,
        deploy_s=deploy_s,
        change_s=change_s,
        destroy_s=destroy_s,
        objections=(*deployed, *changed, *destroyed, *left),
    )


def destroy(runtime: Runtime, stage: str = STAGE) -> list[str]:
    """Delete the stack of *stage* and wait; the reason when it does not go."""
    formation, name = client(runtime, "cloudformation"), stack_name(stage)
    formation.delete_stack(StackName=name)
    give_up_at = time.monotonic() + GONE_DEADLINE_S
    status = ""
    while time.monotonic() < give_up_at:
        try:
            status = formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":
                return []
            raise
        if status == "DELETE_COMPLETE":
            return []
        if status == "DELETE_FAILED":
            break
        time.sleep(0.1)
    events = formation.describe_stack_events(StackName=name)["StackEvents"]
    reasons = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
        for event in events
        if event["ResourceStatus"] == "DELETE_FAILED"
    ]
    return [f"the stack is {status}: {'; '.join(reasons)}"]


def leftovers(runtime: Runtime) -> dict[str, list[str]]:
    """All of the account that a stack brings, by kind.

    A certificate that is pending was never registered: a claim whose connection ended leaves it, and AWS IoT
    tells nobody of which claim.
    """
    return {
        kind: [
            item[name]
            for item in getattr(client(runtime, service), call)()[items]
            if item.get("status") != "PENDING_ACTIVATION"
        ]
        for kind, (service, call, items, name) in LISTS.items()
    }


def _objections(runtime: Runtime, vens: tuple[str, ...]) -> list[str]:
    """Objections to the stack of *vens*: other things, or certificates that no VEN and no claim has."""
    present = leftovers(runtime)
    objections = []
    if sorted(present["things"]) != sorted(vens):
        objections.append(f"things of {', '.join(vens)}: {', '.join(present['things'])}")
    if len(present["certificates"]) != len(vens) + 1:
        objections.append(
            f"certificates of {', '.join(vens)} and of the claim: {len(present['certificates'])}"
        )
    return objections


def _timed(step: Callable[[], Any]) -> float:
    begun = time.monotonic()
    step()
    return time.monotonic() - begun
