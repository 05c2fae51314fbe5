"""The space held back for a full disk."""

from __future__ import annotations

import errno
import time
from pathlib import Path

import pytest

from ven_twin.ven.storage.outbox_file import RESERVE_BYTES, DiskReserve


class Steady:
    """A steady clock that a test sets."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        """The time now, s."""
        return self.now_s


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> Steady:
    """The clock that the reserve goes by."""
    clock = Steady()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


def test_the_reserve_is_given_up_once_and_taken_again_after_a_minute(tmp_path: Path, steady: Steady) -> None:
    """Given up it is gone; a minute later, and not before, it is held again in full."""
    path = tmp_path / "reserve"
    reserve = DiskReserve(path)
    assert path.stat().st_size == RESERVE_BYTES
    assert (reserve.give_up(), path.exists(), reserve.give_up()) == (True, False, False)
    steady.now_s += 59.9
    reserve.retake()
    assert not path.exists()
    steady.now_s = 1_060.0
    reserve.retake()
    assert path.stat().st_size == RESERVE_BYTES


def test_a_reserve_that_finds_no_room_tries_again_a_minute_later(
    tmp_path: Path, steady: Steady, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the disk is full nothing half-written is left, and every minute it is tried once."""
    path, tried = tmp_path / "reserve", []
    reserve = DiskReserve(path)
    reserve.give_up()

    def full(target: Path, _content: bytes) -> int:
        tried.append(steady.now_s)
        target.touch()
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    for _ in range(13):
        steady.now_s += 10.0
        reserve.retake()
    assert tried == [1_060.0, 1_120.0]
    assert not path.exists()


def test_a_reserve_that_was_cut_short_is_written_anew(tmp_path: Path) -> None:
    """A crash while it was written leaves less than what is to be held back; a whole one is left alone."""
    path = tmp_path / "reserve"
    path.write_bytes(b"half")
    DiskReserve(path)
    assert path.stat().st_size == RESERVE_BYTES
    path.write_bytes(b"1" * RESERVE_BYTES)
    DiskReserve(path)
    assert path.read_bytes() == b"1" * RESERVE_BYTES


def test_a_database_in_memory_has_no_reserve() -> None:
    """There is nothing to give up and nothing to take."""
    reserve = DiskReserve(None)
    assert reserve.give_up() is False
    reserve.retake()
