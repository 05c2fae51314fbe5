"""Threads that ask the cloud side, so that whoever shows what it says never waits for it.

They are daemons: a cloud that does not answer keeps nobody from ending.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

from ven_twin.operations.aggregator.cloud import CloudError
from ven_twin.operations.aggregator.protocol import Aggregator

T = TypeVar("T")
Reach = Callable[[], Aggregator]
"""Gets to the cloud side; raises CloudError when there is no way."""


class PollingThread:
    """One way to the cloud side, made when it is needed, and made anew after it has failed."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._aggregator: Aggregator | None = None

    def ask(self, question: Callable[[Aggregator], T]) -> T:
        """The answer to *question*. Raises what it raises, and CloudError."""
        if self._aggregator is None:
            self._aggregator = self._reach()
        try:
            return question(self._aggregator)
        except CloudError:
            self._aggregator = None
            raise


class PollingThreads:
    """So many questions at a time."""

    def __init__(self, reach: Reach, threads: int) -> None:
        self._waiting: SimpleQueue[tuple[Future[Any], Callable[[Aggregator], Any]]] = SimpleQueue()
        for number in range(threads):
            asker = PollingThread(reach)
            threading.Thread(target=self._answer, args=(asker,), name=f"asker-{number}", daemon=True).start()

    def ask(self, question: Callable[[Aggregator], T]) -> Future[T]:
        """What will be the answer to *question*."""
        answer: Future[T] = Future()
        self._waiting.put((answer, question))
        return answer

    def _answer(self, asker: PollingThread) -> None:
        while True:
            answer, question = self._waiting.get()
            if not answer.set_running_or_notify_cancel():
                continue
            try:
                answer.set_result(asker.ask(question))
            except BaseException as error:  # noqa: BLE001 - it is raised again where the answer is awaited
                answer.set_exception(error)
