"""The areas of the code that are sampled, and the tests that may notice a mutant: rename folders here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

AREAS: Mapping[str, Sequence[str]] = {
    "contracts": ["contracts/**/*.py"],
    "control": ["ven_twin/control/**/*.py"],
    "house": ["ven_twin/house/**/*.py"],
    "dispatch": ["lambdas/dispatch_event/**/*.py"],
    "settlement": ["lambdas/settle_event/**/*.py"],
    "storage": [
        "ven_twin/ven/storage/*.py",
        "ven_twin/ven/mqtt/inbox.py",
        "ven_twin/ven/identity/identity_files.py",
        "lambdas/shared/batch_writes.py",
        "lambdas/shared/event_book.py",
        "lambdas/shared/rows.py",
        "lambdas/shared/tables.py",
        "lambdas/store_telemetry/**/*.py",
    ],
    "session": [
        "ven_twin/ven/clock.py",
        "ven_twin/ven/mqtt/backoff.py",
        "ven_twin/ven/mqtt/basic_ingest.py",
        "ven_twin/ven/mqtt/batching.py",
        "ven_twin/ven/mqtt/gmqtt_link.py",
        "ven_twin/ven/mqtt/outbox_pump.py",
        "ven_twin/ven/mqtt/reason_codes.py",
        "ven_twin/ven/mqtt/send_window.py",
        "ven_twin/ven/mqtt/session*.py",
    ],
}
"""Globs from the root of the tree, by area."""

TARGETS = frozenset({"contracts", "control", "dispatch", "settlement", "storage"})
"""Areas that must reach `TARGET_SCORE`."""
TARGET_SCORE = 0.92

TESTS = (
    "tests/unit",
    "tests/property",
    "tests/contract",
    "tests/integration/test_gmqtt_guards.py",
    "tests/integration/test_mqtt_session.py",
    "tests/integration/test_unreliable_broker.py",
)
"""Folders and files of tests that run in one process."""
TESTS_LEFT_OUT = (
    "tests/unit/cdk",
    "tests/unit/harness",
    "tests/unit/leaks",
    "tests/unit/house/test_houses.py",
    "tests/unit/lambdas/test_api_document.py",
)
"""Tests below them that take minutes, or that run pytest themselves."""


def files_by_area(root: Path, only: Collection[str] = ()) -> dict[str, list[str]]:
    """Files to sample, by area; *only* takes names of areas and text that stands in a path.

    Raises:
        LookupError: a glob or a word of *only* matches no file.
    """
    files: dict[str, list[str]] = {}
    unused = set(only)
    for area, globs in AREAS.items():
        paths: set[str] = set()
        for glob in globs:
            matches = {path.relative_to(root).as_posix() for path in root.glob(glob)}
            if not matches:
                raise LookupError(
                    f"no file matches {glob!r} of the area {area!r}: see harness/mutate/areas.py"
                )
            paths |= matches
        if only and area not in only:
            paths = {path for path in paths if any(word in path for word in only if word not in AREAS)}
        unused -= {word for word in unused if word == area or any(word in path for path in paths)}
        if paths:
            files[area] = sorted(paths)
    if unused:
        words = ", ".join(sorted(unused))
        raise LookupError(f"no area and no file is called {words}; the areas are {', '.join(AREAS)}")
    return files
