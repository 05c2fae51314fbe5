"""Disk space held back for the moment when the disk is full."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

RESERVE_BYTES = 256 * 1024
_RETAKE_AFTER_S = 60.0


class DiskReserve:
    """A file of real blocks beside the database; giving it up makes room for what must still be written."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._released_at = float("-inf")
        if path is not None:
            self._take()

    def give_up(self) -> bool:
        """Free the space; True when there was some to free."""
        if self._path is None or not self._path.exists():
            return False
        self._released_at = time.monotonic()
        with contextlib.suppress(OSError):
            self._path.unlink()
        return True

    def retake(self) -> None:
        """Hold the space again, a minute or more after it was given up, if the disk has it by then."""
        if self._path is None or self._released_at == float("-inf"):
            return
        if time.monotonic() - self._released_at >= _RETAKE_AFTER_S:
            self._released_at = float("-inf") if self._take() else time.monotonic()

    def _take(self) -> bool:
        assert self._path is not None  # noqa: S101 - for the type checker; both callers looked
        try:
            if not self._path.exists() or self._path.stat().st_size < RESERVE_BYTES:
                self._path.write_bytes(b"\0" * RESERVE_BYTES)  # written, because a hole holds no blocks
        except OSError:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
            return False
        return True
