"""A VTN that calls the VEN when something has changed: asked for once, believed in nothing."""

from __future__ import annotations

import asyncio
import json
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import FieldError
from tests.support.loopback_calls import VtnCalls
from tests.support.loopback_vtn import LoopbackVtn, serving_vtn
from tests.support.mosquitto import free_port
from tests.support.oadr_ven_stand import VenOnStand, acting, add_event, until
from ven_twin.testing.pki import Authority
from ven_twin.ven.mqtt.session_status import SessionState
from ven_twin.ven.openadr import callback_server, subscribing
from ven_twin.ven.openadr.callback import FILE, VtnCallback, read_callback

RARELY_S = 3600.0


@dataclass
class CalledVen:
    """A VEN that its VTN calls."""

    stand: VenOnStand
    vtn: LoopbackVtn
    calls: VtnCalls
    callback: VtnCallback

    def running(self) -> Any:
        """The twin, running."""
        return self.stand.running(callback=self.callback, called_poll_s=RARELY_S)

    def killed(self) -> Any:
        """The twin, running until it is killed."""
        return self.stand.killed(callback=self.callback, called_poll_s=RARELY_S)

    @property
    def token(self) -> str:
        """The token of its callback."""
        return str(json.loads((self.stand.folder / FILE).read_text())["token"])

    def polls(self) -> int:
        """Count the looks at the VTN's events."""
        return self.vtn.called("GET", "/events")


@pytest.fixture
def called(stand: VenOnStand, vtn: LoopbackVtn, authority: Authority, tmp_path: Path) -> CalledVen:
    """A VEN with a callback on loopback, which polls once an hour while it is called."""
    pair = authority.issue("house")
    (tmp_path / "callback.pem").write_text(pair.certificate + pair.key)
    port = free_port()
    callback = read_callback(f"https://localhost:{port}/ven-1", port=port, cert=tmp_path / "callback.pem")
    calls = VtnCalls(vtn, authority.certificate)
    vtn.echoes = calls.echoes
    return CalledVen(stand, vtn, calls, callback)


@pytest.mark.parametrize(("below", "encodes_twice"), [(False, False), (True, True)])
async def test_a_call_wakes_the_poll(
    called: CalledVen, below: bool, encodes_twice: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """In both ways to ask for an echo and to write a notification; the event is the VTN's, not the body's."""
    called.calls.below, called.calls.encodes_twice = below, encodes_twice
    with serving_vtn(called.vtn):
        async with called.running() as twin:
            await until(lambda: twin.status.state is SessionState.CONNECTED)
            (subscription,) = called.vtn.all("subscriptions")
            (operations,) = subscription["objectOperations"]
            assert (subscription["clientName"], operations["callbackUrl"]) == ("ven-1", called.callback.url)
            assert {"PROGRAM", "EVENT"} <= set(operations["objects"])
            assert operations["operations"] == ["CREATE", "UPDATE", "DELETE"]
            event_id = add_event(called.vtn, 2)
            polled = called.polls()
            assert await called_with(called, "EVENT", "CREATE", id="another") == [200]
            await until(lambda: acting(twin) == event_id)
            assert called.polls() <= polled + 1
        assert called.vtn.all("subscriptions") == []
    assert called.token not in caplog.text


async def called_with(called: CalledVen, kind: str, operation: str, **body: Any) -> list[int]:
    """The answers of the VEN to calls that are made beside its loop."""
    return await asyncio.to_thread(called.calls.tell, kind, operation, **body)


async def test_calls_without_the_token_wake_nothing(called: CalledVen) -> None:
    """Nor does one that is no notification, of another path, or too long; each is answered."""
    body = b'{"objectType": "EVENT", "operation": "CREATE", "object": {}}'
    with serving_vtn(called.vtn):
        async with called.running() as twin:
            await until(lambda: twin.status.state is SessionState.CONNECTED)
            polled = called.polls()

            async def post(content: bytes, bearer: str | None, path: str = "") -> int:
                return await asyncio.to_thread(
                    called.calls.post, f"{called.callback.url}{path}", content, bearer
                )

            assert await post(body, None) == 401
            assert await post(body, "x" * 43) == 401
            assert await post(body, called.token, "/other") == 404
            for wrong in (b"{}", b"[]", b'"text"', b"[" * 5000, b"\xff", b""):
                assert await post(wrong, called.token) == 400
            too_long = b" " * (callback_server.BODY_MAX_BYTES + 100_000)
            assert await post(too_long, called.token) in {413, 0}
            assert called.polls() == polled
            assert await post(body, called.token) == 200
            await until(lambda: called.polls() == polled + 1)


async def test_calls_that_never_end_keep_no_other_waiting_for_ever(
    called: CalledVen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each connection has its time, and no more than some are open."""
    monkeypatch.setattr(callback_server, "CALL_S", 0.5)
    with serving_vtn(called.vtn):
        async with called.running() as twin:
            await until(lambda: twin.status.state is SessionState.CONNECTED)
            silent = [
                socket.create_connection(("127.0.0.1", called.callback.port))
                for _ in range(callback_server.CALLS_MAX)
            ]
            try:
                event_id = add_event(called.vtn, 1)
                await until_called(called)
                await until(lambda: acting(twin) == event_id)
            finally:
                for each in silent:
                    each.close()


async def until_called(called: CalledVen) -> None:
    """Call until the VEN takes it."""
    while await called_with(called, "EVENT", "CREATE") != [200]:
        pass


async def test_many_calls_are_few_polls(called: CalledVen) -> None:
    """All that comes within a second is polled for once."""
    with serving_vtn(called.vtn):
        async with called.running() as twin:
            await until(lambda: twin.status.state is SessionState.CONNECTED)
            polled = called.polls()
            for _ in range(8):
                assert await called_with(called, "EVENT", "UPDATE") == [200]
            await until(lambda: called.polls() > polled)
            assert called.polls() <= polled + 3


async def test_a_subscription_is_one_over_restarts(called: CalledVen) -> None:
    """One that a killed VEN has left is replaced, with the token of before; the file is the user's alone."""
    with serving_vtn(called.vtn):
        async with called.killed() as twin:
            await until(lambda: twin.status.state is SessionState.CONNECTED)
        (first,) = called.vtn.all("subscriptions")
        token = called.token
        assert stat.S_IMODE((called.stand.folder / FILE).stat().st_mode) == 0o600
        async with called.killed() as twin:
            await until(lambda: twin.status.state is SessionState.CONNECTED)
            (second,) = called.vtn.all("subscriptions")
            assert (second["id"], called.token) == (first["id"], token)
        (called.stand.folder / FILE).unlink()
        async with called.running() as twin:
            await until(lambda: twin.status.state is SessionState.CONNECTED)
            (third,) = called.vtn.all("subscriptions")
            assert third["id"] == first["id"]
            assert called.token != token
            assert await called_with(called, "EVENT", "CREATE") == [200]
    assert called.vtn.all("subscriptions") == []


async def test_a_callback_that_is_refused_is_replaced_by_polls(
    called: CalledVen, caplog: pytest.LogCaptureFixture
) -> None:
    """As often as without one, while the VTN cannot reach the VEN; the log says so."""
    called.vtn.echoes = lambda _: False
    with serving_vtn(called.vtn):
        async with called.running() as twin:
            await until(lambda: twin.status.state is SessionState.CONNECTED)
            event_id = add_event(called.vtn, 1)
            await until(lambda: acting(twin) == event_id)
    assert "is polled as ever" in caplog.text
    assert called.vtn.all("subscriptions") == []


async def test_a_subscription_that_is_gone_is_made_again(
    called: CalledVen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the VTN has it no more when it is renewed."""
    monkeypatch.setattr(subscribing, "RENEW_S", 0.0)
    with serving_vtn(called.vtn):
        async with called.running() as twin:
            await until(lambda: twin.status.state is SessionState.CONNECTED)
            (first,) = called.vtn.all("subscriptions")
            assert await called_with(called, "PROGRAM", "UPDATE") == [200]
            called.vtn.delete("subscriptions", first["id"])
            (second,) = await until(lambda: called.vtn.all("subscriptions"))
            assert second["id"] != first["id"]


async def test_a_vtn_that_forgot_its_subscriptions_while_it_was_away_has_them_again(
    called: CalledVen,
) -> None:
    """As soon as it is back; what happened meanwhile is polled for."""
    with serving_vtn(called.vtn):
        port = int(called.vtn.url.split(":")[2].split("/")[0])
        attached = called.running()
        twin = await attached.__aenter__()
        await until(lambda: twin.status.state is SessionState.CONNECTED)
    assert await called_with(called, "EVENT", "UPDATE") == [200]
    await until(lambda: twin.status.state is SessionState.BACKOFF)
    called.vtn.objects["subscriptions"].clear()
    event_id = add_event(called.vtn, 1)
    with serving_vtn(called.vtn, port=port):
        await until(lambda: acting(twin) == event_id)
        await until(lambda: called.vtn.all("subscriptions"))
        await attached.__aexit__(None, None, None)


async def test_a_vtn_that_tells_no_ven_of_itself_tells_of_events(called: CalledVen) -> None:
    """It refuses the whole subscription, and takes one of programs and events alone."""

    def echoes(subscription: dict[str, Any]) -> bool:
        return subscription["objectOperations"][0]["objects"] == ["PROGRAM", "EVENT"]

    called.vtn.echoes = echoes
    with serving_vtn(called.vtn):
        async with called.running() as twin:
            await until(lambda: twin.status.state is SessionState.CONNECTED)
            assert len(called.vtn.all("subscriptions")) == 1


async def test_a_port_that_is_taken_is_named(called: CalledVen) -> None:
    """In one line, as the option that is to be changed."""
    receiver = callback_server.receiving_calls(called.callback, "token", lambda: None)
    with (
        socket.create_server(("127.0.0.1", called.callback.port)),
        pytest.raises(FieldError, match="--vtn-callback-port"),
    ):
        await receiver.__aenter__()
