"""Names that both ends must agree on."""

from __future__ import annotations

import itertools
import re

import pytest

from contracts.errors import FieldError
from contracts.store.stack import (
    event_schedule_name,
    stack_name,
    stage_of_policy,
    tls_secret_name,
    ven_policy_name,
)
from contracts.wire.topics import Topics, check_event_id, check_ven_id, claim_client_id

SCHEDULE_NAME = re.compile(r"[0-9A-Za-z_.-]{1,64}")
"""Source: EventBridge Scheduler API, CreateSchedule."""


@pytest.mark.parametrize("ven_id", ["v", "ven-1", "VEN_1", "0", "v" * 64])
def test_a_vens_id_is_letters_digits_dash_and_underscore(ven_id: str) -> None:
    """It is the thing's name, the client id and a part of topics at once."""
    assert check_ven_id(ven_id) == ven_id


@pytest.mark.parametrize(
    "ven_id", ["", "-v", "_v", "v" * 65, "a/b", "a+b", "+", "#", "a b", "a\n", "é", "a.b", "a:b"]
)
def test_an_id_that_would_reach_other_topics_is_refused_by_its_field(ven_id: str) -> None:
    """Slashes and wildcards never get into a topic, a policy or a path."""
    with pytest.raises(FieldError) as refused:
        check_ven_id(ven_id, "--ven-id")
    assert refused.value.field == "--ven-id"


@pytest.mark.parametrize("event_id", ["", "-e", "e" * 65, "a/b", "a b", "a\n", "#"])
def test_an_events_id_that_could_be_no_key_is_refused(event_id: str) -> None:
    """It becomes a shadow key and part of a schedule's name."""
    with pytest.raises(FieldError) as refused:
        check_event_id(event_id)
    assert refused.value.field == "eventId"


def test_topics_are_those_of_the_wire() -> None:
    """Deployed VENs and backends speak on these."""
    topics = Topics("ven-1")
    assert (topics.telemetry, topics.loads) == ("ven/telemetry/ven-1", "ven/loads/ven-1")
    assert (topics.command, topics.ack) == ("ven/cmd/ven-1", "ven/ack/ven-1")
    assert topics.shadow("update/delta") == "$aws/things/ven-1/shadow/update/delta"


def test_a_ven_hears_the_answer_to_its_shadow_get() -> None:
    """The earlier system asked without listening, and lost what was desired while it was away."""
    assert {"$aws/things/ven-1/shadow/get/accepted", "$aws/things/ven-1/shadow/get/rejected"} <= set(
        Topics("ven-1").subscriptions
    )


def test_subscriptions_fit_into_one_subscribe() -> None:
    """AWS IoT Core takes eight filters in one SUBSCRIBE, and topics of eight levels and 256 bytes."""
    subscriptions = Topics("v" * 64).subscriptions
    assert len(subscriptions) <= 8
    assert all(topic.count("/") <= 7 and len(topic) <= 256 for topic in subscriptions)


@pytest.mark.parametrize(
    "event_id", ["evt-1", "peak:1", "a" * 64, "x:" * 32, "evt-00000000-0000-0000-0000-000000000000"]
)
def test_a_schedules_name_is_one_that_the_scheduler_takes(event_id: str) -> None:
    """Whatever the event's id, its settlement can be scheduled."""
    assert SCHEDULE_NAME.fullmatch(event_schedule_name(event_id, "settle"))


@pytest.mark.parametrize(
    ("event_id", "name"),
    [
        ("evt-1", "settle-evt-1"),
        ("peak:1", "settle-peak_c_1"),
        ("e" * 57, f"settle-{'e' * 57}"),
        ("e" * 58, f"settle-{'e' * 44}-c1a392353c63"),
        ("a_c_b", "settle-a_c_b-78ad71677667"),
    ],
)
def test_a_schedule_keeps_the_name_under_which_it_was_made(event_id: str, name: str) -> None:
    """Deployed schedules are found by it: the id as it is, or its head and twelve signs of its SHA-256."""
    assert event_schedule_name(event_id, "settle") == name


def test_no_two_events_share_a_schedule() -> None:
    """One event's settlement must not move another's."""
    ids = ["a:b", "a_c_b", "a.b", "a-b", *(f"{'e' * 60}{tail}" for tail in ("aa", "ab", ":b", "_c_"))]
    names = [event_schedule_name(event_id, "settle") for event_id in ids]
    assert all(one != other for one, other in itertools.combinations(names, 2))


def test_stages_do_not_share_names() -> None:
    """Two stages live in one account."""
    assert stack_name("dev") != stack_name("prod")
    assert tls_secret_name("dev", "ven-1") == "ven-twin/dev/ven-1/tls"


@pytest.mark.parametrize("event_id", ["e", "2026-11-27.peak:1", "E_1", "0", "e" * 64])
def test_an_events_id_comes_back_as_it_was(event_id: str) -> None:
    """Letters, digits, and the signs of dates and times."""
    assert check_event_id(event_id) == event_id


def test_a_policy_tells_the_stage_whose_vens_have_it() -> None:
    """Another policy is of no stage; a VEN that claims its certificate has a client id that is no VEN's."""
    assert ven_policy_name("dev") == "ven-twin-dev-ven"
    assert stage_of_policy("ven-twin-dev-ven") == "dev"
    assert stage_of_policy("ven-twin-dev-ven-2") is None
    assert claim_client_id("ven-1") == "claim.ven-1"
