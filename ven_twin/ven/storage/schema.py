"""The form of the VEN's file: its tables by version, and a checksum for what must not be taken for whole.

| version | since then |
|---|---|
| 1 | outbox, quarantine, memo, inbox, answers; the file does not say its version |
| 2 | a checksum for each message, command, answer and note; `user_version` says 2 |

A file of an older version is carried forward, one step a transaction. One of a newer version is not touched.
"""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from functools import cache

VERSION = 2

_TABLES = (
    (
        "outbox (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, rank INTEGER NOT NULL, topic TEXT NOT NULL, "
        "payload BLOB NOT NULL, bytes INTEGER NOT NULL)"
    ),
    (
        "quarantine (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, topic TEXT NOT NULL, payload BLOB NOT NULL, "
        "reason TEXT NOT NULL)"
    ),
    "memo (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    (
        "inbox (id INTEGER PRIMARY KEY AUTOINCREMENT, payload BLOB NOT NULL, received_ts REAL NOT NULL, "
        "tries INTEGER NOT NULL)"
    ),
    "answers (n INTEGER PRIMARY KEY AUTOINCREMENT, correlation_id TEXT NOT NULL UNIQUE, ack BLOB NOT NULL)",
)
_INDEX = "CREATE INDEX IF NOT EXISTS outbox_by_rank ON outbox (rank, id)"
SEALED = {
    "outbox": ("kind", "topic", "payload"),
    "inbox": ("payload",),
    "answers": ("correlation_id", "ack"),
    "memo": ("value",),
}
"""The columns that a table's checksum covers. A row of version 1 has none."""
_STEPS = (
    (*(f"CREATE TABLE IF NOT EXISTS {table}" for table in _TABLES), _INDEX),
    tuple(f"ALTER TABLE {table} ADD COLUMN checksum INTEGER" for table in SEALED),
)


def checksum(*columns: str | bytes) -> int:
    """CRC-32 of a row's *columns*; their lengths count, so that no byte moves from one to the next."""
    crc = 0
    for column in columns:
        raw = column.encode() if isinstance(column, str) else column
        crc = zlib.crc32(raw, zlib.crc32(len(raw).to_bytes(8), crc))
    return crc


def is_whole(stored: object, *columns: object) -> bool:
    """Compare a row with its *stored* checksum. A row of an older version has none, and is taken as it is."""
    texts = [column for column in columns if isinstance(column, str | bytes)]
    if len(texts) < len(columns):
        return False
    try:
        return stored is None or stored == checksum(*texts)
    except UnicodeEncodeError:
        return False


def version_of(db: sqlite3.Connection) -> int:
    """The version of a file; 0 when it is empty or does not say."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    return int(version)


def carry_forward(db: sqlite3.Connection) -> None:
    """Give a file of an older version, or a new one, the tables of this one. It is locked before."""
    for version, statements in enumerate(_STEPS, 1):
        if version_of(db) >= version:
            continue
        db.execute("BEGIN IMMEDIATE")
        for statement in statements:
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {version}")
        db.execute("COMMIT")


def objection(db: sqlite3.Connection) -> str | None:
    """The damage that a file of this version shows: a page that is none, a table that lost a column."""
    (state,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    if state != "ok":
        return str(state)
    for table, columns in _columns_by_table():  # a page may be a page, and not of this table
        db.execute(f"SELECT {', '.join(f'max({column})' for column in columns)} FROM {table}").fetchone()  # noqa: S608
    missing = [table for table, columns in _columns_by_table() if columns_of(db, table) != columns]
    return f"its tables {', '.join(missing)} are not as they were made" if missing else None


def columns_of(db: sqlite3.Connection, table: str) -> list[str]:
    """The names of a table's columns."""
    return [str(row[1]) for row in db.execute(f"PRAGMA table_info({table})")]


@cache
def _columns_by_table() -> tuple[tuple[str, list[str]], ...]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        carry_forward(db)
        tables = [
            str(table) for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return tuple((table, columns_of(db, table)) for table in tables)
