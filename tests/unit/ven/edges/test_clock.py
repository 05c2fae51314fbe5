"""The VEN's time: steady, whatever is done to the clock of its host."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ven_twin.ven.clock import JUMP_S, SKEW_S, VenClock, new_boot_id

NOW = 1_800_000_000.0
JUMPS_S = [-7200.0, 7200.0]


@dataclass
class Host:
    """A machine's clocks."""

    system_ts: float = NOW
    steady_s: float = 50.0

    def clock(self) -> VenClock:
        """A VEN's clock on it."""
        return VenClock(lambda: self.system_ts, lambda: self.steady_s)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.system_ts += seconds
        self.steady_s += seconds


@pytest.fixture
def host() -> Host:
    """A machine whose clock is right."""
    return Host()


@pytest.mark.parametrize("jump_s", JUMPS_S)
def test_a_jump_is_said_once_and_not_followed(
    host: Host, jump_s: float, caplog: pytest.LogCaptureFixture
) -> None:
    """Two hours forward or back: the VEN's time passes as before, and one line says why."""
    clock = host.clock()
    host.system_ts += jump_s
    host.wait(60)
    assert clock.now_ts() == NOW + 60
    assert clock.now_ts() == NOW + 60
    assert clock.jump_s == jump_s
    assert caplog.text.count("was set by") == 1


@pytest.mark.parametrize("jump_s", JUMPS_S)
def test_a_jump_is_adopted_when_the_cloud_agrees_with_it(host: Host, jump_s: float) -> None:
    """The host's clock was put right: the cloud's time says so, and the VEN's follows."""
    clock = host.clock()
    host.system_ts += jump_s
    host.wait(10)
    assert clock.on_cloud_time(int(host.system_ts), host.steady_s) is True
    assert clock.now_ts() == host.system_ts
    assert (clock.skew_s, clock.jump_s) == (None, 0)


@pytest.mark.parametrize("jump_s", JUMPS_S)
def test_a_jump_that_the_cloud_contradicts_is_not_adopted(host: Host, jump_s: float) -> None:
    """The host's clock was put wrong: the VEN's time stays."""
    clock = host.clock()
    host.system_ts += jump_s
    host.wait(10)
    assert clock.on_cloud_time(int(NOW + 10), host.steady_s) is False
    assert clock.now_ts() == NOW + 10
    assert clock.skew_s is None


@pytest.mark.parametrize(("skew_s", "said"), [(SKEW_S + 20, True), (-SKEW_S - 20, True), (200.0, False)])
def test_a_skew_above_five_minutes_is_flagged(
    host: Host, skew_s: float, said: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A clock that neither side calls right is not touched, but said, once; until it is right again."""
    clock = host.clock()
    for _ in range(2):
        assert clock.on_cloud_time(int(NOW + skew_s), host.steady_s) is False
    assert clock.now_ts() == NOW
    assert clock.skew_s == (pytest.approx(skew_s, abs=1) if said else None)
    assert caplog.text.count("from the cloud's") == int(said)
    clock.on_cloud_time(int(NOW), host.steady_s)
    assert clock.skew_s is None


def test_an_answer_that_took_too_long_says_nothing(host: Host) -> None:
    """Between asking and hearing two minutes passed: the cloud's time could be any of them."""
    clock = host.clock()
    asked_s = host.steady_s
    host.wait(120)
    assert clock.on_cloud_time(int(NOW + 7200), asked_s) is False
    assert clock.skew_s is None


def test_a_small_difference_is_followed_smoothly(host: Host) -> None:
    """A clock disciplined by NTP is followed, without a step and without ever going back."""
    clock = host.clock()
    host.system_ts -= JUMP_S - 1
    before = clock.now_ts()
    for _ in range(100):
        host.wait(1)
        now = clock.now_ts()
        assert before < now < before + 1.2
        before = now
    assert clock.now_ts() == pytest.approx(host.system_ts)


def test_a_suspended_machine_did_not_jump(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    """Both clocks go on meanwhile; what passed has passed."""
    clock = host.clock()
    host.wait(8 * 3600)
    assert clock.now_ts() == host.system_ts
    assert caplog.text == ""


def test_time_does_not_begin_before_what_an_earlier_run_has_seen(host: Host) -> None:
    """A host without a battery for its clock starts in the past; the VEN starts where it was."""
    host.system_ts = 0.0
    clock = host.clock()
    clock.begin(NOW)
    assert clock.now_ts() == NOW
    host.wait(5)
    assert clock.now_ts() == NOW + 5
    host.system_ts = NOW + 3605
    assert clock.on_cloud_time(int(host.system_ts), host.steady_s) is True
    assert clock.now_ts() == NOW + 3605


def test_time_goes_on_from_the_hosts_clock_where_that_is_later(host: Host) -> None:
    """What an earlier run has seen is only the least."""
    clock = host.clock()
    clock.begin(NOW - 1000)
    assert clock.now_ts() == NOW


def test_boot_ids_sort_in_the_order_of_the_runs() -> None:
    """Also after a clock that was set back, and after an id of another form."""
    first = new_boot_id(NOW)
    second = new_boot_id(NOW - 7200, first)
    third = new_boot_id(NOW - 7100, second)
    assert first < second < third
    assert len(new_boot_id(NOW, "not hexadecimal")) == len(first)
