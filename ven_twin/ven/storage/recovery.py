"""Files that a VEN cannot use as they are: set aside, and what is whole in them taken over.

damaged        renamed to  outbox.sqlite.damaged-TIME, every whole row copied, the others counted; the newest
                           three stay, for who wants to look
newer          renamed to  outbox.sqlite.version-N, untouched; the release that reads it takes its rows back
"""

from __future__ import annotations

import contextlib
import logging
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ven_twin.ven.errors import OutboxDamagedError, OutboxError, OutboxLockedError, OutboxNewerError
from ven_twin.ven.storage import schema
from ven_twin.ven.storage.loss_counts import LossCounts
from ven_twin.ven.storage.memo import DATABASE_ERRORS
from ven_twin.ven.storage.outbox_file import open_database

_TABLES = ("outbox", "quarantine", "memo", "inbox", "answers")
_IDS = (
    "SELECT id FROM outbox INDEXED BY outbox_by_rank ORDER BY rank, id",
    "SELECT id FROM outbox INDEXED BY outbox_by_rank ORDER BY rank DESC, id DESC",
)
"""An index names rows that the table itself does not reach any more."""

_DAMAGED = re.compile(r"\.damaged-(\d+)(?:\.(\d+))?")
"""The ending of a file that `set_aside` renamed, with its time and its number."""
DAMAGED_MAX = 3
"""Damaged files that stay: a disk that spoils one after the other must not be filled by them."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """A database to go on with.

    Attributes:
        db: the file, or memory where the file cannot be used now.
        in_memory: the reason for that; None when it is the file.
        damaged: rows that were damaged in a file that was set aside.
        files_set_aside: files that were set aside.
    """

    db: sqlite3.Connection
    in_memory: str | None = None
    damaged: int = 0
    files_set_aside: int = 0

    def count_in(self, lost: LossCounts) -> None:
        """Add what was found damaged to the counts of what was *lost*."""
        if self.files_set_aside:
            lost.add(damaged=self.damaged, files_set_aside=self.files_set_aside)


def open_or_recover(path: Path, now_ts: float) -> Opened:
    """Open a VEN's file, whatever is the matter with it.

    Raises:
        OutboxLockedError: another process uses it.
    """
    try:
        db = open_database(str(path))
    except OutboxLockedError:
        raise
    except OutboxNewerError as error:
        return _anew(path, error, f"version-{error.version}")
    except OutboxDamagedError as error:
        return replace_damaged(path, now_ts, error)
    except OutboxError as error:
        return _in_memory(error)
    _take_back(path, db)
    return Opened(db)


def replace_damaged(path: Path, now_ts: float, damage: OutboxDamagedError) -> Opened:
    """Set a damaged file aside, and go on with what is whole of it."""
    opened = _anew(path, damage, f"damaged-{int(now_ts)}")
    if opened.in_memory is None:
        _remove_oldest(path)
    return opened


def _remove_oldest(path: Path) -> None:
    """Remove the damaged files of *path* but for the newest; what cannot be removed stays."""
    asides = [
        (int(match[1]), int(match[2] or 1), aside)
        for aside in path.parent.glob(f"{path.name}.damaged-*")
        if (match := _DAMAGED.fullmatch(aside.name.removeprefix(path.name)))
    ]
    for *_, aside in sorted(asides)[:-DAMAGED_MAX]:
        for companion in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                Path(f"{aside}{companion}").unlink(missing_ok=True)


def _anew(path: Path, cause: OutboxError, ending: str) -> Opened:
    """Set a file aside and start another, with all that is whole of it where it is damaged."""
    source, files = path, 0
    try:
        source, files = set_aside(path, ending), 1
        opened = Opened(open_database(str(path)))
        copied, damaged = _salvaged(source, cause, opened.db)
    except (OSError, OutboxError, *DATABASE_ERRORS) as error:
        opened = _in_memory(error)
        copied, damaged = _salvaged(source, cause, opened.db)
    logger.error("%s: set aside as %s; %d rows taken over, %d damaged", cause, source.name, copied, damaged)
    return replace(opened, damaged=damaged, files_set_aside=files)


def _salvaged(source: Path, cause: OutboxError, db: sqlite3.Connection) -> tuple[int, int]:
    """Take over what is whole where *source* is damaged; a newer file is for the release that wrote it."""
    if not isinstance(cause, OutboxDamagedError):
        return 0, 0
    try:
        return salvage(source, db)
    except BaseException:
        db.close()
        raise


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of the block or nothing of it."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise


def _in_memory(cause: Exception) -> Opened:
    logger.error("%s: nothing is kept on disk for now; it is tried again", cause)
    return Opened(open_database(":memory:"), in_memory=str(cause))


def set_aside(path: Path, ending: str) -> Path:
    """Move a file and its companions out of the way; returns its new path."""
    aside = path.with_name(f"{path.name}.{ending}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.{ending}.{number}")
    for companion in ("", "-wal", "-shm"):
        file = Path(f"{path}{companion}")
        if file.exists():
            file.replace(f"{aside}{companion}")
    return aside


def salvage(source: Path, target: sqlite3.Connection) -> tuple[int, int]:
    """Copy every whole row of *source* to *target*, under its number; rows copied, and rows damaged.

    Nothing in *source* is changed.
    """
    copied = damaged = 0
    mode = "mode=ro" if Path(f"{source}-wal").exists() else "immutable=1"
    with (
        contextlib.closing(sqlite3.connect(f"{source.resolve().as_uri()}?{mode}", uri=True)) as db,
        _transaction(target),
    ):
        for table in _TABLES:
            columns = _columns(db, table, target)
            for row_id in sorted(_row_ids(db, table)):
                row = _row(db, table, columns, row_id)
                damaged += row is None
                copied += row is not None
                if row is not None:
                    _insert(target, table, columns, row)
    return copied, damaged


def _take_back(path: Path, db: sqlite3.Connection) -> None:
    """Take the rows of files that an older release set aside, because they were too new for it.

    Messages and commands alone: notes, answers and state were written anew since. They get new numbers.
    """
    for aside in sorted(path.parent.glob(f"{path.name}.version-*")):
        number = aside.name.rpartition(".version-")[2].partition(".")[0]
        if not number.isdigit() or int(number) > schema.VERSION:
            continue
        try:
            with contextlib.closing(open_database(str(aside))) as source:
                copied = move_rows(source, db)
        except (OutboxError, *DATABASE_ERRORS) as error:
            logger.warning("%s cannot be taken back: %s", aside, error)
            continue
        for companion in ("", "-wal", "-shm"):
            Path(f"{aside}{companion}").unlink(missing_ok=True)
        logger.info("%d rows taken back from %s", copied, aside.name)


def move_rows(source: sqlite3.Connection, target: sqlite3.Connection) -> int:
    """Copy messages and commands of *source* behind those of *target*; returns their number."""
    with _transaction(target):
        return sum(_move(source, target, table) for table in ("outbox", "inbox"))


def _move(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> int:
    columns = [column for column in _columns(source, table, target) if column != "id"]
    used = f"SELECT id FROM {table} UNION ALL SELECT id FROM quarantine"  # noqa: S608
    (last,) = target.execute(f"SELECT ifnull(max(id), 0) FROM ({used})").fetchone()  # noqa: S608
    row_id = last
    for row_id, row in enumerate(
        source.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY id"),  # noqa: S608
        last + 1,
    ):
        _insert(target, table, ["id", *columns], (row_id, *row))
    return int(row_id - last)


def move_notes(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Copy notes and answers of *source* over those of *target*: they are the newer ones."""
    tables = {"memo": "key, value, checksum", "answers": "correlation_id, ack, checksum"}
    with _transaction(target):
        for table, columns in tables.items():
            for row in source.execute(f"SELECT {columns} FROM {table} ORDER BY rowid"):  # noqa: S608
                target.execute(f"INSERT OR REPLACE INTO {table} ({columns}) VALUES (?, ?, ?)", row)  # noqa: S608


def _columns(source: sqlite3.Connection, table: str, target: sqlite3.Connection) -> list[str]:
    """The columns that a table has in both."""
    try:
        present = schema.columns_of(source, table)
    except DATABASE_ERRORS:
        return []
    return [column for column in schema.columns_of(target, table) if column in present]


def _row_ids(db: sqlite3.Connection, table: str) -> set[int]:
    """The numbers of all rows that can be reached from either end, by the table or its index."""
    ways = [f"SELECT rowid FROM {table} ORDER BY rowid {order}" for order in ("ASC", "DESC")]  # noqa: S608
    row_ids: set[int] = set()
    for way in [*ways, *(_IDS if table == "outbox" else ())]:
        row_ids.update(_until_damage(db, way))
    return row_ids


def _until_damage(db: sqlite3.Connection, query: str) -> Iterator[int]:
    with contextlib.suppress(*DATABASE_ERRORS):
        for (row_id,) in db.execute(query):
            if isinstance(row_id, int):
                yield row_id


def _row(db: sqlite3.Connection, table: str, columns: list[str], row_id: int) -> tuple[Any, ...] | None:
    """One row; None when it cannot be read or is not whole."""
    names = ", ".join(columns)
    try:
        row = db.execute(f"SELECT {names} FROM {table} WHERE rowid = ?", (row_id,)).fetchone()  # noqa: S608
    except (*DATABASE_ERRORS, OverflowError):
        return None
    if row is None:
        return None
    values: dict[str, object] = dict(zip(columns, row, strict=True))
    sealed = schema.SEALED.get(table, ())
    if not schema.is_whole(values.get("checksum"), *(values.get(column) for column in sealed)):
        return None
    return tuple(row)


def _insert(db: sqlite3.Connection, table: str, columns: list[str], row: tuple[Any, ...]) -> None:
    marks = ", ".join("?" * len(columns))
    db.execute(f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks})", row)  # noqa: S608
