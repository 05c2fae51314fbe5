"""A VTN's MQTT broker tells the VEN of changes: by TLS, with the token as the password."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.loopback_vtn import CLIENT, LoopbackVtn, serving_vtn
from tests.support.mosquitto import Mosquitto
from tests.support.oadr_ven_stand import VenOnStand, acting, add_event, until
from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.pki import Authority
from ven_twin.ven.mqtt.gmqtt_link import GmqttLink, LinkOptions, NoOutbox
from ven_twin.ven.mqtt.session_status import SessionState
from ven_twin.ven.openadr import listening
from ven_twin.ven.openadr.tokens import VtnTokens

TOKEN = "a token of the VTN, 4711"
RARELY_S = 3600.0


class BrokerOfVtn(Mosquitto):
    """A broker that asks for a client's token, and lets it listen below ``of/vens``."""

    def tls_listener(self) -> str:
        """The settings of the listener."""
        salt = b"twelve bytes"
        hashed = hashlib.pbkdf2_hmac("sha512", TOKEN.encode(), salt, 101)
        words = [base64.b64encode(each).decode() for each in (salt, hashed)]
        (self.folder / "passwords").write_text(
            "".join(f"{user}:$7$101${'$'.join(words)}\n" for user in ("vtn", CLIENT))
        )
        (self.folder / "acl").write_text(f"user vtn\ntopic of/#\n\nuser {CLIENT}\ntopic read of/vens/#\n")
        for name in ("passwords", "acl"):
            (self.folder / name).chmod(0o600)
        return f"""
listener {self.port} 127.0.0.1
certfile {self.folder}/server.pem
keyfile {self.folder}/server.key
allow_anonymous false
password_file {self.folder}/passwords
acl_file {self.folder}/acl
"""


@dataclass
class ListeningVen:
    """A VEN, its VTN and the VTN's broker."""

    stand: VenOnStand
    vtn: LoopbackVtn
    broker: BrokerOfVtn
    ca_pem: str
    ca: Path

    def running(self) -> Any:
        """The twin, running; it polls once an hour while the broker tells it of changes."""
        return self.stand.running(listens=True, called_poll_s=RARELY_S, ca=self.ca)

    async def publish(self, below: str, payload: bytes = b"{}") -> None:
        """Publish as the VTN would; returns when the broker has it."""
        context = ssl.create_default_context(cadata=self.ca_pem)
        options = LinkOptions(clean_session=True, username="vtn", password=TOKEN)

        async def deliver(*_: object) -> bool:
            return True

        link = GmqttLink("vtn", "3.1.1", 0, deliver, NoOutbox(), options=options)
        try:
            await link.open("localhost", self.broker.port, context, 60, timeout_s=GIVE_UP_S)
            (ven,) = self.vtn.objects["vens"]
            link.send(f"of/vens/{ven}{below}", payload, 0)
        finally:
            await link.close()


@pytest.fixture(autouse=True)
def _log(caplog: pytest.LogCaptureFixture) -> None:
    """All that the log says to a user."""
    caplog.set_level("INFO")


@pytest.fixture
async def home(
    stand: VenOnStand, vtn: LoopbackVtn, authority: Authority, tmp_path: Path
) -> AsyncIterator[ListeningVen]:
    """A VEN whose VTN has a broker."""
    broker = BrokerOfVtn(tmp_path / "broker", authority, authority.issue("broker"))
    vtn.new_token = lambda: TOKEN
    authentication = {"method": "OAUTH2_BEARER_TOKEN", "username": "{clientID}"}
    uris = [f"wss://localhost:{broker.port}/mqtt", f"mqtts://localhost:{broker.port}"]
    vtn.broker = {"URIS": uris, "serialization": "JSON", "authentication": authentication}
    ca = tmp_path / "ca.pem"
    ca.write_text(authority.certificate)
    await broker.start()
    yield ListeningVen(stand, vtn, broker, authority.certificate, ca)
    await broker.kill()


async def test_a_message_wakes_the_poll(home: ListeningVen, caplog: pytest.LogCaptureFixture) -> None:
    """Of whatever topic of the VEN's; its payload is not looked at. The token is in no log."""
    with serving_vtn(home.vtn):
        async with home.running() as twin:
            await until(lambda: "tells of changes by mqtts://localhost" in caplog.text)
            await until(lambda: home.vtn.called("GET", "/events") >= 2)
            await asyncio.sleep(1.0)  # of an hour: the polls that the connection was a reason for are over
            polled = home.vtn.called("GET", "/events")
            event_id = add_event(home.vtn, 2)
            await home.publish("/events/create", b"\xff no JSON")
            await until(lambda: acting(twin) == event_id)
            home.vtn.delete("events", event_id)
            await home.publish("/update")
            await until(lambda: acting(twin) is None)
            assert home.vtn.called("GET", "/events") <= polled + 4
    assert TOKEN not in caplog.text


async def test_without_its_broker_the_ven_polls_as_ever_and_finds_it_again(
    home: ListeningVen, caplog: pytest.LogCaptureFixture
) -> None:
    """Changes meanwhile are polled for; when the broker is back it is listened to."""
    with serving_vtn(home.vtn):
        async with home.running() as twin:
            await until(lambda: "tells of changes by" in caplog.text)
            await home.broker.kill()
            await until(lambda: "polled as ever" in caplog.text)
            event_id = add_event(home.vtn, 1)
            await home.broker.start()
            await until(lambda: acting(twin) == event_id)
            await until(lambda: caplog.text.count("tells of changes by") == 2)
            home.vtn.delete("events", event_id)
            await home.publish("/events/delete")
            await until(lambda: acting(twin) is None)


async def test_a_token_is_renewed_before_it_ends(
    home: ListeningVen, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """By a connection with the next one, and a poll for what came between."""
    monkeypatch.setattr(VtnTokens, "good_s", 1.0)
    with serving_vtn(home.vtn):
        async with home.running() as twin:
            await until(lambda: "tells of changes by" in caplog.text)
            before = home.vtn.called("GET", "/notifiers")
            await until(lambda: home.vtn.called("GET", "/notifiers") > before + 1)
            event_id = add_event(home.vtn, 1)
            await until(lambda: acting(twin) == event_id)
    assert "polled as ever" not in caplog.text


async def test_a_vtn_without_a_broker_is_polled(home: ListeningVen, caplog: pytest.LogCaptureFixture) -> None:
    """The log says so, once."""
    home.vtn.broker = None
    with serving_vtn(home.vtn):
        async with home.running() as twin:
            await until(lambda: twin.status.state is SessionState.CONNECTED)
            await until(lambda: "the VTN has none" in caplog.text)
            event_id = add_event(home.vtn, 1)
            await until(lambda: acting(twin) == event_id)


async def test_a_token_that_the_broker_does_not_take_is_said(
    home: ListeningVen, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Another is fetched each time; polls go on."""
    monkeypatch.setattr(listening, "CONNECT_TIMEOUT_S", 2.0)
    home.vtn.new_token = lambda: "another token, wrong"
    with serving_vtn(home.vtn):
        async with home.running() as twin:
            await until(lambda: "polled as ever" in caplog.text)
            await until(lambda: home.vtn.called("POST", "/auth/token") >= 2)
            assert twin.status.state is SessionState.CONNECTED
    assert "another token" not in caplog.text
