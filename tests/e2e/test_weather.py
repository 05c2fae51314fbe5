"""The main job, a claim, a rotation, and the stack's change and end, in AWS's bad weather."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.store.dead_letters import read_queues
from contracts.store.keys import REPORT_SORT_KEY
from contracts.store.stack import StackOutput
from harness.lifecycle.lifecycle import BEFORE, live_in
from local_cloud import deploy, process
from local_cloud.runtime import CloudWeather
from tests.e2e.conftest import System, start_cloud, until
from tests.e2e.test_certificates import certificates, gaps, log_of
from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.running_cloud import cloud_of

WEATHER = CloudWeather(seed=4, failing=0.02, dropping=0.005)


@pytest.fixture(scope="module")
def stormy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The system in the weather, with ven-1 running in it."""
    home = tmp_path_factory.mktemp("stormy")
    runtime = start_cloud(home, weather=WEATHER)
    system = System(home, runtime, cloud_of(runtime))
    try:
        deploy.deploy(runtime, BEFORE)
        system.start_twin("ven-1")
        until(lambda: system.offer_kw("ven-1"), "the offer of ven-1")
        yield system
    finally:
        for twin in system.twins:
            twin.terminate()
        for twin in system.twins:
            twin.wait(GIVE_UP_S)
        process.stop(home / "cloud")


def test_an_event_is_shed_settled_and_restored(stormy: System) -> None:
    """Whatever fails on the way is done again, once: one event, one report, loads back, no row missing."""
    since = time.time()
    event_id = until(lambda: _dispatched(stormy), "an event that ven-1 is called for")
    part = until(lambda: stormy.event_item(event_id, REPORT_SORT_KEY), "the report")
    (ven,) = part["report"]["vens"]
    assert ven["restored"] is True
    assert abs(ven["delivered"]["clone"]["deliveredKw"] - ven["askedKw"]) < 0.6
    assert [event["eventId"] for event in stormy.json("event", "list")] == [event_id]
    until(lambda: "activeEventId" not in stormy.reported("ven-1")["metrics"], "the end")
    until(lambda: gaps(stormy, "ven-1", since) == [], "the rows that came late")


def _dispatched(stormy: System) -> str | None:
    """An event that ven-1 is called for; None, and no event, while its connection is dropped."""
    until(lambda: stormy.offer_kw("ven-1"), "the offer of ven-1")
    created = stormy.json("event", "create", "--shed-kw", "2", "--duration", "8s", "--target", "ven-1")
    if created["assignments"]:
        return str(created["eventId"])
    stormy.json("event", "delete", created["eventId"])
    return None


def test_a_ven_gets_in_by_claim_and_out_again(stormy: System, tmp_path: Path) -> None:
    """One certificate of its own, however often a step failed; none after it was revoked."""
    kit, own = tmp_path / "kit", tmp_path / "ven-9" / "tls"
    where = stormy.json("certs", "claim-kit", "--out", str(kit))
    port = ["--endpoint", where["endpoint"], "--mqtt-port", str(where["port"])]
    code = tmp_path / "code"
    code.write_text(stormy.json("certs", "allow", "ven-9")["claimCode"])
    port += ["--code-file", str(code)]
    claim = ["certs", "claim", "--claim", str(kit), *port, "ven-9", "--out", str(own)]
    claimed = stormy.json(*claim)
    assert certificates(stormy, "ven-9") == [claimed["certificateId"]]
    assert stormy.ven("ven-9")["certificateId"] == claimed["certificateId"]
    done = stormy.cli("certs", "revoke", "ven-9")
    assert done.returncode == 0, done.stderr
    assert stormy.ven("ven-9") == {}


def test_a_certificate_is_rotated_under_a_running_ven(stormy: System, tmp_path: Path) -> None:
    """No row is missing, and one certificate is left."""
    since, folder = time.time(), tmp_path / "ven"
    twin = stormy.start_twin("ven-2", "--state", str(folder))
    until(lambda: "connected" in log_of(twin), "ven-2")
    done = stormy.json("certs", "rotate", "ven-2", "--out", str(folder / "tls"))
    assert certificates(stormy, "ven-2") == [done["certificateId"]]
    rotated = time.time()
    until(lambda: len(stormy.rows("ven-2", rotated)) >= 3, "telemetry after the rotation")
    until(lambda: gaps(stormy, "ven-2", since) == [], "the rows that came late")
    twin.terminate()
    assert twin.wait(GIVE_UP_S) == 0


def test_the_stack_is_changed_and_destroyed_and_nothing_is_left(stormy: System) -> None:
    """A VEN goes, one comes, one is rotated; no dead letter was written, and the account is as before."""
    urls = read_queues(stormy.cloud.output(StackOutput.DEAD_LETTERS))
    sqs = stormy.cloud.client("sqs")
    name = "ApproximateNumberOfMessages"
    letters = [
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]
        for url in urls.values()
    ]
    assert set(letters) == {"0"}
    for twin in stormy.twins:
        twin.terminate()
        twin.wait(GIVE_UP_S)
    assert live_in(stormy.runtime, WEATHER.seed).objections == ()
