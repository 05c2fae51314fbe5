"""Threads that call the cloud side, so that neither a screen nor an event loop waits for it.

They are daemons: a cloud that does not answer keeps no program from ending.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

from ven_twin.operations.aggregator.cloud_errors import CloudError
from ven_twin.operations.aggregator.protocol import Aggregator

T = TypeVar("T")
Reach = Callable[[], Aggregator]
"""Connects to the cloud side; raises CloudError when there is no way."""


class ReconnectingAggregator:
    """A connection to the cloud side, made at the first call and made again after a failure."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._aggregator: Aggregator | None = None

    def call(self, request: Callable[[Aggregator], T]) -> T:
        """The answer to *request*. Raises what it raises, and CloudError."""
        if self._aggregator is None:
            self._aggregator = self._reach()
        try:
            return request(self._aggregator)
        except CloudError:
            self._aggregator = None
            raise


class AggregatorThreads:
    """A pool of *threads*, each with its connection: so many requests run at a time."""

    def __init__(self, reach: Reach, threads: int) -> None:
        self._queue: SimpleQueue[tuple[Future[Any], Callable[[Aggregator], Any]]] = SimpleQueue()
        for number in range(threads):
            connection = ReconnectingAggregator(reach)
            name = f"aggregator-{number}"
            threading.Thread(target=self._work, args=(connection,), name=name, daemon=True).start()

    def submit(self, request: Callable[[Aggregator], T]) -> Future[T]:
        """Queue *request*; the future has its answer, or raises its error."""
        answer: Future[T] = Future()
        self._queue.put((answer, request))
        return answer

    def _work(self, connection: ReconnectingAggregator) -> None:
        while True:
            answer, request = self._queue.get()
            if not answer.set_running_or_notify_cancel():
                continue
            try:
                answer.set_result(connection.call(request))
            except BaseException as error:  # noqa: BLE001 - it is raised again where the answer is awaited
                answer.set_exception(error)
