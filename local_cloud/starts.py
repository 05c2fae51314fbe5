"""Functions under an account's concurrency, and starts that nobody waits for, tried again as AWS does.

====================================  ==========================================================
a start beyond the concurrency of 10  outcome
====================================  ==========================================================
synchronous (`Invoke`, HTTP API)      429 ``TooManyRequestsException``, an error of the caller
by a topic rule, a schedule, a        tried again after 1 s, 2 s, ... at most 5 min, for 6 h
custom resource, ``Event``
by a queue                            the messages were received once more, and come back later
====================================  ==========================================================

A function that fails after such a start is started twice more, after one and two minutes; then the event
goes to the function's failure destination. Source: AWS Lambda Developer Guide, "Lambda quotas" ("new AWS
accounts have reduced concurrency and memory quotas"; 10 of them) and "How Lambda handles errors and retries
with asynchronous invocation". The emulator counts concurrency; of such starts it makes one and forgets it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from contracts.wire.codec import JsonObject
from local_cloud.overrides import replace
from local_cloud.runtime import CloudWeather

ACCOUNT_CONCURRENCY = 10
THROTTLED_FIRST_S, THROTTLED_LONGEST_S = 1.0, 300.0
EVENT_AGE_S = 6 * 3600.0
FAILED_PAUSES_S = (60.0, 120.0)
"""Pauses before the second and the third start of a function that fails, s."""
Function = JsonObject


class AsynchronousStarts:
    """Starts that nobody waits for, each in a thread of its own until the function has done its work.

    *lambda_svc* is the emulator's module.
    """

    def __init__(self, weather: CloudWeather, lambda_svc: ModuleType) -> None:
        self._speed, self._lambda = weather.speed, lambda_svc

    def begin(self, function: Function, event: object) -> None:
        """Start *function* with *event*, and again as often as AWS would."""
        scoped = self._lambda._run_with_function_config_scope  # noqa: SLF001 - the emulator's own
        threading.Thread(
            target=scoped, args=(function, self._carry_out, function, event), daemon=True
        ).start()

    def _carry_out(self, function: Function, event: object) -> None:
        settings = _settings(function)
        retries = settings.get("MaximumRetryAttempts")
        pauses_s = [*FAILED_PAUSES_S][: 2 if retries is None else int(retries)]
        age_s = float(settings.get("MaximumEventAgeInSeconds") or EVENT_AGE_S)
        give_up_at = time.monotonic() + age_s / self._speed
        throttled_pause_s = THROTTLED_FIRST_S
        while True:
            result = self._lambda._execute_function(function, event)  # noqa: SLF001
            if not result.get("error"):
                return
            if result.get("throttle"):
                pause_s = throttled_pause_s
                throttled_pause_s = min(2 * throttled_pause_s, THROTTLED_LONGEST_S)
            elif pauses_s:
                pause_s = pauses_s.pop(0)
            else:
                break
            if time.monotonic() + pause_s / self._speed > give_up_at:
                break
            time.sleep(pause_s / self._speed)
        self._give_up(function, settings, event, result)

    def _give_up(self, function: Function, settings: Function, event: object, result: object) -> None:
        config = function.get("config") or function
        on_failure = (settings.get("DestinationConfig") or {}).get("OnFailure") or {}
        target = on_failure.get("Destination") or (config.get("DeadLetterConfig") or {}).get("TargetArn")
        if target:
            self._lambda._route_async_failure(target, config["FunctionName"], event, result)  # noqa: SLF001

    def by_topic_rule(self, _: object) -> Callable[[str, str, str, object], None]:
        """The start of a function by a topic rule."""

        def dispatch(account_id: str, region: str, function_arn: str, event: object) -> None:
            function, config, _ = self._lambda._get_func_record_for_ref_in_scope(  # noqa: SLF001
                function_arn, account_id=account_id, region=region
            )
            if function and config:
                self.begin(self._lambda._execution_record_for_config(function, config), event)  # noqa: SLF001

        return dispatch

    def by_schedule(self, _: object) -> Callable[[str, str], None]:
        """The start of a function by a schedule, in the account and region that are the thread's."""

        def dispatch(function_arn: str, payload: str) -> None:
            function, config, _ = self._lambda._get_func_record_for_ref(function_arn)  # noqa: SLF001
            if function and config:
                record = self._lambda._execution_record_for_config(function, config)  # noqa: SLF001
                self.begin(record, json.loads(payload))

        return dispatch

    def of_custom_resources(self, execute: Callable[[Function, Any], Any]) -> Callable[[Function, Any], Any]:
        """The emulator's *execute*, which lets CloudFormation go on until the function's answer comes."""

        def execute_function(function: Function, event: Any) -> Any:
            if isinstance(event, Mapping) and "ResponseURL" in event:
                return self.begin(function, event)
            return execute(function, event)

        return execute_function


def limit_concurrency(weather: CloudWeather, lambda_svc: ModuleType) -> None:
    """Hold functions to the account's concurrency, and try again what nobody waits for."""
    from ministack.services import eventbridge, iot  # noqa: PLC0415 - read their environment when imported

    starts = AsynchronousStarts(weather, lambda_svc)
    replace(lambda_svc, "_ACCOUNT_CONCURRENCY_CAP", lambda _: ACCOUNT_CONCURRENCY)
    replace(lambda_svc, "invoke_async_with_retry", lambda _: starts.begin)
    replace(iot, "_dispatch_rule_to_lambda", starts.by_topic_rule)
    replace(eventbridge, "_dispatch_to_lambda", starts.by_schedule)
    replace(lambda_svc, "_execute_function_with_config_scope", starts.of_custom_resources)


def _settings(function: Function) -> Function:
    """The function's configuration for asynchronous starts."""
    by_qualifier = function.get("event_invoke_configs") or {}
    settings: Function = function.get("event_invoke_config") or by_qualifier.get("$LATEST") or {}
    return settings
