"""The oracle finds what it is there for, and the pieces that it rests on are right."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from harness.faults import frames, reconnects
from harness.faults.oracle import ProducerJournal, judge
from harness.faults.shadow_service import Shadow
from harness.soak.soak import Sample, SoakResult, gaps

IDS = [("b1", seq) for seq in range(5)]
ALL = ProducerJournal(frozenset(IDS), frozenset(IDS))


def test_everything_stored_once_holds() -> None:
    """What was accepted is in the table."""
    verdict = judge(ALL, IDS, [], 0)
    assert (verdict.holds, verdict.stored, verdict.duplicates) == (True, 5, 0)


def test_a_message_that_is_nowhere_is_lost() -> None:
    """Neither stored nor dead-lettered nor counted as shed."""
    verdict = judge(ALL, IDS[:4], [], 0)
    assert (verdict.holds, verdict.lost) == (False, 1)


def test_a_dead_letter_and_a_count_account_for_a_message() -> None:
    """Put aside by name, shed by number."""
    verdict = judge(ALL, IDS[:3], [IDS[3]], 1)
    assert (verdict.holds, verdict.dead_lettered, verdict.shed) == (True, 1, 1)


def test_a_count_that_is_too_high_fails() -> None:
    """More said to be shed than is missing, beyond what can be in doubt."""
    assert not judge(ALL, IDS, [], 2).holds
    assert judge(ALL, IDS, [], 2, in_doubt_max=2).holds


def test_a_message_that_was_never_said_fails() -> None:
    """Nothing is made up on the way, neither stored nor dead-lettered."""
    stored = judge(ALL, [*IDS, ("b1", 99)], [], 0)
    assert (stored.holds, stored.invented, stored.stored, stored.lost) == (False, 1, 5, 0)
    dead = judge(ALL, IDS, [("b1", 99)], 0)
    assert (dead.holds, dead.invented, dead.dead_lettered, dead.lost) == (False, 1, 0, 0)


def test_repeats_are_counted_and_harmless() -> None:
    """Deliveries beyond the first are told apart by (bootId, seq)."""
    verdict = judge(ALL, [*IDS, *IDS[:2]], [], 0)
    assert (verdict.holds, verdict.duplicates) == (True, 2)


def test_what_was_offered_and_cut_off_may_come_or_not(tmp_path: Path) -> None:
    """A process killed between taking a message and noting it; a line that was cut off is not there."""
    (tmp_path / "journal").write_text("o b1 0\na b1 0\no b1 1\no b1 2\na b1")
    journal = ProducerJournal.read(tmp_path / "journal")
    assert journal.accepted == {("b1", 0)}
    assert judge(journal, [("b1", 0)], [], 0).holds
    assert judge(journal, [("b1", 0), ("b1", 1)], [], 0).holds


@pytest.mark.parametrize("size", [0, 1, 127, 128, 20_000])
def test_packets_are_cut_out_of_a_stream_however_it_arrives(size: int) -> None:
    """Byte by byte or all at once, the packets are the same."""
    packets = [frames.publish("ven/telemetry/ven-1", b"x" * size, packet_id=7), frames.connect("c")]
    stream, cut, rng = b"".join(packets), frames.Frames(), random.Random(size)
    found = []
    while stream:
        length = rng.randrange(1, 50)
        found += cut.feed(stream[:length])
        stream = stream[length:]
    assert found == packets
    assert frames.published(packets[0], 4) == ("ven/telemetry/ven-1", b"x" * size, 7)


def test_a_thousand_sessions_come_back_below_the_limit() -> None:
    """Cut off at once, no second of 20 seeds sees more than 500 CONNECTs, nor when refused again."""
    for seed in range(20):
        assert reconnects.busiest(reconnects.arrivals_s(1000, seed)) <= reconnects.LIMIT
        assert reconnects.busiest(reconnects.arrivals_s(1000, seed, attempts=6)) <= reconnects.LIMIT


def test_the_busiest_second_is_found_wherever_it_begins() -> None:
    """A second is any second, not one of the clock."""
    assert reconnects.busiest([0.9, 0.95, 1.0, 1.5, 1.85, 3.0]) == 5


def test_the_shadow_of_the_tests_answers_as_the_service_does() -> None:
    """404 before the first update, 409 for another version, 400 without a state, a delta for what differs."""
    shadow = Shadow()
    assert shadow.get({"clientToken": "t"}, 1)[1]["code"] == 404
    assert shadow.update({}, 1)[0][1]["code"] == 400
    messages = shadow.update({"state": {"desired": {"a": 1, "b": {"c": 2}}}}, 1)
    assert [suffix for suffix, _ in messages] == ["update/accepted", "update/delta"]
    assert shadow.update({"state": {"reported": {"a": 1}}, "version": 9}, 1)[0][1]["code"] == 409
    assert shadow.update({"state": {"desired": {"x": "y" * 9000}}}, 1)[0][1]["code"] == 413
    ((_, accepted), (_, delta)) = shadow.update({"state": {"reported": {"a": 1}}, "version": 1}, 1)
    assert (accepted["version"], delta["state"]) == (2, {"b": {"c": 2}})
    assert [suffix for suffix, _ in shadow.update({"state": {"reported": {"b": {"c": 2}}}}, 1)] == [
        "update/accepted"
    ]


def _soaked(rss_kb: list[int], **what: int) -> SoakResult:
    soaked = SoakResult(10.0, rows=120, last_seq=119, boots=1, connects=1)
    soaked.samples = [Sample(5.0 * n, kb, 0.01 * n) for n, kb in enumerate(rss_kb)]
    for name, value in what.items():
        setattr(soaked, name, value)
    return soaked


def test_a_soak_fails_on_each_thing_that_it_watches() -> None:
    """Growth above 5 % after warm-up, a disconnect, a gap, a restart, rows that never came."""
    flat = [50_000] * 120
    assert _soaked(flat).objections == []
    assert _soaked([40_000] * 10 + flat).objections == [], "warming up is no growth"
    assert "memory grew" in _soaked([50_000 + 40 * n for n in range(120)]).objections[0]
    assert _soaked(flat, unexpected_disconnects=1).objections
    assert _soaked(flat, missing=(3,)).objections  # type: ignore[arg-type]
    assert _soaked(flat, boots=2).objections
    assert _soaked(flat, rows=60).objections
    assert gaps({0, 1, 3, 5}) == [2, 4]
