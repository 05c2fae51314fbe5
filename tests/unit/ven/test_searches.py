"""The searches of many VENs in a process: whose turn it is, and how much of a core they take."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from ven_twin.ven import searches as module
from ven_twin.ven.searches import Searches

SLICE_S = 0.01


@dataclass
class Clock:
    """The CPU that slices have taken, s, and the pauses between them."""

    cpu_s: float = 0.0
    pauses_s: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        """Note a pause, and let the others run."""
        self.pauses_s.append(seconds)
        await asyncio.get_running_loop().create_task(_nothing())


async def _nothing() -> None:
    """Let a turn of the loop pass."""


@dataclass
class Ven:
    """A VEN whose search has so many slices, and an offer after the second."""

    name: str
    clock: Clock
    log: list[str]
    slices: int = 4
    fails: bool = False
    left: int = 0
    has_offered: bool = False

    def search(self) -> bool:
        """One slice."""
        if self.fails:
            raise RuntimeError("a search that fails")
        self.left = (self.left or self.slices) - 1
        self.clock.cpu_s += SLICE_S
        self.log.append(self.name)
        self.has_offered = self.has_offered or self.left <= self.slices - 2
        return self.left > 0

    def set_search_aside(self) -> None:
        """Begin anew the next time."""
        self.left = 0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The CPU and the pauses of the test."""
    made = Clock()
    monkeypatch.setattr(module.asyncio, "sleep", made.sleep)
    return made


def lived(clock: Clock, vens: list[Ven], slices: int) -> Searches:
    """Let the VENs search until so many slices are done."""

    async def run() -> Searches:
        searches = Searches(0.1, 0.5, cpu_s=lambda: clock.cpu_s)
        for ven in vens:
            searches.join(ven)
        log = vens[0].log
        for _ in range(1000):
            await asyncio.get_running_loop().create_task(_nothing())
            if len(log) >= slices:
                break
        for ven in vens:
            searches.leave(ven)
        return searches

    return asyncio.run(run())


def test_every_ven_has_an_offer_before_one_has_the_whole(clock: Clock) -> None:
    """A VEN without an offer goes before the others, and only until it has one."""
    log: list[str] = []
    lived(clock, [Ven("a", clock, log), Ven("b", clock, log)], 12)
    assert "".join(log[:12]) == "aabb" + "aaaa" + "bbbb"


def test_searches_take_their_share_of_a_core(clock: Clock) -> None:
    """More of it until there are offers, and less from then on."""
    log: list[str] = []
    lived(clock, [Ven("a", clock, log)], 6)
    assert clock.pauses_s[:2] == pytest.approx([SLICE_S, SLICE_S])
    assert clock.pauses_s[2:6] == pytest.approx([9 * SLICE_S] * 4)


def test_a_search_that_fails_keeps_no_other_from_its_turn(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and the others go on."""
    log: list[str] = []
    lived(clock, [Ven("a", clock, log, fails=True), Ven("b", clock, log)], 6)
    assert "".join(log[:6]) == "bb" + "bbbb"
    assert "a search has failed" in caplog.text


def test_a_ven_that_has_left_gets_no_turn(clock: Clock) -> None:
    """It may be closed."""
    log: list[str] = []
    ven = Ven("a", clock, log)
    lived(clock, [ven], 3)
    before = len(log)
    assert before <= 4
