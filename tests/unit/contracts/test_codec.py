"""JSON in and out, the rules' envelope, and rows that name what is wrong with them."""

from __future__ import annotations

import base64
import json
from typing import Any, ClassVar

import msgspec
import pytest

from contracts.errors import FieldError, MalformedError, OversizeError
from contracts.store.envelopes import read_envelope, rule_sql
from contracts.wire import codec
from contracts.wire.codec import MAX_DEPTH
from contracts.wire.telemetry import read_loads, read_telemetry

ROW: dict[str, Any] = {
    "timestamp": 1_800_000_000,
    "bootId": "b",
    "seq": 1,
    "usedPowerKw": 1.0,
    "shedPowerKw": 0.0,
    "baselinePowerKw": 1.0,
}


class Inner(msgspec.Struct):
    """A field below a field."""

    kw: float


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    """Fields of each kind that an error can be in."""

    inner: Inner
    rows: list[Inner] = []


def _object(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_json_does_not_know_goes_out_as_null(value: float) -> None:
    """No reader chokes on a NaN of ours."""
    assert codec.encode({"kw": value}) == b'{"kw":null}'


def test_an_object_within_the_limits_is_read() -> None:
    """The deepest nesting and the largest payload that are allowed are allowed."""
    assert codec.load_object(_object(MAX_DEPTH))
    assert codec.load_object('{"a":"éé"}', max_bytes=12) == {"a": "éé"}


@pytest.mark.parametrize(
    ("raw", "max_bytes"),
    [(_object(MAX_DEPTH + 1), 10_000), (b'{"a":1}', 6), ('{"a":"éé"}', 11)],
    ids=["depth", "bytes", "bytes of a string"],
)
def test_an_object_beyond_the_limits_is_refused(raw: bytes | str, max_bytes: int) -> None:
    """Bytes are counted as they travel, also when a queue hands the message over as a string."""
    with pytest.raises(OversizeError):
        codec.load_object(raw, max_bytes=max_bytes)


@pytest.mark.parametrize("raw", ["\ud800", '{"a":"\ud800"}', b'{"a":"\xff"}'])
def test_text_that_is_no_unicode_is_malformed(raw: bytes | str) -> None:
    """Broken text is a broken message and no crash."""
    with pytest.raises(MalformedError):
        codec.load_object(raw)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({}, "here.inner"),
        ({"inner": {}}, "here.inner.kw"),
        ({"inner": {"kw": "1"}}, "here.inner.kw"),
        ({"inner": {"kw": float("nan")}}, "here.inner.kw"),
        ({"inner": {"kw": 1}, "rows": [{"kw": 1}, {"kw": float("inf")}]}, "here.rows[1].kw"),
        ({"inner": {"kw": 1}, "rows": [{"kw": 1}, {}]}, "here.rows[1].kw"),
        ({"inner": {"kw": 1}, "more": 1}, "here.more"),
    ],
)
def test_an_error_names_the_path_to_the_field(value: dict[str, Any], field: str) -> None:
    """The sender corrects that field, so it has to be found."""
    with pytest.raises(FieldError) as refused:
        codec.convert(Outer, value, under="here")
    assert refused.value.field == field


def test_a_value_that_is_no_object_names_the_payload() -> None:
    """Where there is no field there is still a name."""
    with pytest.raises(FieldError) as refused:
        codec.convert(Inner, [1])  # type: ignore[arg-type]
    assert refused.value.field == "payload"


class Renamed(msgspec.Struct):
    """A field that has had two names before."""

    aliases: ClassVar[dict[str, str]] = {"power": "kw", "kilowatts": "kw"}

    kw: float


@pytest.mark.parametrize(
    ("value", "kw"),
    [
        ({"kw": 1}, 1.0),
        ({"power": 2}, 2.0),
        ({"kilowatts": 3}, 3.0),
        ({"kilowatts": 4, "power": 5}, 5.0),
        ({"kw": 6, "power": 7, "kilowatts": 8}, 6.0),
    ],
)
def test_a_field_is_read_under_each_of_its_names(value: dict[str, Any], kw: float) -> None:
    """The canonical name wins over the others, and of those the one that stands first."""
    assert codec.convert(Renamed, value).kw == kw


@pytest.mark.parametrize("strict", [True, False])
def test_text_is_a_number_in_a_query_string_alone(strict: bool) -> None:
    """JSON has numbers of its own."""
    if strict:
        with pytest.raises(FieldError, match="expected `float`"):
            codec.convert(Inner, {"kw": "1.5"})
    else:
        assert codec.convert(Inner, {"kw": "1.5"}, strict=False).kw == 1.5


def _envelope(**changes: Any) -> str:
    payload = base64.b64encode(b"\x00not json").decode()
    return json.dumps(
        {"payload": payload, "topic": "ven/ack/ven-1", "receivedMs": 1_800_000_000_250, **changes}
    )


def test_an_envelope_gives_the_bytes_back_untouched() -> None:
    """What was no JSON arrives whole and can be looked at."""
    envelope = read_envelope(_envelope(clientId="ven-1"))
    assert (envelope.raw, envelope.received_ts) == (b"\x00not json", 1_800_000_000.25)


def test_an_envelope_without_a_client_is_read() -> None:
    """Presence and shadow messages come from the service itself."""
    assert read_envelope(_envelope()).client_id is None


def test_an_envelope_holds_the_largest_payload_in_base64_and_4_kb() -> None:
    """174,764 bytes of base64 and 4,096 around them; one byte more is no message of AWS IoT."""
    assert read_envelope(_envelope().ljust(178_860)).topic == "ven/ack/ven-1"
    with pytest.raises(OversizeError):
        read_envelope(_envelope().ljust(178_861))


@pytest.mark.parametrize(
    ("topic_filter", "place"), [("ven/ack/+", 3), ("$aws/things/+/shadow/get", 3), ("+", 1)]
)
def test_a_rule_takes_a_message_only_from_where_a_vens_id_can_be(topic_filter: str, place: int) -> None:
    """AWS IoT counts the levels of a topic from 1."""
    assert f"FROM '{topic_filter}' WHERE regexp_matches(topic({place}), '^[A-Za-z0-9]" in rule_sql(
        topic_filter
    )


@pytest.mark.parametrize("payload", ["no base64!", "YQ", "YQ=", "é", "YQ==\n"])
def test_a_payload_that_is_no_base64_is_malformed(payload: str) -> None:
    """Whatever stands there, the message is a dead letter and the function goes on."""
    envelope = read_envelope(_envelope(payload=payload))
    with pytest.raises(MalformedError, match="not base64"):
        assert envelope.raw


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"usedPowerKw": "1"}, "usedPowerKw"),
        ({"usedPowerKw": 10_001}, "usedPowerKw"),
        ({"shedPowerKw": -0.1}, "shedPowerKw"),
        ({"timestamp": 1_800_000_000_000}, "timestamp"),
        ({"seq": -1}, "seq"),
        ({"seq": 2**60}, "seq"),
        ({"bootId": "b\n"}, "bootId"),
        ({"bootId": "b#1"}, "bootId"),
        ({"batterySoc": 1.2}, "batterySoc"),
        ({"batterySOC": 120}, "batterySOC"),
        ({"batterySOC": True}, "batterySOC"),
        ({"venId": "ven-2"}, "venId"),
        ({"venId": 5}, "venId"),
        ({"loads": {}}, "loads"),
        ({"loads": [1]}, "loads[0]"),
        ({"loads": [{"id": "ev1"}]}, "loads[0].name"),
    ],
)
def test_a_row_that_cannot_be_is_refused_by_its_field(changes: dict[str, Any], field: str) -> None:
    """A row that is stored has been looked at; milliseconds sent by mistake are not the year 59,000."""
    with pytest.raises(FieldError) as refused:
        read_telemetry(json.dumps({**ROW, **changes}).encode(), ven_id="ven-1")
    assert refused.value.field == field


def test_a_vens_id_that_is_refused_is_quoted_to_64_letters() -> None:
    """The sender sees which it was, and a log is not filled by one message."""
    with pytest.raises(FieldError) as refused:
        read_telemetry(json.dumps({**ROW, "venId": "x" * 65}).encode(), ven_id="ven-1")
    assert f"says '{'x' * 64}', but" in refused.value.reason


@pytest.mark.parametrize(("loads", "kind"), [({}, "object"), ("ev1", "str")])
def test_loads_that_are_no_list_are_named_for_what_they_are(loads: object, kind: str) -> None:
    """The sender reads what was expected, and what came."""
    with pytest.raises(FieldError) as refused:
        read_telemetry(json.dumps({**ROW, "loads": loads}).encode(), ven_id="ven-1")
    assert (refused.value.field, refused.value.reason) == ("loads", f"expected `array`, got `{kind}`")


@pytest.mark.parametrize("name", ["timestamp", "usedPowerKw"])
def test_a_row_that_lacks_a_field_names_it(name: str) -> None:
    """What settles an event is never guessed."""
    rest = {key: value for key, value in ROW.items() if key != name}
    with pytest.raises(FieldError) as refused:
        read_telemetry(json.dumps(rest).encode(), ven_id="ven-1")
    assert (refused.value.field, refused.value.reason) == (name, "required")


def test_a_snapshot_without_loads_is_refused() -> None:
    """An empty list says that there are none; no list says nothing."""
    with pytest.raises(FieldError) as refused:
        read_loads(json.dumps({"timestamp": 1_800_000_000, "bootId": "b", "seq": 1}).encode(), ven_id="ven-1")
    assert (refused.value.field, refused.value.reason) == ("loads", "required")


def test_a_name_that_is_no_text_is_refused() -> None:
    """Python reads half of a surrogate pair from JSON, as Lambda does; no text of bytes has one."""
    with pytest.raises(FieldError):
        codec.convert(Inner, json.loads('{"\\ud800": 1, "kw": 1}'))
