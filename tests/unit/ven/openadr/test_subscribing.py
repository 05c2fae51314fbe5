"""The subscription of a VEN: healthy while the VTN calls, and polls as ever where it does not."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import pytest

from contracts.openadr.ids import ObjectId
from contracts.openadr.objects import OadrSubscription, OadrSubscriptionRequest
from contracts.openadr.times import date_time_text
from ven_twin.ven.openadr.call_health import CallHealth
from ven_twin.ven.openadr.callback import CallbackFile, read_callback
from ven_twin.ven.openadr.errors import VtnBusyError, VtnError, VtnRefusedError, VtnUnreachableError
from ven_twin.ven.openadr.subscribing import PAUSE_MAX_S, RENEW_S, VtnSubscriber

NOW_TS = 1_800_000_000.0
LINK = "https://vtn.example.org house-1"


class SubscriptionsOfVtn:
    """The part of a VTN's client that a subscriber uses."""

    def __init__(self) -> None:
        self.rows: dict[str, OadrSubscription] = {}
        self.calls: list[str] = []
        self.error: VtnError | None = None

    async def subscriptions(self, client_name: str) -> list[OadrSubscription]:
        """All of them."""
        self._called("GET")
        return [row for row in self.rows.values() if row.client_name == client_name]

    async def subscribe(self, request: OadrSubscriptionRequest, token: str) -> OadrSubscription:
        """Make one."""
        self._called("POST")
        assert request.object_operations[0].bearer_token == token
        return self.add(f"s{len(self.calls)}", request)

    async def resubscribe(self, object_id: ObjectId, request: OadrSubscriptionRequest, token: str) -> None:
        """Replace one."""
        self._called("PUT")
        assert request.object_operations[0].bearer_token == token
        if object_id not in self.rows:
            raise VtnRefusedError("no such object", 404)
        self.add(object_id, request)

    async def unsubscribe(self, object_id: ObjectId) -> None:
        """Delete one."""
        self._called("DELETE")
        if self.rows.pop(object_id, None) is None:
            raise VtnRefusedError("no such object", 404)

    def add(self, object_id: str, request: OadrSubscriptionRequest) -> OadrSubscription:
        """Have one."""
        row = OadrSubscription(
            id=ObjectId(object_id),
            created_date_time=date_time_text(NOW_TS),
            modification_date_time=date_time_text(NOW_TS),
            client_id="house-1",
            client_name=request.client_name,
            object_operations=request.object_operations,
        )
        self.rows[object_id] = row
        return row

    def _called(self, method: str) -> None:
        self.calls.append(method)
        if self.error is not None:
            raise self.error


class SubscriberOnStand:
    """A subscriber on clocks that are set by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.vtn, self.seconds = folder, SubscriptionsOfVtn(), 0.0
        self.start()

    def start(self) -> None:
        """As after a restart."""
        client: Any = self.vtn
        self.health = CallHealth()
        self.subscriber = VtnSubscriber(
            client,
            read_callback("https://house.example.org/ven-1"),
            CallbackFile(self.folder),
            LINK,
            "ven-1",
            health=self.health,
            now_s=lambda: self.seconds,
            now_ts=lambda: NOW_TS + self.seconds,
            rng=random.Random(1),
        )


@pytest.fixture
def stand(tmp_path: Path) -> SubscriberOnStand:
    """A subscriber that has no subscription yet."""
    return SubscriberOnStand(tmp_path)


async def test_it_polls_rarely_while_the_vtn_calls(stand: SubscriberOnStand) -> None:
    """From the first subscription on; it is renewed hourly, and nothing is asked between."""
    assert not stand.health.is_healthy
    await stand.subscriber.renew()
    assert stand.health.is_healthy
    await stand.subscriber.renew()
    assert stand.vtn.calls == ["GET", "POST"]
    stand.seconds = RENEW_S
    await stand.subscriber.renew()
    assert stand.vtn.calls == ["GET", "POST", "PUT"]
    assert len(stand.vtn.rows) == 1


async def test_one_subscription_outlives_restarts_and_lost_answers(stand: SubscriberOnStand) -> None:
    """By its id; and by its callback where the id was never told. Others of the client are left alone."""
    await stand.subscriber.renew()
    (first,) = stand.vtn.rows
    other = (
        stand.vtn.rows[first]
        .object_operations[0]
        .__class__(objects=("EVENT",), operations=("CREATE",), callback_url="https://house.example.org/other")
    )
    stand.vtn.add("other", OadrSubscriptionRequest(client_name="ven-1", object_operations=(other,)))
    stand.start()
    await stand.subscriber.renew()
    assert set(stand.vtn.rows) == {first, "other"}
    (stand.folder / "vtn-callback.secret").unlink()
    stand.start()
    await stand.subscriber.renew()
    assert set(stand.vtn.rows) == {first, "other"}
    await stand.subscriber.remove()
    assert set(stand.vtn.rows) == {"other"}
    await stand.subscriber.remove()
    assert not stand.health.is_healthy


async def test_where_it_cannot_be_had_the_ven_polls_as_ever(
    stand: SubscriberOnStand, caplog: pytest.LogCaptureFixture
) -> None:
    """It is tried again after pauses that grow to an hour, and said once."""
    stand.vtn.error = VtnUnreachableError("https://vtn.example.org cannot be reached")
    tried = []
    for second in range(30_000):
        stand.seconds = float(second)
        before = len(stand.vtn.calls)
        await stand.subscriber.renew()
        if len(stand.vtn.calls) > before:
            tried.append(second)
    pauses = [later - earlier for earlier, later in itertools.pairwise(tried)]
    assert min(pauses) >= 30
    assert PAUSE_MAX_S / 4 < max(pauses) <= PAUSE_MAX_S + 1
    assert not stand.health.is_healthy
    assert caplog.text.count("is polled as ever") == 1
    stand.vtn.error = None
    stand.seconds += PAUSE_MAX_S
    await stand.subscriber.renew()
    assert stand.health.is_healthy


async def test_a_pause_that_the_vtn_asks_for_is_the_callers(stand: SubscriberOnStand) -> None:
    """It is for all calls, not for this one alone."""
    stand.vtn.error = VtnBusyError("busy", 60.0)
    with pytest.raises(VtnBusyError):
        await stand.subscriber.renew()
    await stand.subscriber.renew()
    assert stand.vtn.calls == ["GET"]


async def test_a_doubt_is_a_reason_to_poll_as_ever_and_to_ask_again_later(stand: SubscriberOnStand) -> None:
    """A VTN that echoes and does not call would else be believed again at once."""
    await stand.subscriber.renew()
    stand.subscriber.doubt()
    assert not stand.health.is_healthy
    await stand.subscriber.renew()
    assert stand.vtn.calls == ["GET", "POST"]
    stand.seconds = 64.0
    await stand.subscriber.renew()
    assert stand.health.is_healthy
