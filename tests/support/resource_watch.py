"""Fails a test that leaves a database, file, socket or event loop open, on every Python alike.

SQLite connections are counted as they are opened: Python says that one was not closed only from 3.13 on.
Everything else is seen by its descriptor: those of this process after a test, its fixtures ended, against
those before it. What a fixture of a wider scope opens belongs to that fixture. Tests against a system that
other tests share (`SHARED`) leave the sockets of its clients open: AWS clients connect when they are first
used, and keep the connection for the next call.
"""

from __future__ import annotations

import gc
import os
import sqlite3
import sys
import traceback
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DESCRIPTORS = "/proc/self/fd"
SHARED = (ROOT / "tests" / "e2e", ROOT / "tests" / "browser")
WATCHED = ("socket:", "anon_inode:[eventpoll]")
"""Beginnings of what a descriptor shows that is no file; files are watched in the run's temporary folder.

Pipes are not watched: jsii keeps those to its Node process for as long as this one lives.
"""


class ResourceWatch:
    """The connections opened so far, and the descriptors that were open before the test.

    Attributes:
        folder: files in it are watched.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._connect: Callable[..., sqlite3.Connection] = sqlite3.connect
        self._connections: list[tuple[sqlite3.Connection, str]] = []
        self._before: set[tuple[int, str]] = set()

    def pytest_configure(self) -> None:
        """Begin to count connections."""
        sqlite3.connect = sqlite3.dbapi2.connect = self._counted

    def pytest_unconfigure(self) -> None:
        """Leave SQLite as it was."""
        sqlite3.connect = sqlite3.dbapi2.connect = self._connect

    def pytest_collection_finish(self) -> None:
        """Leave what importing the tests has made out of every later search for what nobody refers to.

        It is hundreds of MB, and stays: each search would take half a second of a processor.
        """
        gc.collect()
        gc.freeze()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self) -> Generator[None]:
        """Note what is open before the test."""
        self._before = self._descriptors()
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        """Leave out what a fixture opens that outlives the test."""
        if fixturedef.scope == "function":
            return (yield)
        before, connections = self._descriptors(), len(self._connections)
        try:
            return (yield)
        finally:
            self._before |= self._descriptors() - before
            del self._connections[connections:]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None]:
        """Fail the test that left something open."""
        try:
            return (yield)
        finally:
            left = self.left_open(sockets=not any(item.path.is_relative_to(folder) for folder in SHARED))
            if left:
                pytest.fail(f"{item.nodeid} left open: {'; '.join(left)}", pytrace=False)

    def left_open(self, *, sockets: bool = True) -> list[str]:
        """What the test opened and nothing closed, in words; connections are closed now."""
        left = [f"a database, {where}" for connection, where in self._connections if _close(connection)]
        self._connections.clear()
        if self._shown(sockets=sockets):
            gc.collect()  # what nobody refers to closes itself; Python warns of what ought not to
        return left + self._shown(sockets=sockets)

    def _shown(self, *, sockets: bool) -> list[str]:
        """The descriptors that are open since, by what they show; those of sockets where they count."""
        shown = sorted(shows for _, shows in self._descriptors() - self._before)
        return [shows for shows in shown if sockets or not shows.startswith(WATCHED)]

    def _counted(self, *args: Any, **options: Any) -> sqlite3.Connection:
        connection = self._connect(*args, **options)
        opener = str(sys._getframe(1).f_globals.get("__name__"))
        if not opener.startswith("coverage."):  # what measures the run outlives its tests
            self._connections.append((connection, _opened_at()))
        return connection

    def _descriptors(self) -> set[tuple[int, str]]:
        """The descriptors that are watched, each with what it shows."""
        watched, found = (*WATCHED, f"{self.folder}/"), set()
        for descriptor in self._numbers():
            try:
                shows = os.readlink(f"{DESCRIPTORS}/{descriptor}")  # noqa: PTH115 - twice a test, a tenth of it
            except FileNotFoundError:  # that of the listing itself
                continue
            if shows.startswith(watched):
                found.add((int(descriptor), shows))
        return found

    @staticmethod
    def _numbers() -> list[str]:
        try:
            return os.listdir(DESCRIPTORS)  # noqa: PTH208 - as above
        except FileNotFoundError:  # this system does not show them
            return []


def _close(connection: sqlite3.Connection) -> bool:
    """Whether *connection* was open; it is closed now."""
    try:
        _ = connection.total_changes
    except sqlite3.ProgrammingError:
        return False
    connection.close()
    return True


def _opened_at() -> str:
    """The innermost lines of the project that open a database now."""
    lines = [
        f"{Path(frame.filename).relative_to(ROOT)}:{frame.lineno}"
        for frame in traceback.extract_stack(limit=12)[:-2]
        if Path(frame.filename).is_relative_to(ROOT) and "site-packages" not in frame.filename
    ]
    return "opened at " + ", called from ".join(reversed(lines[-4:]))


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Watch this run, or this worker's part of it."""
    factory: pytest.TempPathFactory = config._tmp_path_factory  # type: ignore[attr-defined]
    watch = ResourceWatch(factory.getbasetemp())
    config.pluginmanager.register(watch, "resource_watch")
