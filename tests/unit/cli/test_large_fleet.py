"""VENs beyond the stack's: which they are, what a machine can have of them, and what is shown of them."""

from __future__ import annotations

import io
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import FieldError
from contracts.store.stack import StackOutput
from contracts.wire.ids import VenId
from ven_twin.cli import fleet_display, fleet_identities, machine_limits
from ven_twin.cli.console import make_console
from ven_twin.cli.fleet_choice import FleetChoice, fleet_choice
from ven_twin.cli.fleet_display import FleetDisplay, running_line
from ven_twin.cli.fleet_members import FleetCounts
from ven_twin.cli.fleet_run import _claims_per_s
from ven_twin.operations.aggregator.cloud import Cloud

CHOICE: dict[str, Any] = {
    "vens": None,
    "count": 10,
    "shard": None,
    "shards": None,
    "claims_per_s": None,
    "processes": 1,
    "houses": "standard,flat",
    "seed": 0,
}


def stage_with(pattern: str) -> Cloud:
    """A stage whose VENs have ids of a pattern."""
    outputs = {StackOutput.VEN_ID_PATTERN: pattern}
    return cast("Cloud", type("Stage", (), {"output": staticmethod(outputs.__getitem__)}))


@given(count=st.integers(1, 60), parts=st.integers(1, 9), seed=st.integers(0, 99))
def test_the_parts_of_a_fleet_are_the_whole_each_ven_once_with_the_same_house(
    count: int, parts: int, seed: int
) -> None:
    """Machine by machine the VENs are dealt as one machine would deal them."""
    stage = stage_with("*")
    whole = FleetChoice((), count, (0, 1), 1, "standard,flat,leaky", seed, None).homes(stage)
    shards = [
        FleetChoice((), count, (part, parts), 1, "standard,flat,leaky", seed, None).homes(stage)
        for part in range(parts)
    ]
    assert sum(len(shard) for shard in shards) == count
    assert {ven_id: home for shard in shards for ven_id, home in shard.items()} == whole


@pytest.mark.parametrize(
    ("pattern", "first"), [("*", "twin-1"), ("north-*", "north-twin-1"), ("twin-*", "twin-1")]
)
def test_their_ids_are_the_stages(pattern: str, first: str) -> None:
    """After the prefix of a stage that shares its account."""
    assert fleet_identities.numbered_vens(stage_with(pattern), 2)[0] == first


def test_another_seed_deals_other_families() -> None:
    """The houses stay in turn."""
    stage, chosen = stage_with("*"), fleet_choice(**CHOICE)
    other = fleet_choice(**{**CHOICE, "seed": 7}).homes(stage)
    for ven_id, (house, seed) in chosen.homes(stage).items():
        assert other[ven_id] == (house, seed + 7)


@pytest.mark.parametrize(
    ("option", "value", "field", "why"),
    [
        ("vens", "ven-1", "--count", "give one"),
        ("shard", "4/4", "--shard", "0/4 to 3/4, not 4/4"),
        ("shard", "0/0", "--shard", "0/4"),
        ("shard", "one", "--shard", "not one"),
        ("houses", "castle", "--houses", "castle"),
        ("count", 600_000, "--count", "500000 connections"),
        ("shards", 40, "--shards", "AWS_BATCH_JOB_ARRAY_INDEX: elsewhere write --shard 3/40"),
        ("claims_per_s", 0.0, "--claims-per-s", "write 0.1 to 500"),
    ],
)
def test_a_choice_that_cannot_be_names_its_option(option: str, value: object, field: str, why: str) -> None:
    """Before any cloud is reached."""
    with pytest.raises(FieldError, match=why) as refused:
        fleet_choice(**{**CHOICE, option: value})
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("shards", "index", "part"), [(40, "0", (0, 40)), (40, "39", (39, 40)), (1, None, (0, 1))]
)
def test_in_an_array_job_the_part_is_the_one_that_batch_says(
    shards: int, index: str | None, part: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job alone, which is no array, has no index."""
    monkeypatch.delenv("AWS_BATCH_JOB_ARRAY_INDEX", raising=False)
    if index is not None:
        monkeypatch.setenv("AWS_BATCH_JOB_ARRAY_INDEX", index)
    assert fleet_choice(**{**CHOICE, "shards": shards}).shard == part


@pytest.mark.parametrize(
    ("index", "shard", "why"), [("40", None, "40 parts have no number 40"), ("3", "3/40", "give one")]
)
def test_a_part_that_the_array_cannot_have_is_refused(
    index: str, shard: str | None, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An array of another size, or a part that is named besides."""
    monkeypatch.setenv("AWS_BATCH_JOB_ARRAY_INDEX", index)
    with pytest.raises(FieldError, match=why) as refused:
        fleet_choice(**{**CHOICE, "shards": 40, "shard": shard})
    assert refused.value.field == "--shards"


def test_the_parts_together_claim_no_faster_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each waits as much longer as there are parts, and no claim waits longer than its code is good for."""
    monkeypatch.setenv("AWS_BATCH_JOB_ARRAY_INDEX", "0")
    on_aws = cast("Cloud", type("Stage", (), {"stage": "dev"}))
    choice = fleet_choice(**{**CHOICE, "shards": 40})
    assert _claims_per_s(on_aws, choice) == fleet_identities.CLAIMS_PER_S / 40
    faster = fleet_choice(**{**CHOICE, "shards": 40, "claims_per_s": 80.0})
    assert _claims_per_s(on_aws, faster) == 2.0
    for parts in (1, 121, 1201, 9999):
        wait_s = parts / fleet_identities.CLAIMS_PER_S
        waiting = fleet_identities.allowed_at_once(wait_s)
        assert waiting == 1 or waiting * wait_s <= fleet_identities.ALLOWED_S / 2


def test_more_vens_than_a_process_may_open_files_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the limit, how many it takes, and what spreads them."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 1000))
    with pytest.raises(FieldError, match=r"400 VENs need 1700 open files .* 225 VENs at most"):
        machine_limits.check_machine(400, 1)
    raised: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: raised.append(limits))
    machine_limits.check_machine(400, 2)
    assert raised == [(900, 1000)]


def test_more_vens_than_the_memory_holds_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what is free, and how many that holds; a machine that does not say is not asked."""
    memory = tmp_path / "meminfo"
    memory.write_text("MemTotal: 999 kB\nMemAvailable:  102400 kB\n")
    monkeypatch.setattr(machine_limits, "_MEMORY", memory)
    with pytest.raises(FieldError, match=r"201 VENs take 100 MB, and 100 MB are free here: at most 200"):
        machine_limits.check_machine(201, 1)
    memory.write_text("nothing")
    machine_limits.check_machine(201, 1)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """The text that a display prints where there is no terminal."""
    output = io.StringIO()
    monkeypatch.setattr(fleet_display, "console", make_console(output))
    return output.getvalue


def test_without_a_terminal_each_step_has_a_first_and_a_last_line(shown: Callable[[], str]) -> None:
    """And a fleet that runs one line, until the next is due."""
    display = FleetDisplay(3)
    with display.shown():
        for done in (1, 2, 3):
            display.step("claiming identities", done, 3)
        for counts in (FleetCounts(1), FleetCounts(3), FleetCounts(3, 2), FleetCounts(3, 3, 1, 4.5)):
            display.counts(counts)
        display.counts(FleetCounts(3, 2, 0, 4.0))
    assert shown().splitlines() == [
        "claiming identities: 1 of 3",
        "claiming identities: 3 of 3",
        "warming houses up: 1 of 3",
        "connecting: 0 of 3",
        "3 of 3 connected, 1 in an event, 4.50 kW drawn",
    ]


def test_the_counts_of_processes_add_up() -> None:
    """A fleet is one, however many processes it has."""
    both = FleetCounts(2, 1, 1, 1.5).and_of(FleetCounts(3, 3, 0, 0.5))
    assert running_line(both, 5) == "4 of 5 connected, 1 in an event, 2.00 kW drawn"
    assert VenId("twin-1") == fleet_identities.NAME + "1"
