"""The webhook's address, secret and signature; what a resident reads of an event."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from contracts.errors import FieldError
from contracts.wire.events import DrEvent, Interval, Phase, Signal
from contracts.wire.ids import EventId, VenId
from contracts.wire.notifications import Notification
from contracts.wire.shadow import OptOut
from ven_twin.control.event_history import PastEvent
from ven_twin.control.schedule import EventOrigin, Schedule
from ven_twin.house.tariff import Tariff
from ven_twin.ven.webhook.changes import NotifiedState, VenReading, changes_since
from ven_twin.ven.webhook.receiver import read_receiver
from ven_twin.ven.webhook.signature import signature
from ven_twin.ven.webhook.store import NotificationStore

VEN, EVENT = VenId("ven-1"), EventId("evt-1")
START = 1_800_000_000
SHED = Interval(duration_s=3600, signal=Signal.SHED_KW, value=2.0)
ZONE = ZoneInfo("America/New_York")


class Life:
    """A VEN whose events go by, and whoever is told of them."""

    def __init__(self, *, tariff: Tariff | None = None) -> None:
        self.schedule, self.notified, self.now = Schedule(), NotifiedState(), float(START)
        self.past: tuple[PastEvent, ...] = ()
        self.opt_out: OptOut | None = None
        self.down_ts: float | None = None
        self.tariff = tariff

    def offer(self, *intervals: Interval, revision: int = 0, in_s: int = 7200) -> None:
        """An event by shadow."""
        event = DrEvent(event_id=EVENT, revision=revision, start_ts=START + in_s, intervals=intervals)
        self.schedule, _ = self.schedule.offer(event, EventOrigin.SHADOW, VEN, self.now)

    def look(self, after_s: float = 1.0) -> list[Notification]:
        """The notifications of so much later."""
        self.now += after_s
        self.schedule, _ = self.schedule.announce(self.now)
        events = self.schedule.events.values()
        ven = VenReading(VEN, self.now, events, self.past, self.opt_out, self.down_ts, ZONE, self.tariff)
        self.notified, notifications = changes_since(self.notified, ven, 300.0)
        return notifications

    def kinds(self, after_s: float = 1.0) -> list[str]:
        """The kinds of these notifications."""
        return [each.kind.value for each in self.look(after_s)]


def past(delivered_kwh: float | None, ended: Phase = Phase.COMPLETED) -> PastEvent:
    """The event that is over."""
    return PastEvent(
        event_id=EVENT,
        start_ts=START + 7200,
        end_ts=START + 10_800,
        ended=ended,
        requested_kw=2.0,
        requested_kwh=2.0,
        delivered_kw=delivered_kwh,
        delivered_kwh=delivered_kwh,
    )


def test_an_event_is_told_in_words_with_kwh_and_money() -> None:
    """Times in the house's zone, the kWh of its own meter, money by its tariff where it has one."""
    life = Life(tariff=Tariff(currency="USD", price=0.2, incentive_kwh=0.5))
    life.offer(SHED)
    assert [each.text for each in life.look()] == [
        "An event calls this house: 2.00 kW less for 1 h from Fri 15 Jan 05:00 EST."
    ]
    assert [each.text for each in life.look(7200)] == [
        "The event has begun: 2.00 kW less for 1 h from Fri 15 Jan 05:00 EST."
    ]
    life.past = (past(1.75),)
    (ended,) = life.look(3600)
    assert (
        ended.text
        == "The event has ended: 1.75 kWh less were drawn, 0.35 USD saved so far, 0.88 USD of pay to expect."
    )
    assert (ended.delivered_kwh, ended.saved, ended.expected_pay, ended.currency) == (1.75, 0.35, 0.88, "USD")
    assert life.kinds(100) == []


def test_without_a_tariff_no_money_is_told() -> None:
    """The house file names none, so nothing is made up."""
    life = Life()
    life.offer(SHED, in_s=0)
    assert life.kinds() == ["announced", "begun"]
    life.past = (past(-0.05),)
    (ended,) = life.look(3600)
    assert ended.text == "The event has ended: 0.050 kWh more were drawn."
    assert (ended.saved, ended.expected_pay, ended.currency) == (None, None, None)


@pytest.mark.parametrize(("value", "kinds"), [(1.9, []), (2.1, []), (1.0, ["revised"]), (3.0, ["revised"])])
def test_a_share_that_moves_little_is_not_told(value: float, kinds: list[str]) -> None:
    """The cloud shares a running event out each minute; a resident hears of a tenth or more."""
    life = Life()
    life.offer(SHED)
    life.look()
    life.offer(msgspec.structs.replace(SHED, value=value), revision=1)
    assert life.kinds() == kinds


def test_another_start_is_told_however_small() -> None:
    """A resident may have planned by it."""
    life = Life()
    life.offer(SHED)
    life.look()
    life.offer(SHED, revision=1, in_s=7260)
    (revised,) = life.look()
    assert (revised.kind.value, revised.start_ts) == ("revised", START + 7260)


def test_a_cancellation_has_what_was_cancelled() -> None:
    """A cancellation has the intervals that were told, since a cancelled event has none."""
    life = Life()
    life.offer(SHED)
    life.look()
    life.offer(revision=1)
    (cancelled,) = life.look()
    assert (cancelled.kind.value, cancelled.intervals) == ("cancelled", (SHED,))


def test_a_resident_who_leaves_is_told_so_and_not_of_what_never_began() -> None:
    """The opt-out is told once, with its end; the event that it ends before its begin is not."""
    life = Life()
    life.offer(SHED)
    life.look()
    life.opt_out = OptOut(reason="party", until_ts=START + 90_000)
    life.schedule = life.schedule.end([EVENT], Phase.OPTED_OUT, life.now)
    (left,) = life.look()
    assert left.text == "This house takes no part in events until Sat 16 Jan 04:00 EST."
    assert (left.kind.value, left.reason, left.until_ts) == ("optedOut", "party", START + 90_000)
    life.opt_out = None
    assert life.kinds() == ["optedIn"]


def test_an_event_that_the_resident_left_has_ended() -> None:
    """The kWh that it delivered until then are told."""
    life = Life()
    life.offer(SHED, in_s=0)
    life.look()
    life.opt_out, life.past = OptOut(), (past(0.5, Phase.OPTED_OUT),)
    life.schedule = life.schedule.end([EVENT], Phase.OPTED_OUT, life.now)
    ended, left = life.look()
    assert (ended.kind.value, ended.reason, ended.delivered_kwh) == ("ended", "optedOut", 0.5)
    assert left.kind.value == "optedOut"


def test_a_short_loss_of_the_link_is_not_told() -> None:
    """Only what lasts is, with how long it lasted once it is back; also when the VEN restarted meanwhile."""
    life = Life()
    life.down_ts = life.now
    assert life.kinds(299) == []
    assert life.kinds(1) == ["linkLost"]
    assert life.kinds(600) == []
    life.notified = msgspec.json.decode(msgspec.json.encode(life.notified), type=NotifiedState)
    life.down_ts = None
    (back,) = life.look(100)
    assert (back.kind.value, back.away_s) == ("linkBack", 1000)
    assert back.text == "The link to the utility is back after 16 min 40 s."


@pytest.mark.parametrize(
    ("url", "plain", "why"),
    [
        ("", False, "no address"),
        ("ftp://home.example.org", False, "no address"),
        ("https://", False, "no address"),
        ("https://home:0/x", False, "no address"),
        ("https://home:x/", False, "no address"),
        ("https://home/a b", False, "no address"),
        ("https://user:pass@home/x", False, "user, password"),
        ("http://192.168.1.2/x", False, "--webhook-plain-http"),
        ("http://8.8.8.8/x", True, "private address of the home"),
        ("http://[2001:4860:4860::8888]/x", True, "private address of the home"),
    ],
)
def test_an_address_that_cannot_be_is_refused(url: str, plain: bool, why: str) -> None:
    """In one line by its option, without what may be a secret in it."""
    with pytest.raises(FieldError, match=why) as refused:
        read_receiver(url, secret_file=None, plain_http=plain)
    assert refused.value.field == "--webhook"
    assert "pass@" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://home.example.org/api/webhook/abc?x=1", False),
        ("http://127.0.0.1:8123/x", True),
        ("http://192.168.1.2/x", True),
        ("http://homeassistant.local:8123/x", True),
    ],
)
def test_an_address_at_home_or_by_https_is_taken(url: str, plain: bool) -> None:
    """A name is judged when it is connected to; a log shows the host alone."""
    receiver = read_receiver(url, secret_file=None, plain_http=plain)
    assert receiver.url == url
    assert "/x" not in receiver.place
    assert "abc" not in receiver.place


@pytest.mark.parametrize(
    ("content", "mode", "why"), [(b"short", 0o600, "16 to 4096"), (b"x" * 20, 0o644, "chmod 600")]
)
def test_a_secret_that_others_read_or_guess_is_refused(
    tmp_path: Path, content: bytes, mode: int, why: str
) -> None:
    """By its option, and the secret is not in the line."""
    file = tmp_path / "secret"
    file.write_bytes(content)
    file.chmod(mode)
    with pytest.raises(FieldError, match=why) as refused:
        read_receiver("https://home/x", secret_file=file, plain_http=False)
    assert refused.value.field == "--webhook-secret-file"


def test_the_signature_is_what_the_guide_says() -> None:
    """HMAC-SHA256 over time, dot and body."""
    secret, body = b"0123456789abcdef", b'{"id":"n1"}'
    mac = hmac.new(secret, b"1800000000." + body, hashlib.sha256).hexdigest()
    assert signature(secret, body, START) == f"t=1800000000,v1={mac}"


def test_a_damaged_file_is_begun_anew(tmp_path: Path) -> None:
    """The VEN goes on; what waited is lost, and what is told next is kept again."""
    file = tmp_path / "notifications.sqlite"
    file.write_bytes(b"no database" * 1000)
    store = NotificationStore(tmp_path)
    assert store.notified() is None
    assert store.put(NotifiedState(opted_out=True), [], START)
    assert store.notified() == NotifiedState(opted_out=True)
    store.close()
