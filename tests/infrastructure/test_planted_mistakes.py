"""Mistakes that AWS would punish and our own machine would not, planted one by one: each is refused by name.

The checks are those of the gate, run over what they always run over, with one thing changed.
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cdk.bundle import ROOT, BundleError, bundle
from cdk.policy import POLICY_MAX_CHARACTERS
from cdk.stage import read_stage
from harness.functions.measure import Measured, breaches
from harness.functions.stack import functions_of
from tests.support import aws_rules, sar
from tests.support.aws_rules import policy_characters, regions
from tests.support.template_rights import every_statement
from tests.support.template_rules import Template, many, of_type


def _judge(template: Template) -> list[str]:
    """The breaches that the rules for AWS and the Service Authorization Reference find."""
    rights = [
        f"{name}: {why}" for name, statement in every_statement(template) for why in sar.breaches(statement)
    ]
    return [line for rule in aws_rules.AWS_RULES for line in rule(template)] + rights


def _one_character_too_many(template: Template) -> None:
    policies = of_type(template, "AWS::IoT::Policy").values()
    policy = next(policy for policy in policies if policy["PolicyName"].endswith("-ven"))
    longest = max(policy_characters(policy, region) for region in regions())
    filler = "x" * (POLICY_MAX_CHARACTERS + 1 - longest - len(',{"Sid":""}'))
    policy["PolicyDocument"]["Statement"].append({"Sid": filler})


def _wrong_resource_type(template: Template) -> None:
    for _, statement in _statements(template):
        if "iot:ListAttachedPolicies" in many(statement["Action"]):
            statement["Resource"] = "arn:aws:iot:us-east-1:123456789012:cert/*"


def _statements(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, policy in of_type(template, "AWS::IAM::Policy").items():
        yield from ((name, statement) for statement in policy["PolicyDocument"]["Statement"])


def _no_failure_destination(template: Template) -> None:
    configs = of_type(template, "AWS::Lambda::EventInvokeConfig")
    next(config for config in configs.values() if "Settle" in config["FunctionName"]["Ref"]).pop(
        "DestinationConfig"
    )


def _no_filter(template: Template) -> None:
    rules = of_type(template, "AWS::IoT::TopicRule").values()
    payload = next(iter(rules))["TopicRulePayload"]
    payload["Sql"] = payload["Sql"].partition(" WHERE ")[0]


def _a_fourteenth_of_a_processor(template: Template) -> None:
    functions = of_type(template, "AWS::Lambda::Function").values()
    settle = next(function for function in functions if ".settle_event." in function["Handler"])
    settle.update(MemorySize=128)


@pytest.mark.parametrize(
    ("plant", "says"),
    [
        pytest.param(_one_character_too_many, "2049 characters of 2048", id="a policy of 2,049 characters"),
        pytest.param(_wrong_resource_type, "takes no resource", id="an action on a wrong type"),
        pytest.param(_no_failure_destination, "a failed start is dropped", id="no failure destination"),
        pytest.param(_no_filter, "listens to more than VENs", id="a rule without its filter"),
        pytest.param(_a_fourteenth_of_a_processor, "s of 120 with 128 MB: settling 16 VENs", id="too slow"),
    ],
)
def test_a_planted_mistake_is_refused(plant: Callable[[Template], None], says: str, dev: Template) -> None:
    """The template, in which `test_aws_rules` and `test_rights` find nothing, has a breach then."""
    broken = copy.deepcopy(dev)
    plant(broken)
    assert [line for line in _judge(broken) if says in line]


def test_a_handler_of_mode_0600_is_refused(tmp_path: Path) -> None:
    """The real bundle with one handler that only its maker can read is not deployed; it says which."""
    stage = read_stage({"stage": "local"}.get)

    def bundled(cache: Path = ROOT / ".cache" / "bundle") -> Path:
        return bundle(python=stage.python, architecture=stage.architecture, host=True, cache=cache).path

    made = bundled()
    copied = shutil.copytree(made, tmp_path / made.name)
    assert bundled(tmp_path) == copied
    (copied / "lambdas" / "admit_ven" / "handler.py").chmod(0o600)
    with pytest.raises(BundleError, match=r"lambdas/admit_ven/handler.py has mode 0600, which Lambda cannot"):
        bundled(tmp_path)


def test_a_load_of_more_than_half_of_the_time_is_refused(dev: Template) -> None:
    """A load that costs a little more than half of the time at its share is refused, a little less is not."""
    issue = next(function for function in functions_of(dev) if function.name == "issue_command")
    half_s = issue.timeout_s / 2 * issue.share

    def judged(handler_s: float) -> list[str]:
        load = Measured(
            function="issue_command",
            load="a command",
            import_s=0.7,
            handler_s=handler_s,
            paused_s=0.0,
            peak_mb=48,
            calls=3,
        )
        return breaches(issue, [load])

    assert judged(0.98 * half_s) == []
    assert judged(1.02 * half_s) == ["issue_command: 15.3 s of 30 with 256 MB: a command"]
