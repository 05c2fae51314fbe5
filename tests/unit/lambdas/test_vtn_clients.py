"""The VTN's clients made, rotated, narrowed, disabled and removed; and what is stored of their secrets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from contracts.openadr.ids import STAGE_CLIENT
from contracts.openadr.scopes import ROLE_SCOPES, Role
from contracts.store.vtn_clients import SECRETS_MAX
from contracts.store.vtn_keys import VTN
from lambdas.shared import clients
from tests.support.vtn_world import GRANT, VtnWorld, basic, open_vtn
from ven_twin.testing.function_world import NOW, World

DAY_S = 86_400


@pytest.fixture
def vtn(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[VtnWorld]:  # noqa: ARG001 - its account
    """A VTN in the account."""
    with open_vtn(monkeypatch) as opened:
        yield opened


def gets_in(vtn: VtnWorld, client_id: str, secret: str) -> bool:
    """True when *secret* opens the client."""
    return vtn.token(GRANT, authorization=basic(client_id, secret)).status == 200


def items() -> list[dict[str, Any]]:
    """All that is stored."""
    return list(clients.table("vtn", VTN).scan(["owner", "objectKey", "scopes", "secrets", "disabled", "id"]))


@pytest.mark.parametrize("role", list(Role))
def test_a_client_of_a_role_has_its_scopes(role: Role, vtn: VtnWorld) -> None:
    """And its own item, where a call of the VTN reads them with what the client owns."""
    answer = vtn.ask("make", "one", role=role)
    assert set(answer["client"]["scopes"]) == ROLE_SCOPES[role]
    (item,) = items()
    assert (item["owner"], item["objectKey"], item["disabled"]) == ("client#one", "client", False)
    assert set(item["scopes"].split()) == ROLE_SCOPES[role]


def test_of_a_secret_a_digest_is_stored_and_nothing_else(
    vtn: VtnWorld, caplog: pytest.LogCaptureFixture
) -> None:
    """256 random bits, told once: they stand in no item and no log, and show and list never have them."""
    secret = vtn.made("one")
    assert len(secret) == 43
    shown, listed = vtn.ask("show", "one"), vtn.ask("list")
    logged = [str(vars(record)) for record in caplog.records]
    assert any("clients changed" in line for line in logged)
    assert secret not in json.dumps([items(), shown, listed, logged])
    assert shown["clientSecret"] is None
    assert vtn.made("two") != secret


def test_a_client_without_an_id_is_given_one(vtn: VtnWorld) -> None:
    """Nobody has to think of one."""
    answer = vtn.ask("make", scopes=["read_all"])
    assert gets_in(vtn, answer["client"]["clientId"], answer["clientSecret"])


def test_a_client_is_made_once(vtn: VtnWorld) -> None:
    """The second is refused and changes nothing: the first one's secret goes on to open it."""
    secret = vtn.made("one")
    again = vtn.ask("make", "one", role="bl")
    assert (again["ok"], again["code"]) == (False, "conflict")
    assert gets_in(vtn, "one", secret)


def test_an_old_secret_is_good_for_its_grace(vtn: VtnWorld, world: World) -> None:
    """A day unless told otherwise, so that the client can change over; then only the new one is."""
    old = vtn.made("one")
    rotated = vtn.ask("rotate", "one")
    new = rotated["clientSecret"]
    assert rotated["client"]["secrets"] == 2
    assert rotated["client"]["oldUntilTs"] == NOW + DAY_S
    assert gets_in(vtn, "one", old)
    assert gets_in(vtn, "one", new)
    world.now += DAY_S
    assert not gets_in(vtn, "one", old)
    assert gets_in(vtn, "one", new)
    assert vtn.ask("show", "one")["client"]["secrets"] == 1


def test_without_a_grace_the_old_secrets_end_at_once(vtn: VtnWorld) -> None:
    """All of them, those whose grace is not over too."""
    first = vtn.made("one")
    second = vtn.ask("rotate", "one")["clientSecret"]
    third = vtn.ask("rotate", "one", graceS=0)["clientSecret"]
    assert [gets_in(vtn, "one", secret) for secret in (first, second, third)] == [False, False, True]


def test_a_second_rotation_lengthens_no_grace(vtn: VtnWorld, world: World) -> None:
    """A secret that was to end tomorrow ends tomorrow."""
    first = vtn.made("one")
    vtn.ask("rotate", "one")
    world.now += DAY_S / 2
    vtn.ask("rotate", "one")
    world.now += DAY_S / 2
    assert not gets_in(vtn, "one", first)


def test_only_so_many_secrets_open_a_client(vtn: VtnWorld) -> None:
    """One more is refused, and which ones do stays as it was; --now ends the old ones."""
    secrets = [vtn.made("one")]
    secrets += [vtn.ask("rotate", "one")["clientSecret"] for _ in range(SECRETS_MAX - 1)]
    assert vtn.ask("rotate", "one")["code"] == "conflict"
    assert all(gets_in(vtn, "one", secret) for secret in secrets)
    assert vtn.ask("rotate", "one", graceS=0)["ok"]


def test_scopes_are_replaced(vtn: VtnWorld) -> None:
    """Narrowed or widened, by scopes or by a role; the next token has them."""
    secret = vtn.made("one", role="bl")
    narrowed = vtn.ask("scopes", "one", scopes=["write_events", "read_all"])["client"]
    assert (narrowed["scopes"], narrowed["role"]) == (["read_all", "write_events"], "bl")
    answer = vtn.token(GRANT, authorization=basic("one", secret))
    assert answer.json["scope"] == "read_all write_events"
    assert vtn.ask("scopes", "one", role="ven")["client"]["role"] == "ven"


def test_a_disabled_client_gets_no_token_until_it_is_enabled(vtn: VtnWorld) -> None:
    """Its secret stays."""
    secret = vtn.made("one")
    assert vtn.ask("disable", "one")["client"]["disabled"] is True
    assert not gets_in(vtn, "one", secret)
    assert vtn.ask("enable", "one")["client"]["disabled"] is False
    assert gets_in(vtn, "one", secret)


def test_a_removed_client_is_gone(vtn: VtnWorld) -> None:
    """A client that is made again under its id has another secret."""
    secret = vtn.made("one")
    assert vtn.ask("remove", "one")["ok"]
    assert items() == []
    assert not gets_in(vtn, "one", secret)
    vtn.made("one")
    assert not gets_in(vtn, "one", secret)


def test_clients_are_listed_by_their_ids(vtn: VtnWorld) -> None:
    """All of them, more than one page of the index."""
    names = sorted(f"c-{number:03d}" for number in range(120))
    for name in reversed(names):
        vtn.made(name)
    assert [client["clientId"] for client in vtn.ask("list")["clients"]] == names


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({"op": "make", "clientId": "one"}, "scopes"),
        ({"op": "make", "clientId": "one", "role": "bl", "scopes": ["read_all"]}, "scopes"),
        ({"op": "make", "clientId": "one", "scopes": []}, "scopes"),
        ({"op": "make", "clientId": "one", "scopes": ["read_everything"]}, "scopes[0]"),
        ({"op": "make", "clientId": "-one", "role": "bl"}, "clientId"),
        ({"op": "make", "clientId": "a" * 65, "role": "bl"}, "clientId"),
        ({"op": "make", "clientId": "a#b", "role": "bl"}, "clientId"),
        ({"op": "make", "clientId": STAGE_CLIENT, "role": "ven"}, "clientId"),
        ({"op": "rotate"}, "clientId"),
        ({"op": "rotate", "clientId": "one", "graceS": -1}, "graceS"),
        ({"op": "burn", "clientId": "one"}, "op"),
        ({"op": "list", "secret": "x"}, "secret"),
    ],
)
def test_a_wrong_request_is_refused_by_its_field(event: dict[str, Any], field: str, vtn: VtnWorld) -> None:
    """An answer and no failure: Lambda would try a failure again."""
    answer = vtn.ask(**{name: value for name, value in event.items() if name != "clientId"},
                     client_id=event.get("clientId"))  # fmt: skip
    assert (answer["ok"], answer["field"]) == (False, field)
    assert items() == []


@pytest.mark.parametrize("op", ["show", "rotate", "disable", "enable", "remove"])
def test_a_client_that_there_is_not_is_told(op: str, vtn: VtnWorld) -> None:
    """With its id."""
    answer = vtn.ask(op, "nobody")
    assert (answer["code"], answer["error"]) == ("notFound", "no client nobody")


def test_of_two_changes_at_once_one_is_refused(vtn: VtnWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rotation never brings back scopes that were taken away meanwhile."""
    vtn.made("one", role="bl")
    get_item, nested = clients.dynamodb().get_item, []

    def meanwhile(**named: Any) -> Any:
        answer = get_item(**named)
        if not nested:
            nested.append(True)
            assert vtn.ask("scopes", "one", scopes=["read_all"])["ok"]
        return answer

    monkeypatch.setattr(clients.dynamodb(), "get_item", meanwhile)
    assert vtn.ask("rotate", "one")["code"] == "conflict"
    assert vtn.ask("show", "one")["client"]["scopes"] == ["read_all"]
