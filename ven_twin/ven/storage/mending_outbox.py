"""An outbox that goes on whatever becomes of its file: damaged, of another release, on a full disk.

on disk ──damage──▶ file set aside, whole rows taken over ──▶ on disk
   ▲                        │ the disk takes no file
   │ the disk is back       ▼
   └───────────────── in memory ◀── the file cannot be opened at the start
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Self

from ven_twin.ven import clock
from ven_twin.ven.errors import OutboxDamagedError
from ven_twin.ven.storage.loss_counts import LossCounts
from ven_twin.ven.storage.outbox import DEFAULT_CAP_BYTES, Outbox
from ven_twin.ven.storage.outbox_file import WAL_MAX_BYTES
from ven_twin.ven.storage.recovery import Opened, move_notes, move_rows, open_or_recover, replace_damaged

DISK_AGAIN_S = 60.0
"""Between two attempts to leave memory for a file that could not be used."""

logger = logging.getLogger(__name__)


class MendingOutbox(Outbox):
    """The outbox of a VEN that runs. Call `tend` once a tick."""

    @classmethod
    def open(cls, path: Path, *, cap_bytes: int = DEFAULT_CAP_BYTES) -> Self:
        """The outbox in *path*, on disk or, where that cannot be, in memory for now; see `open_or_recover`.

        Raises:
            OutboxLockedError: another process uses it.
        """
        try:
            return cls(path, cap_bytes=cap_bytes, opened=open_or_recover(path, clock.now_ts()))
        except OutboxDamagedError as error:  # it showed when the rows were read
            return cls(path, cap_bytes=cap_bytes, opened=replace_damaged(path, clock.now_ts(), error))

    def _take_up(self, opened: Opened) -> None:
        super()._take_up(opened)
        self._tried_s = clock.monotonic_s()

    def tend(self) -> None:
        """Mend what can be mended between two messages: a damaged file, a disk that is back, a long log."""
        if self.path is None:
            return
        if self._transactions.damaged:
            self._mend(self.path)
        elif self._in_memory is not None:
            self._try_disk(self.path)
        elif not self._depth and _size_bytes(Path(f"{self.path}-wal")) > WAL_MAX_BYTES:
            self._transactions.checkpoint()

    def _mend(self, path: Path) -> None:
        """Set a damaged file aside and go on with what is whole of it."""
        lost = self._transactions.lost
        self._db.close()
        damage = OutboxDamagedError(str(path), "is damaged, as a row or a write showed")
        self._go_on(replace_damaged(path, clock.now_ts(), damage), lost)

    def _try_disk(self, path: Path) -> None:
        """Go back from memory to the file, once it can be used and nothing is on its way."""
        if self._in_flight or self._done or clock.monotonic_s() - self._tried_s < DISK_AGAIN_S:
            return
        self._tried_s = clock.monotonic_s()
        opened = open_or_recover(path, clock.now_ts())
        if opened.in_memory is not None:
            opened.db.close()
            return
        memory, lost = self._db, self._transactions.lost
        move_rows(memory, opened.db)
        before = LossCounts.of(opened.db)
        move_notes(memory, opened.db)
        memory.close()
        self._handed_out, self._again, self._passed_over, self._last_id = 0, [], [], 0
        lost.absorb(before)
        self._go_on(opened, lost)
        logger.warning("the disk is back: %d messages are kept in %s again", self._depth, path)

    def _go_on(self, opened: Opened, lost: LossCounts) -> None:
        """Take *opened* up, with what was *lost* until now."""
        self._take_up(opened)
        opened.count_in(lost)
        self._transactions.lost = lost


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
