"""The days on which AWS is slow or says to come back later: ``--weather aws``, by a seed.

Waits are those of AWS divided by `CloudWeather.speed`, so that a test stays quick. Rates are not: a second's
requests are a second's requests. Source: AWS IoT API, DeletePolicy ("it can take up to five minutes after a
policy is detached before it's ready to be deleted"); AWS IoT Core endpoints and quotas, where each rate of
`RATES` can be raised for an account; EventBridge Scheduler User Guide, schedule types ("60-second
precision"); Secrets Manager API, DeleteSecret (without recovery the deletion is asynchronous).
"""

from __future__ import annotations

import functools
import random
import threading
import time
from collections.abc import Callable, Mapping
from contextvars import copy_context
from types import ModuleType
from typing import Any

from contracts.wire.codec import JsonObject
from local_cloud import late_policies, starts, transient
from local_cloud.overrides import Original, replace, replace_in
from local_cloud.refusals import Handler
from local_cloud.requests import Request, read
from local_cloud.runtime import CloudWeather

UNDELETABLE_UP_TO_S = 300.0
LATE_UP_TO_S = 60.0
"""A schedule's precision, s."""
NAME_REFUSED_UP_TO_S = 60.0
"""Interpretation: Secrets Manager says that a deletion takes a while, not how long."""
RATES: dict[str, tuple[frozenset[str], int]] = {
    "AttachPolicy": (frozenset({"AttachPolicy"}), 15),
    "AttachThingPrincipal": (frozenset({"AttachThingPrincipal"}), 100),
    "DescribeCertificate": (frozenset({"DescribeCertificate"}), 10),
    "RegisterCertificateWithoutCA": (frozenset({"RegisterCertificateWithoutCA"}), 10),
    "shadow": (frozenset({"GetThingShadow", "UpdateThingShadow", "DeleteThingShadow"}), 400),
}
"""Calls that share a rate, and how many of them a second an account may make."""


class Rate:
    """At most so many calls a second, and as many at once after a pause."""

    def __init__(self, per_s: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s, self._clock = per_s, clock
        self._left, self._at = float(per_s), clock()

    def take(self) -> bool:
        """Count a call; False when it is one too many."""
        now = self._clock()
        self._left = min(self._per_s, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Rates:
    """The rates of the control plane and of shadows, by the name of the call."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._by_call = {
            call: rate for calls, per_s in RATES.values() for rate in [Rate(per_s, clock)] for call in calls
        }

    def take(self, call: str) -> bool:
        """Count *call*; False when it is one too many of its rate."""
        rate = self._by_call.get(call)
        return rate is None or rate.take()


def throttled(service: str, handle: Handler, responses: ModuleType, rates: Rates) -> Handler:
    """The emulator's *handle* of *service*, at AWS's *rates*. *responses* is the emulator's module."""

    async def handle_request(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
    ) -> Any:
        called = read(service, Request(method=method, path=path, headers=headers, body=body, query=query))
        if called is not None and not rates.take(called[0].name):
            return responses.error_response_json("ThrottlingException", "Rate exceeded", 429)
        return await handle(method, path, headers, body, query)

    return handle_request


class DetachedPolicies:
    """IoT policies that were detached, each undeletable for a while of up to five of AWS's minutes."""

    def __init__(self, weather: CloudWeather, clock: Callable[[], float] = time.monotonic) -> None:
        self._random = random.Random(weather.seed)  # noqa: S311 - a seed repeats the weather
        self._speed, self._clock = weather.speed, clock
        self._deletable_at: dict[str, float] = {}

    def noting(self, change: Original) -> Original:
        """The emulator's *change* of a policy's targets, with each detaching noted."""

        def change_target(name: str, target: str | None, *, attach: bool, principal: bool = False) -> Any:
            if not attach:
                wait_s = self._random.uniform(0, UNDELETABLE_UP_TO_S) / self._speed
                self._deletable_at[name] = max(self._deletable_at.get(name, 0), self._clock() + wait_s)
            return change(name, target, attach=attach, principal=principal)

        return change_target

    def refusing(self, delete: Original, responses: ModuleType) -> Original:
        """The emulator's *delete* of a policy, refused until it is ready to be deleted."""

        def delete_policy(name: str) -> Any:
            if self._clock() < self._deletable_at.get(name, 0):
                return responses.error_response_json(
                    "DeleteConflictException",
                    "The policy cannot be deleted as the policy is attached to one or more principals "
                    f"(name={name})",
                    409,
                )
            return delete(name)

        return delete_policy


class DeletedSecrets:
    """Names of secrets that were deleted, each refused for a while."""

    def __init__(self, weather: CloudWeather, clock: Callable[[], float] = time.monotonic) -> None:
        self._random = random.Random(weather.seed)  # noqa: S311 - a seed repeats the weather
        self._speed, self._clock = weather.speed, clock
        self._free_at: dict[str, float] = {}

    def noting(self, purge: Callable[..., None]) -> Callable[..., None]:
        """The emulator's *purge* of a secret, with its name noted."""

        def purge_secret(key: str, secret: JsonObject) -> None:
            wait_s = self._random.uniform(0, NAME_REFUSED_UP_TO_S) / self._speed
            self._free_at[secret["Name"]] = self._clock() + wait_s
            purge(key, secret)

        return purge_secret

    def refused(self, name: object) -> bool:
        """True while a secret of this *name* cannot be made."""
        return self._clock() < self._free_at.get(str(name), 0)

    def refusing(self, create: Original, responses: ModuleType) -> Original:
        """The emulator's *create* of a secret, refused under a name that was deleted a moment ago."""

        def create_secret(request: JsonObject) -> Any:
            if self.refused(request.get("Name")):
                return responses.error_response_json("InvalidRequestException", NAME_REFUSED, 400)
            return create(request)

        return create_secret

    def refusing_resource(self, create: Original) -> Original:
        """CloudFormation's *create* of a secret, which fails likewise."""

        def create_resource(logical_id: str, properties: JsonObject, stack_name: str) -> Any:
            if self.refused(properties.get("Name")):
                raise ValueError(f"{NAME_REFUSED} (Service: SecretsManager, Status Code: 400)")
            return create(logical_id, properties, stack_name)

        return create_resource


NAME_REFUSED = (
    "You can't create this secret because a secret with this name is already scheduled for deletion."
)


class LateSchedules:
    """Schedules that fire some time within their minute."""

    def __init__(self, weather: CloudWeather) -> None:
        self._seed, self._speed = weather.seed, weather.speed
        self._random = random.Random(weather.seed)  # noqa: S311 - a seed repeats the weather

    def once(self, parse: Callable[[str], float | None]) -> Callable[[str], float | None]:
        """The emulator's *parse* of ``at(...)``, with the time at which that fires."""

        def at_time(expression: str) -> float | None:
            due = parse(expression)
            by_expression = random.Random(f"{self._seed} {expression}")  # noqa: S311 - looked at again and again
            return None if due is None else due + by_expression.uniform(0, LATE_UP_TO_S) / self._speed

        return at_time

    def again(self, invoke: Callable[..., None]) -> Callable[..., None]:
        """The emulator's *invoke* of a target, delayed for the schedules that fire more than once."""

        def invoke_target(target: Any, event: Any, schedule: Any, *more: Any) -> None:
            expression = str(schedule.get("ScheduleExpression", ""))
            if event.get("Source") != "aws.scheduler" or expression.startswith("at("):
                invoke(target, event, schedule, *more)
                return
            wait_s = self._random.uniform(0, LATE_UP_TO_S) / self._speed
            scoped = functools.partial(copy_context().run, invoke, target, event, schedule, *more)
            timer = threading.Timer(wait_s, scoped)
            timer.daemon = True
            timer.start()

        return invoke_target


def let_it_rain(weather: CloudWeather) -> None:
    """All of AWS's bad *weather*, before the emulator starts."""
    from ministack import app  # noqa: PLC0415 - it takes the names that are replaced when imported
    from ministack.core import responses  # noqa: PLC0415
    from ministack.services import eventbridge, iot, lambda_svc, scheduler, secretsmanager  # noqa: PLC0415
    from ministack.services.cloudformation import provisioners  # noqa: PLC0415

    detached, rates = DetachedPolicies(weather), Rates()
    replace(iot, "_change_policy_target", detached.noting)
    replace(iot, "_delete_policy", functools.partial(detached.refusing, responses=responses))
    secrets, secret = DeletedSecrets(weather), "AWS::SecretsManager::Secret"
    replace(secretsmanager, "_purge_secret", secrets.noting)
    replace(secretsmanager, "_create_secret", functools.partial(secrets.refusing, responses=responses))
    resources = provisioners._RESOURCE_HANDLERS  # noqa: SLF001 - the emulator's own table
    replace_in(resources[secret], "create", secrets.refusing_resource)
    late_policies.change_late(weather, app.SERVICE_HANDLERS, resources)
    late = LateSchedules(weather)
    replace(scheduler, "_at_time_epoch", late.once)
    replace(eventbridge, "_invoke_target", late.again)
    starts.limit_concurrency(weather, lambda_svc)
    for service in ("iot", "iot-data"):
        replace_in(
            app.SERVICE_HANDLERS,
            service,
            functools.partial(throttled, service, responses=responses, rates=rates),
        )
    transient.let_calls_fail(weather, app.SERVICE_HANDLERS, responses)
    replace(iot._WSSession, "_dispatch_packet", transient.Drops(weather).dropping)  # noqa: SLF001
