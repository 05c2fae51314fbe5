"""python-oa3-client, which others wrote, drives the VTN by TLS: programs, events, VENs and what is theirs."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx
import pendulum
import pytest
from openadr3.auth import fetch_token
from openadr3.entities.models import Event, Program, Report, Resource, Subscription, Ven
from openadr3_client import BlClient, VenClient

from contracts.openadr.scopes import Role
from tests.e2e.conftest import System
from tests.support import leaks
from tests.support.outside_vtn import OutsideVtn, outside_vtn
from tests.support.tls_proxy import tls_proxy
from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.pki import Authority

START = "2030-06-01T12:00:00Z"
EVENT = {
    "eventName": "peak",
    "priority": 1,
    "intervalPeriod": {"start": START, "duration": "PT30M", "randomizeStart": "PT5M"},
    "payloadDescriptors": [
        {"objectType": "EVENT_PAYLOAD_DESCRIPTOR", "payloadType": "PRICE", "units": "KWH", "currency": "USD"}
    ],
    "reportDescriptors": [{"payloadType": "USAGE", "units": "KWH"}],
    "intervals": [
        {"id": 0, "payloads": [{"type": "PRICE", "values": [0.17]}]},
        {"id": 1, "payloads": [{"type": "PRICE", "values": [0.42]}]},
    ],
}


@pytest.fixture(scope="module")
def authority() -> Authority:
    """A CA of the tests' own."""
    return Authority()


@pytest.fixture(scope="module")
def vtn(
    system: System, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OutsideVtn]:
    """The VTN behind a proxy that has TLS, as its clients reach it; each address that it tells is HTTPS."""
    folder = tmp_path_factory.mktemp("proxy")
    with outside_vtn(system.cloud) as plain, tls_proxy(plain.url, authority, folder) as url:
        context = ssl.create_default_context(cadata=authority.certificate)
        with httpx.Client(trust_env=False, timeout=GIVE_UP_S, verify=context) as http:
            yield replace(plain, http=http, url=url)


@pytest.fixture(autouse=True)
def _environment(
    monkeypatch: pytest.MonkeyPatch, vtn: OutsideVtn, authority: Authority, tmp_path: Path
) -> None:
    """Its clients of HTTP go by the environment, and wait 5 s: the VTN has been called before."""
    (tmp_path / "ca.pem").write_text(authority.certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    assert vtn.http.get(f"{vtn.url}/auth/server").json()["tokenURL"].startswith("https://")


@contextmanager
def signed_in(
    vtn: OutsideVtn, kind: type[BlClient | VenClient], role: Role
) -> Iterator[BlClient | VenClient]:
    """A client of theirs, which gets its token by itself at the address that /auth/server names."""
    client_id = vtn.client_id(vtn.client(role.value, role))
    with kind(url=vtn.url, client_id=client_id, client_secret=vtn.secrets[client_id]) as client:
        assert client.token
        leaks.known.add(client.token)
        yield client


@pytest.fixture
def bl(vtn: OutsideVtn) -> Iterator[BlClient | VenClient]:
    """The business logic."""
    with signed_in(vtn, BlClient, Role.BL) as client:
        yield client


@pytest.fixture
def ven(vtn: OutsideVtn) -> Iterator[BlClient | VenClient]:
    """A VEN, which has registered itself."""
    with signed_in(vtn, VenClient, Role.VEN) as client:
        yield client.register(f"ven-{uuid4().hex[:8]}")


def test_a_program_and_its_event_reach_the_ven(bl: BlClient, ven: VenClient) -> None:
    """As their models read them: times, durations, prices; after a change, and gone after the deletion."""
    name = f"program-{uuid4().hex[:8]}"
    program = bl.api._coerce_one(bl.create_program({"programName": name, "programDescriptions": None}))
    assert isinstance(program, Program)
    assert program.program_name == name
    assert ven.resolve_program_id(name) == program.id
    made = bl.api._coerce_one(bl.create_event({**EVENT, "programID": program.id}))
    assert isinstance(made, Event)
    (seen,) = ven.poll_events(name)
    assert seen.id == made.id
    assert seen.interval_period is not None
    assert seen.interval_period.start == pendulum.parse(START)
    assert seen.interval_period.duration == pendulum.duration(minutes=30)
    prices = [float(interval.payloads[0].values[0]) for interval in seen.intervals or ()]
    assert prices == [0.17, 0.42]
    assert ven.events(programID=program.id, active=True, limit=50) == ven.events(programID=program.id)
    changed = bl.update_event(made.id, {**EVENT, "programID": program.id, "eventName": "later"})
    assert changed.status_code == 200
    assert ven.event(made.id).event_name == "later"
    assert ven.create_event({**EVENT, "programID": program.id}).status_code == 403
    assert bl.delete_event(made.id).json()["id"] == made.id
    assert ven.get_event_by_id(made.id).status_code == 404
    assert bl.delete_program(program.id).status_code == 200
    assert ven.find_program_by_name(name) is None


def test_a_ven_registers_once_and_has_its_resources(bl: BlClient, ven: VenClient) -> None:
    """Registering again finds it; the targets that the business logic gives it are what it sees by."""
    first = ven.ven_id
    assert ven.register(str(ven.ven_name)).ven_id == first
    resource = {"objectType": "VEN_RESOURCE_REQUEST", "resourceName": "meter", "venID": first}
    assert ven.create_resource(resource).status_code == 201
    (meter,) = ven.resources(venID=first)
    assert isinstance(meter, Resource)
    assert meter.resource_name == "meter"
    (found,) = bl.vens(venName=ven.ven_name)
    assert isinstance(found, Ven)
    program = bl.create_program({"programName": f"targeted-{uuid4().hex[:8]}", "targets": ["group-1"]}).json()
    assert ven.get_program_by_id(program["id"]).status_code == 404
    body = {"objectType": "BL_VEN_REQUEST", "clientID": found.client_id, "venName": found.ven_name}
    assert bl.update_ven(found.id, {**body, "targets": ["group-1"]}).status_code == 200
    assert ven.program(program["id"]).targets == ["group-1"]
    assert ven.ven(first).targets == ["group-1"]
    assert bl.delete_program(program["id"]).status_code == 200


def test_a_report_of_a_ven_is_read_by_the_business_logic(bl: BlClient, ven: VenClient) -> None:
    """Its values, and whose it is; the business logic writes none."""
    program = bl.create_program({"programName": f"reported-{uuid4().hex[:8]}"}).json()
    event = bl.create_event({**EVENT, "programID": program["id"]}).json()
    usage = {"id": 0, "payloads": [{"type": "USAGE", "values": [1.25]}]}
    body = {
        "eventID": event["id"],
        "clientName": ven.ven_name,
        "reportName": "usage",
        "resources": [{"resourceName": "meter", "intervals": [usage]}],
    }
    made = ven.create_report(body)
    assert made.status_code == 201, made.text
    (report,) = bl.reports(programID=program["id"])
    assert isinstance(report, Report)
    assert report.resources[0].intervals[0].payloads[0].values == [1.25]
    assert report.client_id == made.json()["clientID"]
    assert bl.create_report(body).status_code == 403
    assert (
        ven.update_report(report.id, {**body, "reportName": "corrected"}).json()["reportName"] == "corrected"
    )
    assert ven.delete_report(report.id).status_code == 200
    assert bl.reports(eventID=event["id"]) == []


def test_a_subscription_is_its_clients_own(bl: BlClient, ven: VenClient) -> None:
    """Made, changed, listed by what it is for, and deleted; a callback that is no HTTPS is refused."""
    program = bl.create_program({"programName": f"subscribed-{uuid4().hex[:8]}"}).json()
    body = {"clientName": ven.ven_name, "programID": program["id"], "objectOperations": []}
    made = ven.create_subscription(body)
    assert made.status_code == 201, made.text
    (listed,) = ven.subscriptions(clientName=ven.ven_name, programID=program["id"])
    assert isinstance(listed, Subscription)
    assert listed.program_id == program["id"]
    operations = {"objects": ["EVENT"], "operations": ["CREATE"], "callbackUrl": "http://127.0.0.1:1/a"}
    assert ven.create_subscription({**body, "objectOperations": [operations]}).status_code == 400
    assert ven.update_subscription(listed.id, {**body, "programID": None}).json().get("programID") is None
    assert ven.delete_subscription(listed.id).status_code == 200
    assert ven.get_subscription_by_id(listed.id).status_code == 404


def test_its_notifiers_are_read(ven: VenClient) -> None:
    """Webhooks always; a broker where there is one, with topics for the VEN's own objects."""
    notifiers = ven.discover_notifiers()
    assert notifiers is not None
    assert notifiers["WEBHOOK"] is True
    topics = ven.get_mqtt_topics_ven_events()
    assert topics.status_code == (200 if ven.vtn_supports_mqtt() else 404)
    assert len(ven.get_mqtt_broker_uris()) == ven.vtn_supports_mqtt()


def test_a_wrong_secret_gets_no_token(vtn: OutsideVtn) -> None:
    """Their client raises with the status that it goes by."""
    with pytest.raises(httpx.HTTPStatusError, match="401"):
        fetch_token(vtn.url, "nobody", "wrong-secret")


def test_a_vtn_of_another_authority_gets_no_secret(
    vtn: OutsideVtn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Their client verifies the certificate, here by an authority that has not signed it."""
    (tmp_path / "other.pem").write_text(Authority().certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        fetch_token(vtn.url, "nobody", "wrong-secret")
