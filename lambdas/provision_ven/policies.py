"""The removal of an IoT policy: everything detached, then deleted as soon as AWS lets go of it.

AWS IoT deletes a policy up to five minutes after it was detached and not before, and CloudFormation neither
detaches nor tries again. So a resource of its own, which goes after all certificates and before the policy,
deletes the policy; CloudFormation then finds nothing left to delete, which it takes for done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambdas.shared.ven_identity import until_deletable

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_iot import IoTClient

GOING = frozenset({"DELETE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"})
"""What CloudFormation does to a stack whose policies go with it. In any other state the VENs stay, and so do
their policies, even when the resource goes: an update that brought it may be rolled back."""


@dataclass(frozen=True, slots=True)
class Policies:
    """The IoT policies of the stack."""

    iot: IoTClient
    stacks: CloudFormationClient

    def remove(self, policy: str, *, stack_id: str, wait_s: float) -> bool:
        """Detach *policy* from whatever has it and delete it, if the stack goes; returns True when it does.

        Raises:
            DeleteConflictException: it could not be deleted within *wait_s*.
        """
        if self._status(stack_id) not in GOING:
            return False
        errors = self.iot.exceptions
        try:
            until_deletable(lambda: self._delete(policy), errors.DeleteConflictException, wait_s=wait_s)
        except errors.ResourceNotFoundException:
            return True  # deleted by an earlier invocation for the same request
        return True

    def _delete(self, policy: str) -> None:
        """Delete it, with what would keep it: targets that it has by now, versions that are not in force."""
        pages = self.iot.get_paginator("list_targets_for_policy").paginate(policyName=policy)
        for target in [target for page in pages for target in page["targets"]]:
            self.iot.detach_policy(policyName=policy, target=target)
        for version in self.iot.list_policy_versions(policyName=policy)["policyVersions"]:
            if not version["isDefaultVersion"]:
                self.iot.delete_policy_version(policyName=policy, policyVersionId=version["versionId"])
        self.iot.delete_policy(policyName=policy)

    def _status(self, stack_id: str) -> str:
        (stack,) = self.stacks.describe_stacks(StackName=stack_id)["Stacks"]
        return stack["StackStatus"]
