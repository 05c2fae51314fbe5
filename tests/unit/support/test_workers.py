"""The files of each worker: those that wait and those that compute go side by side."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.workers import TwoQueues, computes

FILES = (
    "tests/e2e/test_fleet.py",
    "tests/e2e/test_main_job.py",
    "tests/e2e/test_rights.py",
    "tests/browser/test_page.py",
    "tests/integration/test_short.py",
    "tests/unit/test_long.py",
    "tests/unit/test_shorter.py",
    "tests/infrastructure/test_last.py",
)
TESTS = [f"{file}::test_{number}" for file in FILES for number in range(3)]


class Worker:
    """A worker that notes the files that it is given."""

    def __init__(self, number: int) -> None:
        self.gateway = SimpleNamespace(id=f"gw{number}")
        self.shutting_down = False
        self.files: list[str] = []

    def send_runtest_some(self, indices: list[int]) -> None:
        """Take up tests."""
        self.files.append(TESTS[indices[0]].split("::")[0])

    def shutdown(self) -> None:
        """Take up no more."""
        self.shutting_down = True


def scheduled(count: int) -> tuple[TwoQueues, list[Worker]]:
    """So many workers, each with its first file."""
    options: Any = SimpleNamespace(
        getvalue=lambda _: ["popen"] * count, option=SimpleNamespace(loadscopereorder=False)
    )
    scheduling, workers = TwoQueues(options), [Worker(number) for number in range(count)]
    for worker in workers:
        scheduling.add_node(worker)  # type: ignore[arg-type]
        scheduling.add_node_collection(worker, TESTS)  # type: ignore[arg-type]
    scheduling.schedule()
    return scheduling, workers


def finish(scheduling: TwoQueues, worker: Worker) -> None:
    """Let the worker do what it was given last."""
    for index, test in enumerate(TESTS):
        if test.startswith(worker.files[-1]):
            scheduling.mark_test_complete(worker, index)  # type: ignore[arg-type]


def test_two_of_six_workers_begin_with_what_computes() -> None:
    """The others with what waits, each kind in its order."""
    _, workers = scheduled(6)
    assert [worker.files for worker in workers] == [
        ["tests/unit/test_long.py"],
        ["tests/unit/test_shorter.py"],
        ["tests/e2e/test_fleet.py"],
        ["tests/e2e/test_main_job.py"],
        ["tests/e2e/test_rights.py"],
        ["tests/browser/test_page.py"],
    ]


def test_a_worker_that_is_through_with_its_own_takes_of_the_others() -> None:
    """Of what waits the last, which shares no system; of what computes the longest that is left."""
    scheduling, workers = scheduled(6)
    finish(scheduling, workers[0])
    finish(scheduling, workers[0])
    assert workers[0].files[1:] == [
        "tests/infrastructure/test_last.py",
        "tests/integration/test_short.py",
    ]
    scheduling, workers = scheduled(6)
    finish(scheduling, workers[5])
    finish(scheduling, workers[5])
    assert workers[5].files[1:] == [
        "tests/integration/test_short.py",
        "tests/infrastructure/test_last.py",
    ]


@pytest.mark.parametrize(("count", "computing"), [(1, 0), (2, 0), (3, 1), (5, 1), (6, 2)])
def test_few_workers_are_all_for_what_waits(count: int, computing: int) -> None:
    """One or two workers go through everything in its order, and none of them gives way to the other."""
    assert sum(computes(f"gw{number}", count) for number in range(count)) == computing
