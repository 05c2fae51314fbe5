"""The VEN's own history of power, in a file of its own beside the outbox, and the events that it acted on.

    by the minute          a week
    by the quarter hour    six weeks; each made anew of its minutes, so that a crash costs a minute

The file is bounded by the number of rows, and the rows that were written first go first: so a clock that was
wrong for a while drives out nothing that was right. A minute that is lived twice, because the clock was set
back, is the one that was lived last; one that was lived in two parts, because the VEN was restarted, is their
mean. What the disk refuses is not kept, and disturbs nobody. A damaged file is set aside and begun anew: no
message depends on it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from ven_twin.ven.storage.memo import DATABASE_ERRORS
from ven_twin.ven.storage.outbox_file import is_damage
from ven_twin.ven.storage.recovery import set_aside
from ven_twin.ven.storage.schema import checksum, is_whole

T = TypeVar("T")
MINUTE_S, QUARTER_S = 60, 900
ROWS_MAX: Mapping[int, int] = {MINUTE_S: 7 * 1440, QUARTER_S: 42 * 96}
"""Rows by the length of a mean, s: a week of minutes, six weeks of quarter hours."""
EVENTS_MAX = 1000
CACHE_KIB = 256
"""Pages of the file that stay in memory: a VEN's host has little, and a minute is one row."""
TWICE_SHARE = 1.05
"""Above this share of its length a mean was lived twice."""
_MEANS = """CREATE TABLE IF NOT EXISTS means (
  id INTEGER PRIMARY KEY AUTOINCREMENT, width_s INTEGER NOT NULL, ts INTEGER NOT NULL, body TEXT NOT NULL,
  checksum INTEGER NOT NULL, UNIQUE (width_s, ts))"""
_EVENTS = """CREATE TABLE IF NOT EXISTS events (
  id INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL UNIQUE, start_ts REAL NOT NULL,
  end_ts REAL NOT NULL)"""
_UPSERT = (
    "INSERT INTO means (width_s, ts, body, checksum) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (width_s, ts) DO UPDATE SET body = excluded.body, checksum = excluded.checksum"
)

logger = logging.getLogger(__name__)


class PowerMean(msgspec.Struct, frozen=True, array_like=True):
    """Means over the *measured_s* that the VEN lived from *ts* (UTC s) on, kW.

    The target is the mean over the *target_s* in which there was one, None without any.
    """

    ts: int
    measured_s: float
    used_kw: float
    baseline_kw: float
    target_s: float
    target_kw: float | None
    circuits_kw: dict[str, float]


class ActedEvent(NamedTuple):
    """The time in which the VEN acted on an event, UTC s."""

    event_id: str
    start_ts: float
    end_ts: float


_READ = msgspec.json.Decoder(PowerMean)


class PowerStore:
    """The file at *path*, opened at its first use; one thread uses it. What the disk does raises nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._is_out = False

    def add(self, minute: PowerMean, acted: Sequence[ActedEvent] = ()) -> None:
        """Store a minute with its quarter hour, and the events that were acted on in it."""

        def write(db: sqlite3.Connection) -> None:
            stored = _between(db, MINUTE_S, minute.ts, minute.ts + 1)
            _put(db, MINUTE_S, _lived(stored[0], minute) if stored else minute)
            first = minute.ts // QUARTER_S * QUARTER_S
            of_quarter = _between(db, MINUTE_S, first, first + QUARTER_S)
            _put(db, QUARTER_S, msgspec.structs.replace(_mean_of(of_quarter), ts=first))
            for event in acted:
                _put_event(db, event)
            _prune(db)

        self._use(lambda db: _in_transaction(db, write), None)

    def between(self, width_s: int, from_ts: float, to_ts: float) -> list[PowerMean]:
        """The means of *width_s* that begin in [from_ts, to_ts), oldest first, but for damaged rows."""
        return self._use(lambda db: _between(db, width_s, from_ts, to_ts), [])

    def events(self, from_ts: float, to_ts: float) -> list[ActedEvent]:
        """The events that were acted on between these times, by their start."""
        columns = "event_id, start_ts, end_ts"
        query = f"SELECT {columns} FROM events WHERE end_ts > ? AND start_ts < ? ORDER BY start_ts"  # noqa: S608
        return self._use(lambda db: [ActedEvent(*row) for row in db.execute(query, (from_ts, to_ts))], [])

    def close(self) -> None:
        """Close the file; safe to repeat."""
        if self._db is not None:
            with contextlib.suppress(sqlite3.Error):
                self._db.close()
            self._db = None

    def _use(self, use: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """Use the database; returns the result of *use*, or *otherwise* where the disk refuses."""
        try:
            if self._db is None:
                self._db = _opened(self._path)
            result = use(self._db)
        except (OSError, *DATABASE_ERRORS) as error:
            self.close()
            if is_damage(error):
                self._begin_anew(error)
            elif not self._is_out:
                self._is_out = True
                logger.warning("the history of power is not kept for now: %s", error)
            return otherwise
        self._is_out = False
        return result

    def _begin_anew(self, error: Exception) -> None:
        """Set a damaged file aside, in place of the one that was before; the next use makes another."""
        for old in self._path.parent.glob(f"{self._path.name}.damaged*"):
            with contextlib.suppress(OSError):
                old.unlink()
        try:
            aside = set_aside(self._path, "damaged")
        except OSError as refusal:
            logger.warning("the history of power is damaged (%s) and stays where it is: %s", error, refusal)
            return
        logger.error("the history of power is damaged (%s): set aside as %s, begun anew", error, aside.name)


def _opened(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    db = sqlite3.connect(path, timeout=0.2, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        for table in (_MEANS, _EVENTS):
            db.execute(table)
        _check(db)
    except BaseException:
        db.close()
        raise
    return db


def _check(db: sqlite3.Connection) -> None:
    """Raises: sqlite3.DatabaseError, as of damage, where a page of the file is none."""
    (state,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if state != "ok":
        error = sqlite3.DatabaseError(state)
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def _in_transaction(db: sqlite3.Connection, write: Callable[[sqlite3.Connection], None]) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        write(db)
        db.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise


def _put(db: sqlite3.Connection, width_s: int, mean: PowerMean) -> None:
    body = msgspec.json.encode(mean).decode()
    db.execute(_UPSERT, (width_s, mean.ts, body, checksum(str(width_s), str(mean.ts), body)))


def _put_event(db: sqlite3.Connection, acted: ActedEvent) -> None:
    db.execute(
        "INSERT INTO events (event_id, start_ts, end_ts) VALUES (?, ?, ?) ON CONFLICT (event_id) DO UPDATE "
        "SET start_ts = min(start_ts, excluded.start_ts), end_ts = max(end_ts, excluded.end_ts)",
        acted,
    )


def _between(db: sqlite3.Connection, width_s: int, from_ts: float, to_ts: float) -> list[PowerMean]:
    query = "SELECT ts, body, checksum FROM means WHERE width_s = ? AND ts >= ? AND ts < ? ORDER BY ts"
    return list(_whole(width_s, db.execute(query, (width_s, from_ts, to_ts))))


def _whole(width_s: int, rows: sqlite3.Cursor) -> Iterator[PowerMean]:
    for ts, body, stored in rows:
        if stored is not None and is_whole(stored, str(width_s), str(ts), body):
            with contextlib.suppress(msgspec.DecodeError):
                yield _READ.decode(body)


def _lived(before: PowerMean, minute: PowerMean) -> PowerMean:
    """A minute of which a part is stored already: both parts, or the later one where it was lived twice."""
    if before.measured_s + minute.measured_s > TWICE_SHARE * MINUTE_S:
        return minute
    return _mean_of([before, minute])


def _mean_of(means: list[PowerMean]) -> PowerMean:
    """One mean of several, weighted by the time that each was measured."""
    measured_s = sum(mean.measured_s for mean in means)
    target_s = sum(mean.target_s for mean in means)
    circuits_kw: dict[str, float] = {}
    for mean in means:
        for circuit_id, kw in mean.circuits_kw.items():
            circuits_kw[circuit_id] = circuits_kw.get(circuit_id, 0.0) + kw * mean.measured_s
    target_kws = sum((mean.target_kw or 0.0) * mean.target_s for mean in means)
    return PowerMean(
        ts=means[0].ts,
        measured_s=round(measured_s, 3),
        used_kw=_kw(sum(mean.used_kw * mean.measured_s for mean in means) / measured_s),
        baseline_kw=_kw(sum(mean.baseline_kw * mean.measured_s for mean in means) / measured_s),
        target_s=round(target_s, 3),
        target_kw=_kw(target_kws / target_s) if target_s else None,
        circuits_kw={circuit_id: _kw(kws / measured_s) for circuit_id, kws in circuits_kw.items()},
    )


def _kw(kw: float) -> float:
    return round(kw, 4) + 0.0


def _prune(db: sqlite3.Connection) -> None:
    """Delete the rows that were written first, as far as there are too many."""
    for width_s, most in ROWS_MAX.items():
        (rows,) = db.execute("SELECT count(*) FROM means WHERE width_s = ?", (width_s,)).fetchone()
        if rows > most:
            first = "SELECT id FROM means WHERE width_s = ? ORDER BY id LIMIT ?"
            db.execute(f"DELETE FROM means WHERE id IN ({first})", (width_s, rows - most))  # noqa: S608
    db.execute("DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?", (EVENTS_MAX,))
