"""The HTTP API as deployed: who may call, and that the CLI through it says what it says without it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

from contracts.api.resources import NewEvent
from contracts.store.stack import StackOutput
from contracts.wire.events import Interval, Signal
from local_cloud.runtime import REGION
from tests.e2e.conftest import until
from ven_twin.operations.aggregator.by_api import ApiAggregator
from ven_twin.operations.aggregator.by_functions import DirectAggregator
from ven_twin.operations.aggregator.cloud import Access
from ven_twin.operations.aggregator.protocol import RefusedError

if TYPE_CHECKING:
    from tests.e2e.conftest import System

Call = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def url(system: System) -> str:
    """Where the API answers."""
    return system.cloud.output(StackOutput.API_URL)


@pytest.fixture(scope="module")
def operator(system: System) -> Credentials:
    """Who may call everything."""
    return Credentials(system.runtime.access_key_id, system.runtime.secret_access_key)


@pytest.fixture(scope="module")
def call(url: str) -> Call:
    """A call, signed by whoever is given."""
    http = URLLib3Session()

    def send(
        method: str, path: str, signer: Credentials | None, body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        sent = dict(headers) | ({"Content-Type": "application/json"} if body is not None else {})
        data = b"" if body is None else json.dumps(body).encode()
        request = AWSRequest(method, f"{url}{path}", data=data, headers=sent)
        if signer is not None:
            SigV4Auth(signer, "execute-api", REGION).add_auth(request)
        answer = http.send(request.prepare())
        return answer.status_code, json.loads(answer.content) if answer.content else None

    return send


@pytest.fixture(scope="module")
def reader(system: System, url: str) -> Iterator[Credentials]:
    """A user who may read one VEN and nothing else."""
    iam = system.cloud.client("iam")
    iam.create_user(UserName="reader")
    arn = f"arn:aws:execute-api:{REGION}:000000000000:{url.rpartition('/')[2]}/$default/GET/vens/ven-1"
    allowed = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": [arn, f"{arn}/*"]}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="reader", PolicyName="one", PolicyDocument=document)
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    yield Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    iam.delete_access_key(UserName="reader", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="reader", PolicyName="one")
    iam.delete_user(UserName="reader")


def test_a_signed_call_is_answered(call: Call, operator: Credentials) -> None:
    """The VEN that runs is there, online, with what it measures."""
    status, ven = call("GET", "/vens/ven-1", operator)
    assert (status, ven["online"], ven["latest"]["usedPowerKw"] != 0) == (200, True, True)


@pytest.mark.parametrize("path", ["/vens", "/events", "/fleet", "/openapi.json", "/nothing/at/all", "/"])
def test_an_unsigned_call_is_refused(call: Call, path: str) -> None:
    """No route, not even one that is not there, is open to who does not sign."""
    assert call("GET", path, None)[0] == 403


@pytest.mark.parametrize("authorization", ["Bearer x", "Basic eDp5", "AWS4-HMAC-SHA256 x"])
def test_another_kind_of_authorization_is_no_signature(call: Call, authorization: str) -> None:
    """Whatever else stands in the header is refused."""
    assert call("GET", "/vens", None, Authorization=authorization)[0] == 403


def test_a_wrong_signature_is_refused(call: Call, operator: Credentials, reader: Credentials) -> None:
    """A key that is not the caller's, a key that nobody has, the emulator's own default."""
    for signer in (
        Credentials(operator.access_key, "wrong"),
        Credentials(reader.access_key, "wrong"),
        Credentials("AKIAUNKNOWN000000000", "wrong"),
        Credentials("test", "test"),
        Credentials("000000000000", "test"),
    ):
        assert call("GET", "/vens", signer)[0] == 403


def test_a_caller_may_do_what_its_policy_says_and_no_more(call: Call, reader: Credentials) -> None:
    """execute-api:Invoke on one VEN's paths lets read these; every other path and method is refused."""
    assert call("GET", "/vens/ven-1", reader)[0] == 200
    assert call("GET", "/vens/ven-1/telemetry", reader)[0] == 200
    for method, path in (
        ("GET", "/vens"),
        ("GET", "/vens/ven-2"),
        ("GET", "/vens/ven-2/telemetry"),
        ("POST", "/vens/ven-1/commands"),
        ("GET", "/fleet"),
        ("POST", "/events"),
    ):
        assert call(method, path, reader)[0] == 403, f"{method} {path}"


def test_what_the_function_refuses_is_a_problem(call: Call, operator: Credentials) -> None:
    """Through the gateway as in the function: the type, the field, the methods that there are."""
    status, problem = call("GET", "/vens?limit=0", operator)
    assert (status, problem["field"]) == (400, "limit")
    status, problem = call("PATCH", "/events", operator)
    assert (status, problem["detail"]) == (405, "allowed: GET, POST")
    assert call("GET", "/nowhere", operator)[0] == 404


def test_telemetry_is_read_page_by_page(system: System, call: Call, operator: Credentials) -> None:
    """Rows of the last hour, each once."""
    until(lambda: len(system.rows("ven-1")) >= 4, "telemetry")
    _, first = call("GET", "/vens/ven-1/telemetry?limit=2", operator)
    _, second = call("GET", f"/vens/ven-1/telemetry?limit=2&cursor={first['next']}", operator)
    seqs = [row["seq"] for page in (first, second) for row in page["items"]]
    assert len(set(seqs)) == 4
    status, problem = call("GET", f"/vens/ven-2/telemetry?cursor={first['next']}", operator)
    assert (status, problem["field"]) == (400, "cursor")


def test_the_cli_says_the_same_through_the_api(system: System, url: str) -> None:
    """create, show, revise, list, cancel, delete, cmd and fleet status, both ways."""
    start = ["--start", "2099-01-01T00:00:00Z"]
    created = system.json(
        "event", "create", "--interval", "10m:shedKw=1", "--interval", "5m:shedKw=0.5", *start, "--api", url
    )
    event_id = created["eventId"]
    assert [assignment["venId"] for assignment in created["assignments"]] == ["ven-1"]
    for arguments in (["event", "show", event_id], ["event", "list"]):
        assert system.json(*arguments, "--api", url) == system.json(*arguments)
        direct, through = system.cli(*arguments), system.cli(*arguments, "--api", url)
        assert (through.returncode, through.stdout) == (0, direct.stdout)
    system.json("event", "revise", event_id, "--priority", "3", "--api", url)
    shown = system.json("event", "show", event_id)["event"]
    assert (shown["priority"], len(shown["intervals"])) == (3, 2)
    system.json("event", "revise", event_id, "--interval", "1m:shedKw=0.5")
    assert len(system.json("event", "show", event_id, "--api", url)["event"]["intervals"]) == 1
    assert system.json("event", "cancel", event_id, "--api", url)["eventId"] == event_id
    system.json("event", "delete", event_id, "--api", url)
    assert event_id not in {event["eventId"] for event in system.json("event", "list")}
    assert system.json("cmd", "ven-1", "--op", "ping", "--api", url)["pong"] is True


def test_a_change_on_condition_is_refused_both_ways_when_it_does_not_hold(system: System, url: str) -> None:
    """Cancel and delete with an old etag change nothing; with the right one they are done."""
    operator = Access(
        "local",
        region=REGION,
        access_key_id=system.runtime.access_key_id,
        secret_access_key=system.runtime.secret_access_key,
    )
    interval = Interval(duration_s=60, signal=Signal.SHED_KW, value=0.1)
    for way in (ApiAggregator(url, operator), DirectAggregator(system.cloud)):
        made = [
            way.create_event(NewEvent(intervals=(interval,), start_ts=4_000_000_000 + n)) for n in range(3)
        ]
        ids = [each.event_id for each in made]
        listed = [event.event_id for event in way.events(page=1)]
        assert [event_id for event_id in listed if event_id in ids] == ids[::-1]
        for change in (way.cancel_event, way.delete_event):
            with pytest.raises(RefusedError) as refused:
                change(ids[0], etag="old")
            assert refused.value.code == "preconditionFailed"
        assert way.event(ids[0]).cancelled_ts is None
        way.cancel_event(ids[0], etag=made[0].etag)
        assert way.event(ids[0]).cancelled_ts is not None
        for event_id in ids:
            way.delete_event(event_id, etag=way.event(event_id).etag)


def test_the_fleet_is_the_same_both_ways(system: System, url: str) -> None:
    """The API and the tables give one account of who is there."""
    through, direct = system.json("fleet", "status", "--api", url), system.json("fleet", "status")
    for fleet in (through, direct):
        assert fleet["known"] == len(fleet["vens"])
        assert {ven["venId"]: ven["standing"] for ven in fleet["vens"]}["ven-1"] == "ready"
    assert [ven["venId"] for ven in through["vens"]] == [ven["venId"] for ven in direct["vens"]]
    assert "ven-1" in system.cli("fleet", "status").stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["event", "create", "--shed-kw", "-1", "--duration", "10s"], "--shed-kw"),
        (["event", "create", "--shed-kw", "1", "--duration", "10s", "--target", "nobody"], "--target: "),
        (["event", "create", "--interval", "soon"], "--interval"),
        (["event", "create", "--interval", "10s:shedKw=1", "--level", "1"], "--interval"),
        (["event", "show", "nothing"], "EVENT: no event 'nothing'"),
        (["event", "revise", "nothing", "--priority", "1"], "EVENT"),
        (["event", "delete", "nothing"], "EVENT"),
        (["event", "cancel", "nothing"], "EVENT"),
        (["event", "report", "nothing"], "EVENT"),
        (["cmd", "nobody", "--op", "ping"], "VEN"),
        (["cmd", "ven-1", "--op", "explode"], "--op"),
    ],
)
def test_a_problem_is_one_line_that_names_the_field(
    system: System, url: str, arguments: list[str], named: str
) -> None:
    """The same mistake is told alike through the API and without it."""
    for way in (["--api", url], []):
        done = system.cli(*arguments, *way)
        assert done.returncode != 0
        assert named in done.stderr, way
        assert len(done.stderr.strip().splitlines()) == 1


def test_an_address_that_is_none_is_told(system: System) -> None:
    """Nothing is signed for plain http beyond this machine, or for no address at all."""
    for address in ("example.org", "http://example.org", "https://h/?x=1", ""):
        done = system.cli("fleet", "status", "--api", address)
        assert "--api" in done.stderr, address
        assert done.returncode == 2
