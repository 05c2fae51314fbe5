"""How many messages may be under way."""

from __future__ import annotations

from ven_twin.ven.mqtt.send_window import InFlight, SendWindow


def fill(window: SendWindow, count: int, at_s: float, first: int = 1) -> None:
    """Send *count* messages at one moment."""
    for packet_id in range(first, first + count):
        window.sent(packet_id, InFlight((packet_id,), "t", at_s))


def test_an_acknowledgement_opens_the_window() -> None:
    """A full window has no room until a PUBACK takes a message out."""
    window = SendWindow(in_flight_max=3, per_second=90)
    fill(window, 3, at_s=0)
    assert window.room(0) == 0
    assert window.opens_at_s() is None
    assert window.acked(2) == InFlight((2,), "t", 0)
    assert window.room(0) == 1
    assert window.acked(2) is None


def test_no_second_holds_more_than_the_rate() -> None:
    """A burst after a pause is no excuse: the count is over any second, not by the clock's."""
    window = SendWindow(in_flight_max=1000, per_second=90)
    fill(window, 90, at_s=10.0)
    assert window.room(10.99) == 0
    assert window.opens_at_s() == 11.0
    assert window.room(11.0) == 90


def test_the_broker_may_take_less() -> None:
    """Receive Maximum bounds the window, less the packet ids that gmqtt needs, but never to nothing."""
    window = SendWindow()
    for receive_maximum, room in [(20, 18), (3, 1), (1, 1), (65535, 90), (None, 90)]:
        window.reopen(receive_maximum)
        assert window.room(0) == room


def test_a_new_connection_has_nothing_in_flight_but_the_same_rate() -> None:
    """What was in flight is gone with its packet ids; what was sent in this second still counts."""
    window = SendWindow(in_flight_max=90, per_second=10)
    fill(window, 6, at_s=0)
    window.reopen(None)
    assert len(window) == 0
    assert window.oldest is None
    assert window.room(0.5) == 4


def test_qos_0_counts_for_the_rate_only() -> None:
    """A message without packet id is never in flight."""
    window = SendWindow(in_flight_max=5, per_second=5)
    window.sent(None, InFlight((), "t", 0))
    assert len(window) == 0
    assert window.room(0) == 4


def test_the_oldest_is_the_one_sent_first() -> None:
    """The message that has waited longest is known, for the watchdog."""
    window = SendWindow()
    fill(window, 1, at_s=1.0, first=7)
    fill(window, 1, at_s=2.0, first=3)
    assert window.oldest == InFlight((7,), "t", 1.0)
    window.acked(7)
    assert window.oldest == InFlight((3,), "t", 2.0)
