"""One process at a time in a folder."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def one_at_a_time(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Whoever enters for the same *folder* meanwhile waits, at most until this process ends.

    Raises:
        BlockingIOError: another is in it, and this one does not *wait*.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)
