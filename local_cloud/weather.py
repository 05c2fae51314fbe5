"""The days on which AWS is slow or says to come back later: ``--weather aws``, by a seed.

Waits are those of AWS divided by `CloudWeather.speed`, so that a test stays quick. Rates are not: a second's
requests are a second's requests. Source: AWS IoT API, DeletePolicy ("it can take up to five minutes after a
policy is detached before it's ready to be deleted"); AWS IoT Core endpoints and quotas, where each rate of
`RATES` can be raised for an account.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any

from local_cloud.refusals import Handler
from local_cloud.requests import Request, read
from local_cloud.runtime import CloudWeather

UNDELETABLE_UP_TO_S = 300.0
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


def throttled(service: str, handle: Handler, responses: Any, rates: Rates) -> Handler:
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

    def noting(self, change: Callable[..., Any]) -> Callable[..., Any]:
        """The emulator's *change* of a policy's targets, with each detaching noted."""

        def change_target(name: str, target: str | None, *, attach: bool, principal: bool = False) -> Any:
            if not attach:
                wait_s = self._random.uniform(0, UNDELETABLE_UP_TO_S) / self._speed
                self._deletable_at[name] = max(self._deletable_at.get(name, 0), self._clock() + wait_s)
            return change(name, target, attach=attach, principal=principal)

        return change_target

    def refusing(self, delete: Callable[..., Any], responses: Any) -> Callable[..., Any]:
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
