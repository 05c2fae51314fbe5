"""`admit_ven`: who is let in by claim."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.store.claim_codes import HASH_ATTRIBUTE, SALT_ATTRIBUTE, TRIES, code_hash, code_of
from contracts.store.keys import TTL_ATTRIBUTE, Key
from contracts.wire.topics import claim_client_id
from lambdas.admit_ven.handler import handler
from lambdas.shared.tables import Table
from tests.support.provisioning import thing_of
from ven_twin.testing.function_world import NOW, Context, World

VEN, CERTIFICATE, OTHER = "house-9", "a" * 64, "b" * 64
CODE = code_of(bytes(range(12)))
WRONG = code_of(bytes(12))


@pytest.fixture
def allowed(world: World, monkeypatch: pytest.MonkeyPatch) -> Table:
    """The list, with the VEN on it for an hour."""
    monkeypatch.setenv("VEN_ID_PATTERN", "house-*")
    hashed = {HASH_ATTRIBUTE: code_hash(CODE, "salt"), SALT_ATTRIBUTE: "salt"}
    world.allowed.put_new({"venId": VEN, TTL_ATTRIBUTE: int(NOW) + 3600, **hashed})
    return world.allowed


def ask(
    ven_id: Any = VEN, certificate_id: str = CERTIFICATE, client_id: str | None = None, code: Any = CODE
) -> bool:
    """The answer of the hook to IoT Core."""
    event = {
        "claimCertificateId": "c" * 64,
        "certificateId": certificate_id,
        "certificatePem": "-----BEGIN CERTIFICATE-----",
        "templateArn": "arn:aws:iot:us-east-1:1:provisioningtemplate/ven-twin-test",
        "clientId": client_id or claim_client_id(str(ven_id)),
        "parameters": {"SerialNumber": ven_id} | ({} if code is None else {"ClaimCode": code}),
    }
    answer = handler(event, Context())
    assert set(answer) == {"allowProvisioning"}
    return answer["allowProvisioning"]


def test_a_ven_on_the_list_is_let_in_and_recorded(allowed: Table, world: World) -> None:
    """It has a row like a VEN of the stack, with the certificate that it was given."""
    assert ask() is True
    row = world.ven(VEN)
    assert (row["certificateId"], row["provisionedTs"]) == (CERTIFICATE, NOW)
    assert allowed.get(Key(VEN))["usedBy"] == CERTIFICATE  # type: ignore[index]


def test_a_ven_that_no_function_of_the_stage_could_reach_is_refused(allowed: Table) -> None:
    """Although it is on the list: its id is none of the stage's."""
    allowed.put_new({"venId": "hut-9", TTL_ATTRIBUTE: int(NOW) + 3600})
    assert ask("hut-9") is False
    assert "usedBy" not in allowed.get(Key("hut-9"))  # type: ignore[operator]


def test_a_place_on_the_list_is_used_once(allowed: Table, world: World) -> None:
    """Asked again about the same certificate it is the same admission; another certificate is refused."""
    del allowed
    assert [ask(), ask(), ask(certificate_id=OTHER)] == [True, True, False]
    assert world.ven(VEN)["certificateId"] == CERTIFICATE


def test_a_place_on_the_list_runs_out(allowed: Table, world: World) -> None:
    """Also while DynamoDB has not deleted it yet."""
    del allowed
    world.now = NOW + 3600
    assert ask() is False
    assert world.ven(VEN) == {}


@pytest.mark.parametrize(
    "asked",
    [
        {"ven_id": "house-10"},
        {"client_id": claim_client_id("house-10")},
        {"client_id": VEN},
        {"ven_id": "house/9"},
        {"ven_id": 9},
        {"ven_id": None},
        {"certificate_id": "nonsense"},
    ],
)
def test_whoever_else_asks_is_not_let_in(allowed: Table, world: World, asked: dict[str, Any]) -> None:
    """Not on the list, another's client id, no name that a VEN can have: no, and nothing is recorded."""
    assert ask(**asked) is False
    assert "usedBy" not in (allowed.get(Key(VEN)) or {})
    assert world.ven(VEN) == {}


@pytest.mark.parametrize("stage", ["prod", None])
def test_a_ven_that_another_stage_has_is_not_let_in(allowed: Table, world: World, stage: str | None) -> None:
    """Its thing is another's, a stage's or nobody's: its place on the list stays, and nothing is recorded."""
    thing_of(VEN, stage=stage)
    assert ask() is False
    assert "usedBy" not in (allowed.get(Key(VEN)) or {})
    assert world.ven(VEN) == {}


def test_a_ven_that_lost_its_key_is_let_in_once_more(allowed: Table, world: World) -> None:
    """Its thing is this stage's own, and so is its row."""
    assert ask() is True
    thing_of(VEN, stage="test")
    allowed.update(Key(VEN), {"usedBy": None})
    assert ask(certificate_id=OTHER) is True
    assert world.ven(VEN)["certificateId"] == OTHER


@pytest.mark.parametrize("code", [WRONG, "", None, 7])
def test_the_claim_kit_without_the_vens_code_lets_nobody_in(allowed: Table, world: World, code: Any) -> None:
    """Whoever has the kit and knows the VEN's name has not its code; the VEN itself is still let in."""
    assert ask(code=code) is False
    assert world.ven(VEN) == {}
    assert "usedBy" not in (allowed.get(Key(VEN)) or {})
    assert ask() is True


def test_a_code_is_taken_as_people_type_it(allowed: Table) -> None:
    """Small letters, spaces and left-out hyphens make no difference."""
    del allowed
    assert ask(code=f" {CODE.lower().replace('-', ' ')} ") is True


def test_a_place_on_the_list_closes_after_a_few_wrong_codes(allowed: Table, world: World) -> None:
    """After five the right one is refused too, until the operator puts the VEN on the list again."""
    assert [ask(code=WRONG) for _ in range(TRIES)] == [False] * TRIES
    assert ask() is False
    assert world.ven(VEN) == {}
    allowed.update(Key(VEN), {"codeTries": None})
    assert ask() is True


def test_guesses_at_the_same_time_are_counted_one_by_one(
    allowed: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt that another came before is counted after it: the code is looked at once for each."""
    real, others = Table.get, [1, 2]

    def get_before_others(table: Table, key: Key) -> Any:
        row = real(table, key)
        if table.name == "allowed" and others:
            table.update(key, {"codeTries": others.pop(0)})
        return row

    monkeypatch.setattr(Table, "get", get_before_others)
    assert ask(code=WRONG) is False
    assert (allowed.get(Key(VEN)) or {})["codeTries"] == 3


def test_a_place_without_a_code_is_of_an_earlier_release(
    allowed: Table, caplog: pytest.LogCaptureFixture
) -> None:
    """It lets nobody in, and the log names the remedy; no code is in it."""
    allowed.update(Key(VEN), {"codeHash": None})
    assert ask() is False
    (logged,) = caplog.records
    assert "certs allow again" in logged.__dict__["reason"]
    assert CODE not in str(logged.__dict__)


def test_an_event_of_another_form_is_refused(allowed: Table) -> None:
    """The hook answers in any case; without an answer IoT Core would wait for it."""
    del allowed
    assert handler({}, Context()) == {"allowProvisioning": False}


def test_an_event_that_is_nested_too_deep_is_refused(allowed: Table) -> None:
    """A stranger's claim ends no invocation: that would be an alarm of the function's."""
    del allowed
    nest: Any = "x"
    for _ in range(60):
        nest = {"SerialNumber": nest}
    assert handler({"parameters": nest}, Context()) == {"allowProvisioning": False}
