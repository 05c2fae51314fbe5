"""AWS's bad weather, each part of it by a clock or a seed of the test's own."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from local_cloud.late_policies import DOCUMENT_S, LateChanges
from local_cloud.limits import service_model
from local_cloud.runtime import CloudWeather
from local_cloud.starts import AsynchronousStarts
from local_cloud.transient import Drops, errors_of
from local_cloud.weather import RATES, DeletedSecrets, DetachedPolicies, LateSchedules, Rate, Rates

WEATHER = CloudWeather(seed=3, speed=10)


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The time, s."""
        return self.now


class Responses:
    """The emulator's module of answers, as far as it is needed."""

    @staticmethod
    def error_response_json(code: str, _message: str, status: int) -> tuple[int, str]:
        """The status and the code alone."""
        return status, code


def _deletable_after_s(seed: int, speed: float = 1.0) -> int:
    """Whole seconds after its detaching from which a policy can be deleted."""
    clock = Clock()
    policies = DetachedPolicies(CloudWeather(seed=seed, speed=speed), clock)
    detach: Any = policies.noting(lambda *_, **__: "done")
    delete = policies.refusing(lambda name: name, Responses)
    assert delete("any") == "any"  # never attached
    assert detach("any", "cert", attach=True) == "done"
    assert delete("any") == "any"  # the emulator's own refusal would come here
    detach("any", "cert", attach=False)
    waited_s = 0
    while delete("any") == (409, "DeleteConflictException"):
        clock.now += 1
        waited_s += 1
    assert delete("other") == "other"
    return waited_s


def test_a_detached_policy_cannot_be_deleted_for_up_to_five_minutes() -> None:
    """Each seed has a wait of its own, the same each time; the speed divides it."""
    waits = [_deletable_after_s(seed) for seed in range(10)]
    assert waits == [_deletable_after_s(seed) for seed in range(10)]
    assert len(set(waits)) > 5
    assert 0 < max(waits) <= 300
    assert max(_deletable_after_s(seed, speed=60) for seed in range(10)) <= 5


def test_a_rate_lets_through_a_seconds_calls_and_then_as_many_as_seconds_pass() -> None:
    """Fifteen at once, the next after a fifteenth of a second; a long pause saves no more than a second's."""
    clock = Clock()
    rate = Rate(15, clock)
    assert [rate.take() for _ in range(16)] == [True] * 15 + [False]
    clock.now += 1 / 15 + 1e-6
    assert [rate.take(), rate.take()] == [True, False]
    clock.now += 3600
    assert sum(rate.take() for _ in range(100)) == 15


@pytest.mark.parametrize("name", RATES)
def test_calls_that_share_a_rate_are_counted_together(name: str) -> None:
    """Reading, writing and deleting shadows are one rate; a call without a rate is never too many."""
    calls, per_s = RATES[name]
    rates = Rates(Clock())
    ordered = sorted(calls)
    let_through = [rates.take(ordered[number % len(ordered)]) for number in range(per_s + 1)]
    assert let_through == [True] * per_s + [False]
    assert all(rates.take("ListThings") for _ in range(1000))


def test_a_deleted_secrets_name_is_free_within_a_minute() -> None:
    """Until then neither the API nor CloudFormation makes a secret of that name."""
    clock = Clock()
    secrets = DeletedSecrets(WEATHER, clock)
    secrets.noting(lambda *_: None)("a", {"Name": "a"})
    create = secrets.refusing(lambda request: request["Name"], Responses)
    create_resource = secrets.refusing_resource(lambda *_: "made")
    assert create({"Name": "a"}) == (400, "InvalidRequestException")
    with pytest.raises(ValueError, match="already scheduled for deletion"):
        create_resource("Secret", {"Name": "a"}, "stack")
    assert create({"Name": "b"}) == "b"
    clock.now += 6
    assert create({"Name": "a"}) == "a"
    assert create_resource("Secret", {"Name": "a"}, "stack") == "made"


def test_a_schedule_fires_within_its_minute_and_hardly_ever_on_time() -> None:
    """Each expression is late by a time of its own, which stays as it is however often it is looked at."""
    at_time = LateSchedules(WEATHER).once(lambda _: 100.0)
    late_s = [(at_time(f"at({number})") or 0) - 100 for number in range(200)]
    assert 0 <= min(late_s) < 0.5
    assert 5.5 < max(late_s) <= 6
    assert at_time("at(7)") == at_time("at(7)")
    assert LateSchedules(WEATHER).once(lambda _: None)("rate(1 hour)") is None


def test_only_recurring_schedules_wait_at_their_target() -> None:
    """A schedule that fires once is late already, and a rule's event is no schedule's."""
    fired: list[Any] = []
    invoke = LateSchedules(CloudWeather(seed=3, speed=1e-6)).again(lambda *arguments: fired.append(arguments))
    invoke("target", {"Source": "aws.scheduler"}, {"ScheduleExpression": "rate(1 hour)"})
    assert fired == []
    invoke("target", {"Source": "aws.scheduler"}, {"ScheduleExpression": "at(2026-01-01T00:00:00)"})
    invoke("target", {"Source": "aws.ec2"}, {"ScheduleExpression": "rate(1 hour)"})
    assert len(fired) == 2


@pytest.mark.parametrize(
    ("service", "operation", "errors"),
    [
        ("iot", "AttachPolicy", {("InternalFailureException", 500), ("ServiceUnavailableException", 503)}),
        ("dynamodb", "PutItem", {("InternalServerError", 500)}),
        ("secretsmanager", "PutSecretValue", {("InternalServiceError", 500)}),
        ("scheduler", "CreateSchedule", {("InternalServerException", 500)}),
        ("lambda", "Invoke", {("ServiceException", 500)}),
        ("sqs", "SendMessage", {("InternalFailure", 500), ("ServiceUnavailable", 503)}),
    ],
)
def test_a_service_owns_to_a_fault_by_its_own_errors(
    service: str, operation: str, errors: set[tuple[str, int]]
) -> None:
    """By botocore's model; a service whose model names none has AWS's common ones."""
    assert set(errors_of(service_model(service).operation_model(operation))) == errors


def test_a_changed_policy_is_in_force_after_six_to_eight_of_awss_minutes() -> None:
    """Until then the one before is, also when it is changed once more."""
    clock = Clock()
    changes: LateChanges[str, str] = LateChanges(WEATHER, DOCUMENT_S, clock)
    assert changes.in_force("a", "first") == "first"
    changes.note("a", "first")
    clock.now += 35.9
    assert changes.in_force("a", "second") == "first"
    changes.note("a", "second")
    clock.now += 35.9
    assert changes.in_force("a", "third") == "first"
    clock.now += 48
    assert changes.in_force("a", "third") == "third"
    assert changes.in_force("b", "other") == "other"


async def test_a_connection_ends_before_a_packet_took_effect_or_after() -> None:
    """At the share of packets that is set, and about half of these were taken."""
    effective: list[int] = []

    async def dispatch(_session: object, number: int, *_: object) -> bool:
        effective.append(number)
        return True

    dispatch_packet = Drops(CloudWeather(dropping=0.1)).dropping(dispatch)
    ended = {number for number in range(2000) if not await dispatch_packet(None, number, 0, b"")}
    assert 150 < len(ended) < 250
    assert 50 < len(ended & set(effective)) < 150
    assert set(range(2000)) - ended <= set(effective)


class Functions:
    """The emulator's module of functions: each start has the next of *results*."""

    def __init__(self, *results: dict[str, object]) -> None:
        self.results, self.routed = [*results], threading.Event()

    def _run_with_function_config_scope(self, _: object, call: Any, *arguments: object) -> None:
        call(*arguments)
        self.routed.set()

    def _execute_function(self, *_: object) -> dict[str, object]:
        return self.results.pop(0)

    def _route_async_failure(self, *_: object) -> None:
        self.results.append({"routed": True})


@pytest.mark.parametrize(
    ("results", "pauses_s", "left"),
    [
        ([{}], [], []),
        ([{"error": True}] * 3, [6, 12], [{"routed": True}]),
        ([{"error": True, "throttle": True}] * 4 + [{}], [0.1, 0.2, 0.4, 0.8], []),
        ([{"error": True, "throttle": True}, {"error": True}, {}], [0.1, 6], []),
    ],
    ids=["done", "fails", "throttled", "both"],
)
def test_a_start_that_nobody_waits_for_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
    results: list[dict[str, object]],
    pauses_s: list[float],
    left: list[dict[str, object]],
) -> None:
    """A function that fails twice more, one that is throttled until it runs; then the failure destination."""
    paused: list[float] = []
    monkeypatch.setattr("local_cloud.starts.time.sleep", paused.append)
    functions = Functions(*results)
    to = {"OnFailure": {"Destination": "queue"}}
    function = {"FunctionName": "any", "event_invoke_config": {"DestinationConfig": to}}
    AsynchronousStarts(WEATHER, functions).begin(function, {})
    functions.routed.wait()
    assert paused == pauses_s
    assert functions.results == left
