"""Rows on their way: whatever connections, brokers and paces do, each arrives, and none waits too long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.telemetry_rows import TOPIC, put, seqs_of
from ven_twin.ven.mqtt import outbox_pump
from ven_twin.ven.mqtt.batching import Pace
from ven_twin.ven.mqtt.outbox_pump import OutboxPump
from ven_twin.ven.storage.outbox import Outbox

WAIT_S = 60.0
PACES = {"peace": Pace(batches=True, wait_s=WAIT_S), "event": Pace(batches=True), "singly": Pace()}
BY_RULE = f"$aws/rules/ven_twin_dev_telemetry/{TOPIC}"

steps = st.lists(
    st.one_of(
        st.tuples(st.just("row"), st.integers(1, 12)),
        st.tuples(st.just("ack row"), st.just(0)),
        st.tuples(st.just("pass"), st.sampled_from([0.5, 5.0, 30.0, 70.0])),
        st.tuples(st.just("puback"), st.tuples(st.integers(0, 5), st.sampled_from([0, 0, 0, 0x97]))),
        st.tuples(st.just("puback all"), st.just(0)),
        st.tuples(st.just("lose"), st.booleans()),
        st.tuples(st.just("crash"), st.just(0)),
        st.tuples(st.just("pace"), st.sampled_from(sorted(PACES))),
        st.tuples(st.just("hurry"), st.just(0)),
    ),
    max_size=40,
)


@dataclass
class Broker:
    """A broker and a VEN that is connected to it, on a clock that is set."""

    outbox: Outbox
    now_s: float = 1000.0
    receive_maximum: int | None = 8
    packet_max_bytes: int | None = None
    arrived: set[int] = field(default_factory=set)
    made_s: dict[int, float] = field(default_factory=dict)
    under_way: dict[int, bytes] = field(default_factory=dict)
    pace: str = "peace"
    lost: int = 0
    _packets: Any = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        """Start the VEN."""
        self.pump = self._started()

    def _started(self) -> OutboxPump:
        pump = OutboxPump(self.outbox, lambda: None, {TOPIC: BY_RULE})
        pump.keep_pace(PACES[self.pace])
        pump.begin(self)
        return pump

    def send(self, topic: str, payload: bytes, qos: int) -> int | None:  # noqa: ARG002
        """Take a message: what was sent has arrived, whether or not that is acknowledged."""
        packet = next(self._packets)
        self.under_way[packet] = payload
        if topic.endswith(TOPIC):
            seqs = seqs_of(payload)
            assert self.pace != "singly" or len(seqs) == 1, "a batch for consumers that know none"
            self.arrived.update(seqs)
        return packet

    def do(self, step: str, detail: Any) -> None:
        """Do one step of the script, and let the pump work."""
        if step == "row":
            first = len(self.made_s)
            put(self.outbox, *range(first, first + detail), interval_s=1)
            self.made_s |= dict.fromkeys(range(first, first + detail), self.now_s)
        elif step == "ack row":
            self.outbox.put("ack", "ven/ack/ven-1", b"{}")
        elif step == "pass":
            self.now_s += detail
        elif step == "puback" and self.under_way:
            packet = [*self.under_way][detail[0] % len(self.under_way)]
            del self.under_way[packet]
            self.pump.puback(packet, detail[1])
        elif step == "puback all":
            self.acknowledge()
        elif step in {"lose", "crash"}:
            self.pump.connection_lost(by_peer=step == "lose" and detail)
            self.under_way.clear()
            if step == "crash":
                self.pump = self._started()
            self.pump.begin(self)
        elif step == "pace":
            self.pace = detail
            self.pump.keep_pace(PACES[detail])
        elif step == "hurry":
            self.pump.hurry()
        self.work()

    def work(self) -> None:
        """Let the pump work as often as it says that it has something to do until now."""
        for _ in range(100):
            due_s = self.pump.send_what_may_go(self)
            if due_s is None or due_s > self.now_s:
                return
        raise AssertionError("the pump does not come to an end")

    def acknowledge(self) -> None:
        """Acknowledge everything that is under way."""
        for packet in [*self.under_way]:
            del self.under_way[packet]
            self.pump.puback(packet, 0)

    def settle(self) -> None:
        """Acknowledge everything, until nothing is left."""
        for _ in range(2000):
            if not self.outbox.depth:
                return
            self.now_s += 1.0
            self.work()
            self.acknowledge()
            self.work()
        raise AssertionError("the outbox does not drain")


def lived(script: list[tuple[str, Any]], check: Callable[[Broker], None]) -> Broker:
    """The broker after *script*; *check* is made after each step."""
    with pytest.MonkeyPatch.context() as patched, Outbox(":memory:") as outbox:
        broker = Broker(outbox)
        patched.setattr(outbox_pump.time, "monotonic", lambda: broker.now_s)
        broker.pump = broker._started()
        for step, detail in script:
            broker.do(step, detail)
            check(broker)
        broker.settle()
        broker.lost = outbox.counts.lost
        return broker


@given(steps)
def test_every_row_arrives(script: list[tuple[str, Any]]) -> None:
    """Any order of rows, losses, crashes, acknowledgements and paces: each row arrives at least once."""
    broker = lived(script, lambda _: None)
    assert broker.arrived == broker.made_s.keys()
    assert broker.lost == 0


@given(steps)
@example([("row", 1), ("puback all", 0), ("row", 1), ("pass", 70.0)])
@example([("row", 1), ("puback all", 0), ("row", 1), ("pass", 30.0), ("row", 1), ("pass", 30.0)])
@example([("row", 1), ("puback all", 0), ("row", 1), ("pace", "event")])
def test_no_row_waits_longer_than_it_may(script: list[tuple[str, Any]]) -> None:
    """With nothing under way, a row has waited `WAIT_S` at most in peace, and not at all otherwise."""

    def check(broker: Broker) -> None:
        if broker.under_way:
            return  # the window may be full
        for seq, made_s in broker.made_s.items():
            if seq not in broker.arrived:
                assert broker.pace == "peace"
                assert broker.now_s - made_s < WAIT_S

    lived([step for step in script if step[0] != "puback" or step[1][1] == 0], check)
