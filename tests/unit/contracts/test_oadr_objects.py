"""OpenADR's objects, times, scopes and operations: taken, refused, and kept as they were written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import msgspec.yaml
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.openadr import objects
from contracts.openadr.operations import COLLECTIONS, METHODS, STATUSES, TOPICS
from contracts.openadr.scopes import ROLE_SCOPES, Role, Scope, read_scopes, role_of, scopes_text
from contracts.openadr.times import date_time_text, read_date_time, read_duration

OFFICIAL = Path(__file__).parents[4] / "shared" / "openadr" / "openadr3.1.0.yaml"
"""The Alliance's document, which no checkout has: where it is at hand, the table is compared with it."""
INTERVAL = {"id": 0, "payloads": [{"type": "SIMPLE", "values": [1, 2.5, True, "a", {"x": 1, "y": 2}]}]}
EVENT: dict[str, Any] = {"programID": "p-1", "intervals": [INTERVAL]}
VALID: dict[Any, dict[str, Any]] = {
    objects.OadrProgramRequest: {"programName": "peak"},
    objects.OadrEventRequest: {"programID": "p-1"},
    objects.OadrReportRequest: {"eventID": "e-1", "clientName": "c", "resources": []},
    objects.OadrSubscriptionRequest: {"clientName": "c", "objectOperations": []},
    objects.VenVenRequest: {"venName": "v"},
    objects.BlVenRequest: {"clientID": "c", "venName": "v"},
    objects.VenResourceRequest: {"resourceName": "r"},
    objects.BlResourceRequest: {"resourceName": "r", "venID": "v-1"},
    objects.ObjectOperations: {"objects": [], "operations": [], "callbackUrl": "https://a.example"},
}


@pytest.mark.parametrize("kind", VALID)
def test_a_required_field_that_is_missing_is_refused_by_its_name(kind: Any) -> None:
    """Each of them, also where it is null; with all of them the object is taken."""
    body = VALID[kind]
    msgspec.convert(body, kind)
    for name in body:
        without = {key: value for key, value in body.items() if key != name}
        with pytest.raises(msgspec.ValidationError, match=name):
            msgspec.convert(without, kind)
        with pytest.raises(msgspec.ValidationError, match=name):
            msgspec.convert({**body, name: None}, kind)


@pytest.mark.parametrize("kind", VALID)
def test_null_is_as_if_an_optional_field_were_not_there(kind: Any) -> None:
    """Clients send each optional as null; fields that nobody knows are ignored."""
    optional = {field.encode_name for field in msgspec.structs.fields(kind)} - VALID[kind].keys()
    nulls = dict.fromkeys(optional) | {"unknown": 1}
    assert msgspec.convert(VALID[kind] | nulls, kind) == msgspec.convert(VALID[kind], kind)


@pytest.mark.parametrize(
    "start", ["0001-01-01", "0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "2026-11-29T18:00:00.5+01:00"]
)
def test_times_and_values_are_kept_as_they_were_written(start: str) -> None:
    """Every spelling of now, for ever, and whole numbers beside others."""
    body = {**EVENT, "intervalPeriod": {"start": start, "duration": "P9999Y", "randomizeStart": "PT60M"}}
    event = msgspec.json.decode(json.dumps(body), type=objects.OadrEventRequest)
    assert json.loads(msgspec.json.encode(event)) == body


@pytest.mark.parametrize(
    "changed",
    [
        {"intervalPeriod": {"start": "2026-11-29T18:00:00"}},
        {"intervalPeriod": {"start": "2026-11-29"}},
        {"intervalPeriod": {"start": "2026-13-29T18:00:00Z"}},
        {"intervalPeriod": {"start": "9999-12-31T23:59:61Z"}},
        {"intervalPeriod": {"start": "٢٠٢٦-11-29T18:00:00Z"}},
        {"intervalPeriod": {"start": 5}},
        {"intervalPeriod": {"duration": "1h"}},
        {"intervalPeriod": {"duration": "P1D2W"}},
        {"duration": "PT" + "9" * 40 + "S"},
        {"duration": "PT٣S"},
        {"priority": -1},
        {"programID": "a/b"},
        {"programID": ""},
        {"programID": "p\n"},
        {"targets": [""]},
        {"targets": "a"},
        {"intervals": [{"id": 2**31, "payloads": []}]},
        {"intervals": [{"id": 0}]},
        {"payloadDescriptors": [{"payloadType": "SIMPLE"}]},
        {"payloadDescriptors": [{"objectType": "REPORT_PAYLOAD_DESCRIPTOR", "payloadType": "USAGE"}]},
    ],
)
def test_an_event_that_cannot_be_is_refused(changed: dict[str, Any]) -> None:
    """Times without a zone, durations that are none, ids that no URL has, descriptors of another kind."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(EVENT | changed, objects.OadrEventRequest)


def test_a_leap_second_and_the_calendars_last_are_times() -> None:
    """The second after the last that a calendar has is one, too."""
    assert read_date_time("2016-12-31T23:59:60Z") == read_date_time("2017-01-01T00:00:00Z")
    last = read_date_time("9999-12-31T23:59:59Z")
    assert last is not None
    assert read_date_time("9999-12-31T23:59:60Z") == last + 1


@given(st.floats(min_value=0, max_value=4e9))
def test_a_time_is_read_as_it_was_written(ts: float) -> None:
    """To the microsecond that is written."""
    assert read_date_time(date_time_text(ts)) == pytest.approx(ts, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("P1M", "2027-01-31T12:00:00Z", "2027-02-28T12:00:00Z"),
        ("P1Y", "2028-02-29T00:00:00Z", "2029-02-28T00:00:00Z"),
        ("P2W", "2026-11-29T00:00:00Z", "2026-12-13T00:00:00Z"),
        ("P1DT1H30M", "2026-11-29T00:00:00Z", "2026-11-30T01:30:00Z"),
        ("PT0.0000000001S", "2026-11-29T00:00:00Z", "2026-11-29T00:00:00Z"),
        ("-PT1H", "2026-11-29T00:00:00Z", "2026-11-28T23:00:00Z"),
    ],
)
def test_a_duration_is_counted_from_a_time(text: str, start: str, end: str) -> None:
    """Months and years by the calendar, all else by the clock."""
    start_ts, end_ts = read_date_time(start), read_date_time(end)
    assert start_ts is not None
    assert read_duration(text).after_ts(start_ts) == end_ts


@given(st.frozensets(st.sampled_from(Scope)))
def test_scopes_survive_their_text_and_make_the_role(scopes: frozenset[Scope]) -> None:
    """`read_bl` alone makes nobody the business logic; words that are no scopes are left out."""
    assert read_scopes(f"{scopes_text(scopes)} admin") == scopes
    business = {Scope.READ_ALL, Scope.WRITE_PROGRAMS, Scope.WRITE_EVENTS}
    assert role_of(scopes) is (Role.BL if business & scopes else Role.VEN)


@pytest.mark.parametrize("role", Role)
def test_a_role_can_do_what_its_operations_ask(role: Role) -> None:
    """What a role is given makes that role, and has every scope that the table asks of it."""
    assert role_of(ROLE_SCOPES[role]) is role
    rights = [each for c in COLLECTIONS for each in (c.reads, c.writes)] + [t.rights for t in TOPICS]
    assert {right for each in rights if (right := getattr(each, role.value))} <= ROLE_SCOPES[role]


def test_the_table_has_the_official_operations() -> None:
    """Method, path, id and status of each; compared where the official document is at hand."""
    table = {
        (METHODS[verb].lower(), c.path if verb in {"search", "create"} else f"{c.path}/{{{c.parameter}}}"): (
            operation,
            str(STATUSES[verb]),
        )
        for c in COLLECTIONS
        for verb, operation in c.operations.items()
    } | {("get", f"/notifiers/mqtt/topics{topic.path}"): (topic.operation, "200") for topic in TOPICS}
    assert len(table) == 6 * 5 + 12
    if not OFFICIAL.exists():
        return
    official = {
        (method, path): (operation["operationId"], min(operation["responses"]))
        for path, item in msgspec.yaml.decode(OFFICIAL.read_bytes())["paths"].items()
        for method, operation in item.items()
        if method in {"get", "post", "put", "delete"}
    }
    beside = {("get", "/auth/server"), ("post", "/auth/token"), ("get", "/notifiers")}
    assert {key: official[key] for key in official if key not in beside} == table
