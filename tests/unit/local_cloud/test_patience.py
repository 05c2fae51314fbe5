"""Functions and their messages on a busy machine: slow is not failed."""

from __future__ import annotations

import time
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from ministack.core import lambda_runtime

from local_cloud.patience import PATIENCE, wait_for_functions

FUNCTION = {"config": {"Timeout": 5}}


def patient(monkeypatch: pytest.MonkeyPatch, run: Any = None) -> ModuleType:
    """The emulator's module, whose batches are run by *run*."""
    monkeypatch.setattr(lambda_runtime.Worker, "__init__", lambda_runtime.Worker.__init__)
    lambda_svc: Any = ModuleType("lambda_svc")
    lambda_svc._run_sqs_batch = run
    wait_for_functions(lambda_svc)
    return lambda_svc


@pytest.mark.parametrize(("config", "timeout_s"), [({"Timeout": 5}, 5), ({}, 3)])
def test_a_function_has_several_times_its_timeout(
    config: dict[str, int], timeout_s: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for a core as often as it works; the function's own configuration stays as it is."""
    patient(monkeypatch)
    before = dict(config)
    worker = lambda_runtime.Worker("f", config, b"")
    assert worker.config["Timeout"] == PATIENCE * timeout_s
    assert config == before


def test_messages_stay_with_a_function_that_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it runs nobody else is given them, and they are not counted as received once more."""
    message = {"visible_at": time.time() + 1.0}
    seen: list[float] = []
    lambda_svc: Any = patient(monkeypatch, lambda *_: seen.append(message["visible_at"] - time.time()))
    lambda_svc._run_sqs_batch({}, FUNCTION, {}, [message], "url", "queue")
    assert seen[0] >= PATIENCE * 5


@pytest.mark.parametrize("left_s", [30.0, -30.0], ids=["early", "late"])
def test_what_failed_comes_again_when_it_would_have(left_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its visibility timeout, or at once where that is over; also when the function raises."""
    at = time.time() + left_s
    message = {"visible_at": at}

    def fail(*_: object) -> None:
        raise RuntimeError

    lambda_svc: Any = patient(monkeypatch, fail)
    with pytest.raises(RuntimeError):
        lambda_svc._run_sqs_batch({}, SimpleNamespace(get=FUNCTION.get), {}, [message], "url", "queue")
    assert message["visible_at"] == pytest.approx(max(at, time.time()), abs=1.0)


def test_a_pause_that_the_function_sets_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that fails on a message may say itself when it is to come again."""
    message = {"visible_at": time.time() + 45.0}
    until = time.time() + 2.0
    lambda_svc: Any = patient(monkeypatch, lambda *_: message.update(visible_at=until))
    lambda_svc._run_sqs_batch({}, FUNCTION, {}, [message], "url", "queue")
    assert message["visible_at"] == until
