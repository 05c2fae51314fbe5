"""The gate: CDK's own validation, cdk-nag's packs and cfn-lint; what stands is acknowledged with a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CfnResource, Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from contracts.store.stack import stack_name
from tests.infrastructure.acknowledgements import acknowledge, findings
from tests.infrastructure.conftest import CONTEXT, Compose, stage
from tests.support import cfn_lint
from tests.support.template_rules import Template

DEV = stage("dev")


@pytest.fixture(scope="module")
def report(compose: Compose, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The findings of each rule pack in the dev stage, acknowledged ones included."""
    folder = tmp_path_factory.mktemp("gate")
    app = App(context=CONTEXT, outdir=str(folder), auto_synth=False)
    stack = compose(app, DEV)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    acknowledge(stack, DEV)
    app.synth()  # raises when a finding is left
    reports: list[dict[str, Any]] = json.loads((folder / "validation-report.json").read_text())[
        "pluginReports"
    ]
    return reports


def test_no_rule_pack_finds_anything_that_is_not_acknowledged(report: list[dict[str, Any]]) -> None:
    """Whatever cdk-nag finds is mended, or stands in `acknowledgements.py` with a reason."""
    assert {pack["pluginName"] for pack in report} == {"AwsSolutions", "Serverless"}
    assert [pack["violations"] for pack in report] == [[], []]


def test_every_acknowledgement_still_answers_a_finding(
    report: list[dict[str, Any]], compose: Compose, tmp_path: Path
) -> None:
    """An acknowledgement that nothing needs any more would hide the next finding of its kind."""
    used = {
        (finding["acknowledgedAt"], finding["acknowledgedId"])
        for pack in report
        for finding in pack["suppressedViolations"]
    }
    stack = compose(App(outdir=str(tmp_path), auto_synth=False), DEV)
    written = {(f"{stack_name('dev')}/{finding.path}", finding.rule) for finding in findings(stack, DEV)}
    assert written == used


def test_the_validation_of_cdk_itself_is_on(tmp_path: Path, compose: Compose) -> None:
    """A resource that CDK's default rules refuse ends the synthesis, for cdk deploy as for this gate."""
    app = App(context=CONTEXT, outdir=str(tmp_path), auto_synth=False)
    stack = compose(app, DEV)
    CfnResource(stack, "Broken", type="AWS::Lambda::Function", properties={"Runtime": "python2.7"})
    with pytest.raises(RuntimeError, match="CloudFormation Validate"):
        app.synth()


def test_cfn_lint_finds_nothing(dev: Template) -> None:
    """A second opinion on the template, against CloudFormation's own resource schemas."""
    assert [str(match) for match in cfn_lint.matches(dev)] == []
