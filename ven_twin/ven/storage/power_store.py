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
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from ven_twin.ven.storage.schema import checksum, is_whole
from ven_twin.ven.storage.side_file import SideFile, in_transaction

MINUTE_S, QUARTER_S = 60, 900
ROWS_MAX: Mapping[int, int] = {MINUTE_S: 7 * 1440, QUARTER_S: 42 * 96}
"""Rows by the length of a mean, s: a week of minutes, six weeks of quarter hours."""
EVENTS_MAX = 1000
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


class PowerStore(SideFile):
    """The file at *path*, as a `SideFile` is."""

    what = "the history of power"
    tables = (_MEANS, _EVENTS)

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

        self._use(lambda db: in_transaction(db, write), None)

    def between(self, width_s: int, from_ts: float, to_ts: float) -> list[PowerMean]:
        """The means of *width_s* that begin in [from_ts, to_ts), oldest first, but for damaged rows."""
        return self._use(lambda db: _between(db, width_s, from_ts, to_ts), [])

    def events(self, from_ts: float, to_ts: float) -> list[ActedEvent]:
        """The events that were acted on between these times, by their start."""
        columns = "event_id, start_ts, end_ts"
        query = f"SELECT {columns} FROM events WHERE end_ts > ? AND start_ts < ? ORDER BY start_ts"  # noqa: S608
        return self._use(lambda db: [ActedEvent(*row) for row in db.execute(query, (from_ts, to_ts))], [])


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
