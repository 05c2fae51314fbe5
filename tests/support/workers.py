"""Workers that go through what mostly waits, and others that compute meanwhile.

The tests of whole systems wait for half of their time: for an event's own clock, a connection, a queue's next
try. With these alone a run leaves its processors idle, and with the rest alone it has too few. So two of six
workers begin with the tests that compute, and give way to the systems by their niceness. Whoever is through
with its own takes of the other's: from their end, where no file needs a system that is shared.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

WAITING = ("tests/e2e/", "tests/browser/", "tests/integration/")
"""Folders of tests that mostly wait."""
COMPUTING = 3
"""One worker in so many begins with what computes: two of six, one of three to five, and none of two."""
NICENESS = 10


def computes(worker: str, count: int) -> bool:
    """True for a worker that begins with what computes; *worker* is its name in xdist, as in ``gw0``."""
    return int(worker.removeprefix("gw")) < count // COMPUTING


class TwoQueues(LoadScopeScheduling):
    """A file goes to one worker, as with ``--dist loadscope``; of which kind, by the worker's own."""

    def _assign_work_unit(self, node: Any) -> None:
        first = self._next_for(computes(node.gateway.id, self.numnodes))
        self.workqueue.move_to_end(first, last=False)
        super()._assign_work_unit(node)

    def _next_for(self, computing: bool) -> str:
        """The file that a worker takes next."""
        files = list(self.workqueue)
        own = (file for file in files if file.startswith(WAITING) != computing)
        return next(own, files[-1] if computing else files[0])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """Take the two queues for files that stay together."""
    return TwoQueues(config, log) if config.getoption("dist") == "loadscope" else None


def pytest_configure(config: pytest.Config) -> None:
    """Give way, in a worker that computes."""
    worker = getattr(config, "workerinput", None)
    if worker is not None and computes(worker["workerid"], worker["workercount"]):
        os.nice(NICENESS)
