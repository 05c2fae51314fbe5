"""Telling a second client of the same id from a bad link."""

from __future__ import annotations

from ven_twin.ven.mqtt.backoff import TakeoverWatch
from ven_twin.ven.mqtt.reason_codes import Loss, LossKind, disconnect_loss

CLEAN = Loss(LossKind.CLOSED, "closed", clean=True)
RESET = Loss(LossKind.CLOSED, "reset")


def verdicts(watch: TakeoverWatch, losses: list[tuple[Loss, float | None]]) -> list[bool]:
    """Whether each loss in turn completes the picture."""
    return [watch.verdict(loss, stood_s) is not None for loss, stood_s in losses]


def test_0x8e_is_proof() -> None:
    """One DISCONNECT with "session taken over" is enough, whatever the limit."""
    assert TakeoverWatch(0).verdict(disconnect_loss(b"\x8e\x00"), 3600) is not None


def test_clean_closes_within_seconds_add_up() -> None:
    """Three in a row make the picture when the limit is three."""
    assert verdicts(TakeoverWatch(3), [(CLEAN, 1), (CLEAN, 9), (CLEAN, 2)]) == [False, False, True]


def test_a_reset_among_clean_closes_does_not_hide_a_duel() -> None:
    """A broker that closes with bytes unread looks like a reset now and then; it is noticed all the same."""
    duel = [(CLEAN, 1.0), (CLEAN, 1.0), (RESET, 1.0), (CLEAN, 1.0), (CLEAN, 1.0)]
    assert verdicts(TakeoverWatch(3), duel) == [False, False, False, False, True]


def test_a_bad_link_makes_no_picture() -> None:
    """A reset, or an attempt that fails otherwise, is not what a taken-over session looks like."""
    unreachable = Loss(LossKind.UNREACHABLE, "no route")
    losses = [(CLEAN, 1.0), (RESET, 1.0), (CLEAN, 1.0), (unreachable, None), (CLEAN, 1.0)]
    assert not any(verdicts(TakeoverWatch(2), losses))


def test_a_minute_of_peace_starts_the_count_over() -> None:
    """A connection that stood for a minute shows that nobody wants the id; one of 30 s shows nothing."""
    assert verdicts(TakeoverWatch(2), [(CLEAN, 1), (CLEAN, 60), (CLEAN, 1)]) == [False, False, False]
    assert verdicts(TakeoverWatch(2), [(CLEAN, 1), (CLEAN, 30), (CLEAN, 1)]) == [False, False, True]


def test_an_explained_loss_is_forgotten() -> None:
    """When a message turns out to have been the cause, the closes before it accuse nobody."""
    watch = TakeoverWatch(2)
    watch.verdict(CLEAN, 1)
    watch.exonerate()
    assert watch.verdict(CLEAN, 1) is None


def test_a_limit_of_zero_trusts_0x8e_alone() -> None:
    """However often the broker closes, nothing is concluded from it."""
    assert not any(verdicts(TakeoverWatch(0), [(CLEAN, 1)] * 50))
