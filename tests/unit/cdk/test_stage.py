"""A stage is read from CDK context, and a wrong value is refused."""

from __future__ import annotations

import dataclasses
import sys

import pytest

from cdk.shadow_pace import SHADOW_WRITERS
from cdk.stage import HERE, MAX_VENS, PYTHONS, STAGES, read_stage
from contracts.errors import FieldError
from contracts.store.stack import stage_of_policy, ven_policy_name
from lambdas.shared import fan_out

REFUSED = [
    ("stage", "staging", "'staging' is none of local, dev, prod"),
    ("stage", "DEV", "'DEV' is none of local, dev, prod"),
    ("python", "3.9", "'3.9' is none of 3.11, 3.12, 3.13, 3.14"),
    ("vens", "ven 1", "1 to 64 of A-Z a-z 0-9 _ -"),
    ("vens", "ven/1", "1 to 64 of A-Z a-z 0-9 _ -"),
    ("vens", "ven-+", "1 to 64 of A-Z a-z 0-9 _ -"),
    ("vens", "v" * 65, "1 to 64 of A-Z a-z 0-9 _ -"),
    ("vens", "ven-1,ven-1", "names a VEN twice"),
    ("vens", ",".join(f"ven-{n}" for n in range(MAX_VENS + 1)), "at most 80 in one stack"),
    ("ven_id_prefix", "north", "'north' is not like north-"),
    ("ven_id_prefix", "nor*h-", "'nor*h-' is not like north-"),
    ("ven_id_prefix", "-", "'-' is not like north-"),
    ("ven_id_prefix", "n" * 32 + "-", "2 to 32 of A-Z a-z 0-9 _ -"),
    ("telemetry_window_s", "61", "'61' is no number from 0 to 60"),
    ("telemetry_window_s", "-1", "'-1' is no number from 0 to 60"),
    ("telemetry_window_s", "5s", "'5s' is no number from 0 to 60"),
    ("retention_days", "0", "'0' is no number of days from 1 to 3650"),
    ("retention_days", "3651", "'3651' is no number of days from 1 to 3650"),
    ("retention_days", "-1", "'-1' is no number of days from 1 to 3650"),
    ("retention_days", "a week", "'a week' is no number of days from 1 to 3650"),
    ("rotation", "next week", "1 to 32 of A-Z a-z 0-9 . _ -"),
    ("alert_email", "nobody", "'nobody' is no address"),
    ("shadow_requests_per_s", "399", "'399' is no number from 400 to 1000000"),
    ("shadow_requests_per_s", "4,000", "'4,000' is no number"),
    ("map_above_vens", "many", "'many' is no number of VENs up to 1000000, or 0 for never"),
    ("map_above_vens", "10000", "needs -c shadow_requests_per_s=600 or more"),
    ("fleet_image", "ven-twin", "'ven-twin' is no image like REGISTRY/NAME:TAG"),
    ("fleet_image", "registry.example/ven-twin", "is no image like"),
    ("notifications", "none", "'none' is none of on, off"),
    ("groups", "north", "'north' is not like north=ven-1+ven-2,south=ven-3"),
    ("groups", "north=", "'north=' is not like"),
    ("groups", "no rth=ven-1", "1 to 64 of A-Z a-z 0-9 _ -"),
    ("groups", "north=ven-1+ven-9", "north has 'ven-9' in it, which is none of the stack's VENs"),
    ("groups", "ven-1=ven-1", "ven-1 is a VEN's id already"),
    ("groups", "north=ven-1,north=ven-1", "names north twice"),
    ("programs", "summer", "'summer' is not like summer-peak=caiso_10_of_10"),
    ("programs", "summer=guess", "'guess' is none of "),
    ("programs", "default=clone", "default is there already"),
    ("time_zone", "Mars/Olympus", "'Mars/Olympus' is no time zone of the IANA database"),
    ("time_zone", "EDT", "'EDT' is no time zone of the IANA database"),
    ("holidays", "US-XX", "'US-XX' is none of auto, none, nerc, and no country with its part, like US"),
    ("holidays", "Mars", "'Mars' is none of auto, none, nerc, and no country"),
    ("calendars", "winter=nerc", "winter is none of the programs: none"),
    ("calendars", "default=Mars", "'Mars' is none of auto, none, nerc"),
    ("weather", "north", "'north' is not like north=ven-1"),
    ("weather", "north=not a ven", "1 to 64 of A-Z a-z 0-9 _ -"),
]


@pytest.mark.parametrize(("key", "value", "reason"), REFUSED)
def test_a_value_that_cannot_be_names_the_key_and_what_is_allowed(key: str, value: str, reason: str) -> None:
    """Whoever mistypes a -c option learns which, and what it takes."""
    with pytest.raises(FieldError) as refused:
        read_stage({key: value}.get)
    assert refused.value.field == key
    assert reason in refused.value.reason


def test_without_context_it_is_dev_with_one_ven() -> None:
    """The plain cdk deploy is the small one."""
    stage = read_stage(lambda _: None)
    assert (stage.name, stage.vens) == ("dev", ("ven-1",))


def test_every_ven_of_a_stage_with_a_prefix_begins_with_it() -> None:
    """Its functions reach no other; the VEN that stands in for none that is named begins with it too."""
    stage = read_stage({"ven_id_prefix": "north-"}.get)
    assert (stage.vens, stage.ven_id_pattern) == (("north-ven-1",), "north-*")
    assert read_stage(lambda _: None).ven_id_pattern == "*"
    with pytest.raises(FieldError, match="ven-2 does not begin with the stage's ven_id_prefix, north-"):
        read_stage({"ven_id_prefix": "north-", "vens": "north-1,ven-2"}.get)


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_on_aws_functions_run_on_arm_and_on_the_python_that_can_compile_them(name: str) -> None:
    """Arm is the cheaper machine; bytecode is made by the Python that synthesizes, and read by no other."""
    stage = read_stage({"stage": name}.get)
    assert (stage.architecture, stage.python) == ("arm64", HERE)
    assert read_stage({"stage": name, "python": "3.14"}.get).python == "3.14"


def test_a_python_that_aws_does_not_have_is_no_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever synthesizes with a Python that is newer than AWS's takes AWS's newest."""
    monkeypatch.setattr("cdk.stage.HERE", "3.99")
    assert read_stage(lambda _: None).python == PYTHONS[-1]


def test_each_stage_has_metrics_of_its_own() -> None:
    """Two stages of one account and region never add to one metric."""
    assert len({read_stage({"stage": name}.get).metrics_namespace for name in STAGES}) == len(STAGES)


def test_locally_functions_run_on_this_machines_python() -> None:
    """The local cloud runs functions on its own interpreter, whatever the runtime's name."""
    stage = read_stage({"stage": "local", "python": "3.12"}.get)
    assert stage.python == f"{sys.version_info.major}.{sys.version_info.minor}"


def test_vens_may_be_written_with_spaces() -> None:
    """A list written for people is read as one for programs."""
    assert read_stage({"vens": " ven-1, ven-2 ,"}.get).vens == ("ven-1", "ven-2")


@pytest.mark.parametrize("name", STAGES)
def test_a_message_is_not_seen_again_while_its_function_may_still_run(name: str) -> None:
    """SQS advises six times the function's timeout; at the least it is as long."""
    assert read_stage({"stage": name}.get).visibility_s >= 10


def test_only_prod_keeps_its_tables_and_only_local_takes_plain_http() -> None:
    """The differences between the stages are these, and each is data."""
    stages = {name: read_stage({"stage": name}.get) for name in STAGES}
    assert [name for name, stage in stages.items() if stage.keep_tables] == ["prod"]
    assert [name for name, stage in stages.items() if not stage.tls_only] == ["local"]


def test_retention_and_address_are_taken_from_the_context() -> None:
    """The operator decides for how long measurements of people are kept."""
    stage = read_stage({"retention_days": "7", "alert_email": "ops@example.org"}.get)
    assert (stage.retention_days, stage.alert_email) == (7, "ops@example.org")


def test_a_group_has_each_of_its_vens_once() -> None:
    """A VEN may be in several groups, or in none."""
    context = {"vens": "ven-1,ven-2,ven-3", "groups": "north = ven-1 + ven-2, all=ven-1+ven-2+ven-2"}
    assert read_stage(context.get).groups == {"north": ("ven-1", "ven-2"), "all": ("ven-1", "ven-2")}


def test_a_program_names_its_baseline() -> None:
    """Programs are the operator's; the default one is not among them."""
    stage = read_stage({"programs": "summer-peak=caiso_10_of_10,winter=nyiso_5_of_10"}.get)
    assert stage.programs == {"summer-peak": "caiso_10_of_10", "winter": "nyiso_5_of_10"}
    assert read_stage(lambda _: None).programs == {}


def test_days_go_by_a_zone_and_a_holiday_calendar() -> None:
    """Of VENs that report no zone; a program may have a calendar of its own."""
    stage = read_stage(lambda _: None)
    assert (stage.time_zone, stage.holidays, stage.calendars) == ("UTC", "auto", {})
    context = {
        "programs": "winter=nyiso_5_of_10",
        "time_zone": "Europe/London",
        "holidays": "GB-ENG",
        "calendars": "winter=nerc,default=none",
        "weather": "north=ven-1,ven-7=ven-3",
    }
    stage = read_stage(context.get)
    assert (stage.time_zone, stage.holidays) == ("Europe/London", "GB-ENG")
    assert stage.calendars == {"winter": "nerc", "default": "none"}
    assert stage.weather == {"north": "ven-1", "ven-7": "ven-3"}


def test_programs_may_be_written_programmes() -> None:
    """A deployment's context that has the British spelling deploys the same."""
    assert read_stage({"programmes": "winter=nyiso_5_of_10"}.get).programs == {"winter": "nyiso_5_of_10"}


@pytest.mark.parametrize("name", STAGES)
def test_shadow_writers_together_stay_within_the_smallest_quota(name: str) -> None:
    """AWS grants an account 400 requests a second in its smaller regions; half is left to the VENs."""
    stage = read_stage({"stage": name}.get)
    assert SHADOW_WRITERS * stage.shadow_writes_per_s <= 200
    assert fan_out.CHUNK_VENS / stage.shadow_writes_per_s < min(15, stage.visibility_s) / 2


def test_a_throw_away_stage_is_as_dev_and_no_name_in_it_can_be_refused() -> None:
    """Letters alone: a rule's name takes no hyphen, and the stage of a policy is read from its name."""
    stage = read_stage({"stage": "proveabcd"}.get)
    dev = read_stage({}.get)
    assert dataclasses.replace(stage, name="dev") == dev
    assert stage_of_policy(ven_policy_name("proveabcd")) == "proveabcd"
    for name in ("prove", "prove-x", "proveABC", "prove1", "proveabcdefghi"):
        with pytest.raises(FieldError, match="stage"):
            read_stage({"stage": name}.get)


@pytest.mark.parametrize(
    ("context", "writers", "above"),
    [
        ({}, 0, 0),
        ({"shadow_requests_per_s": "400"}, 0, 0),
        ({"shadow_requests_per_s": "600"}, 1, 10_000),
        ({"shadow_requests_per_s": "4000"}, 18, 10_000),
        ({"shadow_requests_per_s": "4000", "map_above_vens": "500"}, 18, 500),
        ({"shadow_requests_per_s": "4000", "map_above_vens": "0"}, 18, 0),
        ({"shadow_requests_per_s": "1000000"}, 100, 10_000),
    ],
)
def test_a_map_run_has_what_the_queues_writers_leave_of_half_of_the_quota(
    context: dict[str, str], writers: int, above: int
) -> None:
    """Where they leave nothing there is none; of all together AWS IoT sees half of what it takes."""
    stage = read_stage(context.get)
    assert (stage.map_writers, stage.map_above_vens) == (writers, above)
    together = (SHADOW_WRITERS + stage.map_writers) * stage.shadow_writes_per_s
    assert together <= stage.shadow_requests_per_s / 2
