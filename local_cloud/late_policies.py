"""Policies that are changed now and in force later.

=====================================  =====================================================
change                                 in force after
=====================================  =====================================================
an IoT policy's document               6 to 8 minutes
an IoT policy attached or detached     some seconds
an IAM role's policies                 some seconds
=====================================  =====================================================

Source: AWS IoT Core Developer Guide, AWS IoT Core policies ("it can take six to eight minutes for policy
changes to be in effect, because of how AWS IoT caches the policy documents"); IAM User Guide, "Changes that
I make are not always immediately visible". Interpretation: seconds are up to ten, neither page has a number.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any, Generic, TypeVar

from contracts.wire.codec import JsonDict
from local_cloud.overrides import Original, replace, replace_in
from local_cloud.runtime import CloudWeather

DOCUMENT_S = (360.0, 480.0)
SECONDS_S = (0.0, 10.0)


Key = TypeVar("Key")
Value = TypeVar("Value")


class LateChanges(Generic[Key, Value]):
    """Values that were in force before they were changed, and still are for a while.

    Args:
        weather: the seed, and by how much time is shortened.
        wait_s: bounds of the time until a change is in force, s of AWS's time.
    """

    def __init__(
        self,
        weather: CloudWeather,
        wait_s: tuple[float, float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._random = random.Random(weather.seed)  # noqa: S311 - a seed repeats the weather
        self._wait_s, self._speed, self._clock = wait_s, weather.speed, clock
        self._before: dict[Key, tuple[float, Value]] = {}

    def note(self, key: Key, before: Value) -> None:
        """*key* is changed, and had *before*; what is in force already stays so."""
        still = self.in_force(key, before)
        at = self._clock() + self._random.uniform(*self._wait_s) / self._speed
        self._before[key] = at, still

    def in_force(self, key: Key, now: Value) -> Value:
        """The value of *key* that is in force, when *now* is what was last set."""
        at, before = self._before.get(key, (0.0, now))
        return before if self._clock() < at else now


class LateIotPolicies:
    """IoT policies as MQTT sessions are judged by them. *iot* is the emulator's module."""

    def __init__(self, weather: CloudWeather, iot: ModuleType) -> None:
        self._iot = iot
        self._documents: LateChanges[str, str] = LateChanges(weather, DOCUMENT_S)
        self._attached: LateChanges[tuple[str, str], bool] = LateChanges(weather, SECONDS_S)
        self._names: dict[str, set[str]] = {}

    def noting_version(self, change: Original) -> Original:
        """The emulator's *change* of a policy's default version, with the document before it noted."""

        def change_version(name: str, *request: Any) -> Any:
            before = self._document(name)
            answer = change(name, *request)
            if before is not None and self._document(name) != before:
                self._documents.note(name, before)
            return answer

        return change_version

    def noting_target(self, change: Original) -> Original:
        """The emulator's *change* of a policy's targets, with what was attached before noted."""

        def change_target(name: str, target: str | None, *, attach: bool, principal: bool = False) -> Any:
            certificate_id = str(target).rpartition("cert/")[2]
            before = name in self._attached_to(certificate_id)
            answer = change(name, target, attach=attach, principal=principal)
            if (name in self._attached_to(certificate_id)) != before:
                self._attached.note((name, certificate_id), before)
                self._names.setdefault(certificate_id, set()).add(name)
            return answer

        return change_target

    def judging(self, allows: Callable[..., bool]) -> Callable[..., bool]:
        """The emulator's *allows*, by the certificate's policies and their documents that are in force."""
        from ministack.core.iam_evaluator import EvalContext, evaluate  # noqa: PLC0415

        def policy_allows(  # noqa: PLR0917 - as the emulator calls it
            account_id: str,
            region: str,
            certificate_id: str,
            context: JsonDict,
            action: str,
            resource: str,
            template: str | None = None,
        ) -> bool:
            if template is not None:
                return allows(account_id, region, certificate_id, context, action, resource, template)
            with self._iot.request_scope(account_id, region):
                documents = self._in_force(certificate_id)
            request = EvalContext(
                principal_arn=f"arn:aws:iot:{region}:{account_id}:cert/{certificate_id}",
                principal_type="Certificate",
                principal_account=account_id,
                action=action,
                resource_arn=f"arn:aws:iot:{region}:{account_id}:{resource}",
                region=region,
                service_context=context,
            )
            variables = tuple(sorted(context.items()))
            parsed = [self._iot._parsed_iot_policy(document, variables) for document in documents]  # noqa: SLF001
            return bool(evaluate(request, parsed).decision == "Allow")

        return policy_allows

    def _in_force(self, certificate_id: str) -> list[str]:
        """The documents of the certificate's policies, as they would be without the late changes."""
        attached = self._attached_to(certificate_id)
        return [
            self._documents.in_force(name, document)
            for name in sorted(attached | self._names.get(certificate_id, set()))
            if self._attached.in_force((name, certificate_id), name in attached)
            and (document := self._document(name)) is not None
        ]

    def _attached_to(self, certificate_id: str) -> set[str]:
        record = self._iot._certificates.get(certificate_id) or {}  # noqa: SLF001
        return set(record.get("attachedPolicies", ()))

    def _document(self, name: str) -> str | None:
        policy = self._iot._policies.get(name)  # noqa: SLF001
        return None if policy is None else policy["versions"][policy["defaultVersionId"]]["document"]


class LateRoles:
    """The policies of IAM's roles as their callers are judged by them. *gather* is the emulator's."""

    def __init__(self, weather: CloudWeather, gather: Callable[[str, str], Any], iam: ModuleType) -> None:
        self._gather, self._iam = gather, iam
        self._policies: LateChanges[tuple[str, str], Any] = LateChanges(weather, SECONDS_S)

    def gathering(self, _: object) -> Callable[[str, str], Any]:
        """The policies of a role that are in force."""

        def gather_role_policies(role_name: str, account_id: str) -> Any:
            return self._policies.in_force((account_id, role_name), self._gather(role_name, account_id))

        return gather_role_policies

    def noting(self, change: Original) -> Original:
        """CloudFormation's *change* of a role or policy, with what the roles had before noted."""

        def change_resource(*arguments: Any, **named: Any) -> Any:
            before = self._all()
            changed = change(*arguments, **named)
            self._note(before)
            return changed

        return change_resource

    def noting_calls(self, handle: Original) -> Original:
        """The emulator's *handle* of IAM, likewise."""

        async def handle_request(*request: Any) -> Any:
            before = self._all()
            answer = await handle(*request)
            self._note(before)
            return answer

        return handle_request

    def _note(self, before: dict[tuple[str, str], Any]) -> None:
        for role, policies in self._all().items():
            if policies != before.get(role, []):
                self._policies.note(role, before.get(role, []))

    def _all(self) -> dict[tuple[str, str], Any]:
        roles = [(key[0], key[-1]) for key in list(self._iam._roles._data)]  # noqa: SLF001
        return {(account, name): self._gather(name, account) for account, name in roles}


def change_late(weather: CloudWeather, handlers: JsonDict, resources: JsonDict) -> None:
    """Put every change of a policy in force late. *handlers* and *resources* are the emulator's tables."""
    from ministack.core import iam_evaluator  # noqa: PLC0415 - each reads its environment when imported
    from ministack.services import iam, iot  # noqa: PLC0415

    policies = LateIotPolicies(weather, iot)
    replace(iot, "_create_policy_version", policies.noting_version)
    replace(iot, "_set_default_policy_version", policies.noting_version)
    replace(iot, "_change_policy_target", policies.noting_target)
    replace(iot, "_mqtt_policy_allows", policies.judging)
    roles = LateRoles(weather, iam_evaluator._gather_role_policies, iam)  # noqa: SLF001
    replace(iam_evaluator, "_gather_role_policies", roles.gathering)
    replace_in(handlers, "iam", roles.noting_calls)
    for kind in ("AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        for verb in ("create", "update"):
            if verb in resources[kind]:
                replace_in(resources[kind], verb, roles.noting)
