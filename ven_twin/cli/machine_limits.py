"""The limits of a machine and an account for many VENs, told before anything starts."""

from __future__ import annotations

import resource
from pathlib import Path

from contracts.errors import FieldError
from ven_twin.operations.load_test.sizing import ACCOUNT_CONNECTIONS, MEMORY_PER_VEN_MB

OPEN_FILES_PER_VEN = 4
"""Measured: its connection, and its outbox with the two files beside it."""
OPEN_FILES_BESIDE = 100
_MEMORY = Path("/proc/meminfo")


def check_account(count: int) -> None:
    """Raise FieldError for more VENs, in all parts together, than an account can have connected."""
    if count > ACCOUNT_CONNECTIONS:
        reason = f"AWS IoT lets an account have {ACCOUNT_CONNECTIONS} connections unless its quota is raised"
        raise FieldError("--count", reason)


def check_machine(count: int, processes: int) -> None:
    """Let this process open what its VENs need.

    Raises:
        FieldError: *count* VENs in so many *processes* are more than the machine can have.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = -(-count // processes) * OPEN_FILES_PER_VEN + OPEN_FILES_BESIDE
    if hard != resource.RLIM_INFINITY and files > hard:
        most = max(0, hard - OPEN_FILES_BESIDE) // OPEN_FILES_PER_VEN
        reason = f"{count} VENs need {files} open files in a process, and it may have {hard} (ulimit -Hn)"
        raise FieldError("--count", f"{reason}: {most} VENs at most for each of --processes")
    if soft != resource.RLIM_INFINITY and files > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    free_mb = _free_mb()
    if free_mb is not None and count * MEMORY_PER_VEN_MB > free_mb:
        reason = f"{count} VENs take {count * MEMORY_PER_VEN_MB:.0f} MB, and {free_mb:.0f} MB are free here"
        raise FieldError("--count", f"{reason}: at most {int(free_mb / MEMORY_PER_VEN_MB)}")


def _free_mb() -> float | None:
    """The memory that this machine has left, MB; None where it does not say."""
    try:
        fields = dict(line.split(":", 1) for line in _MEMORY.read_text().splitlines())
        return int(fields["MemAvailable"].split()[0]) / 1024
    except (OSError, ValueError, KeyError):
        return None
