"""Every IoT policy of a template has its removal, which goes after whatever the policy is attached to."""

from __future__ import annotations

from typing import Any

import pytest

from cdk.stage import STAGES
from lambdas.provision_ven.logic import POLICY_REMOVAL

CERTIFICATES = ("Custom::VenCertificate", "Custom::ClaimCertificate")


@pytest.mark.parametrize("stage", STAGES)
def test_a_policy_is_removed_after_its_certificates_and_before_itself(
    templates: dict[str, dict[str, Any]], stage: str
) -> None:
    """CloudFormation deletes in the reverse of what depends on what, and no policy that is attached."""
    resources = templates[stage]["Resources"]
    policies = {
        logical_id: each["Properties"]["PolicyName"]
        for logical_id, each in resources.items()
        if each["Type"] == "AWS::IoT::Policy"
    }
    assert len(policies) == 2
    for policy, name in policies.items():
        (removal,) = (
            logical_id
            for logical_id, each in resources.items()
            if each["Type"] == POLICY_REMOVAL and each["Properties"]["PolicyName"] == name
        )
        assert policy in resources[removal]["DependsOn"]
        attached = [
            each
            for each in resources.values()
            if each["Type"] in CERTIFICATES and each["Properties"]["PolicyName"] == name
        ]
        assert attached
        assert all(removal in each["DependsOn"] for each in attached)


@pytest.mark.parametrize("stage", STAGES)
def test_the_function_lives_as_long_as_aws_keeps_a_policy(
    templates: dict[str, dict[str, Any]], stage: str
) -> None:
    """Five minutes, and CloudFormation waits longer than the function takes at most."""
    resources = templates[stage]["Resources"]
    (function,) = (
        each["Properties"]
        for each in resources.values()
        if each["Type"] == "AWS::Lambda::Function"
        and each["Properties"]["Handler"].startswith("lambdas.provision_ven.")
    )
    timeouts = {
        int(each["Properties"]["ServiceTimeout"])
        for each in resources.values()
        if each["Type"] in (*CERTIFICATES, POLICY_REMOVAL)
    }
    assert 300 + 60 < function["Timeout"] < min(timeouts)
