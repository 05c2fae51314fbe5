"""A fleet and `up` at a VTN: one client of many VENs, or one of each; what cannot be is refused at once."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any, cast

import pytest

from contracts.errors import FieldError
from contracts.store.stack import StackOutput
from contracts.wire.ids import VenId
from ven_twin.cli import up_vtn
from ven_twin.cli.fleet_choice import WHICH
from ven_twin.cli.fleet_vtn import choice_and_vtn, fleet_vtn
from ven_twin.cli.resident_options import RESIDENT
from ven_twin.cli.up_vtn import CLIENT_FILE, UP_VTN, local_client, variables_of_up
from ven_twin.cli.vtn_options import VTN_LINK
from ven_twin.operations.aggregator.cloud import Cloud

URL = "https://vtn.example.org/openadr3/3.1.0"
VENS = (VenId("house-1"), VenId("house-2"))


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """A folder with the secrets of clients."""
    for name in ("fleet", *VENS):
        file = tmp_path / f"{name}.secret"
        file.write_text(f"hush of {name}\n")
        file.chmod(0o600)
    return tmp_path


def options(which: Any, **chosen: Any) -> dict[str, Any]:
    """The options of a command, the others left out."""
    return {**{name: default for name, (_, default) in which.items()}, **chosen}


def test_a_fleet_without_a_vtn_has_no_links() -> None:
    """It is AWS's, as ever."""
    vtn = fleet_vtn(**options(VTN_LINK))
    assert vtn.links(VENS) == {}
    assert not vtn.without_aws


def test_all_vens_may_be_of_one_client(secrets: Path) -> None:
    """Then each acts on the events for its targets alone: the VTN lists those of all of the client's VENs."""
    chosen = {"vtn": URL, "client_id": "fleet", "client_secret_file": secrets / "fleet.secret"}
    vtn = fleet_vtn(**options(VTN_LINK, **chosen))
    links = vtn.links(VENS)
    assert vtn.without_aws
    assert {link.client_id for link in links.values()} == {"fleet"}
    assert all(link.shares_client for link in links.values())
    assert not fleet_vtn(**options(VTN_LINK, **chosen, vtn_beside_aws=True)).without_aws


def test_each_ven_may_be_a_client(secrets: Path) -> None:
    """Its id stands in the client's, and in the name of the file with the secret."""
    chosen = {"vtn": URL, "client_id": "c-{ven}", "client_secret_file": secrets / "{ven}.secret"}
    links = fleet_vtn(**options(VTN_LINK, **chosen)).links(VENS)
    assert [link.client_id for link in links.values()] == ["c-house-1", "c-house-2"]
    assert [link.secret() for link in links.values()] == ["hush of house-1", "hush of house-2"]
    assert not any(link.shares_client for link in links.values())
    with pytest.raises(FieldError, match=r"^--client-secret-file: .*house-3\.secret cannot be read"):
        fleet_vtn(**options(VTN_LINK, **chosen)).links([VenId("house-3")])


@pytest.mark.parametrize(
    ("chosen", "named"),
    [
        ({"client_id": "fleet"}, "--client-id"),
        ({"vtn": URL}, "--client-id"),
        ({"vtn": URL, "client_id": "fleet"}, "--client-secret-file"),
        ({"vtn": URL, "client_id": "fleet", "client_secret_file": Path("{ven}.secret")}, "--client-id"),
        ({"vtn": URL, "client_id": "{ven}", "client_secret_file": Path("a")}, "--client-secret-file"),
        ({"vtn": "http://vtn.example.org", "client_id": "f", "client_secret_file": Path("a")}, "--vtn"),
    ],
)
def test_what_cannot_be_is_refused_by_its_option(chosen: dict[str, Any], named: str) -> None:
    """Before any VEN is opened."""
    with pytest.raises(FieldError, match=f"^{named}: "):
        choice_and_vtn(**options({**WHICH, **VTN_LINK}, **chosen))


def test_a_fleet_without_aws_says_how_many_it_is(secrets: Path) -> None:
    """There is no stack whose VENs it could be; claims are AWS IoT's."""
    chosen = {"vtn": URL, "client_id": "fleet", "client_secret_file": secrets / "fleet.secret"}
    choice, _ = choice_and_vtn(**options({**WHICH, **VTN_LINK}, **chosen))
    with pytest.raises(FieldError, match=r"^--count: "):
        choice.homes(None)
    choice, _ = choice_and_vtn(**options({**WHICH, **VTN_LINK}, **chosen, count=2))
    assert list(choice.homes(None)) == ["twin-1", "twin-2"]
    choice, _ = choice_and_vtn(**options({**WHICH, **VTN_LINK}, **chosen, vens="house-1", houses="flat"))
    assert [house for house, _ in choice.homes(None).values()] == ["flat"]
    with pytest.raises(FieldError, match=r"^--claims-per-s: "):
        choice_and_vtn(**options({**WHICH, **VTN_LINK}, **chosen, count=2, claims_per_s=1.0))


class StageWithVtn:
    """A stage whose VTN has clients."""

    stage = "local"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def optional_output(self, _: StackOutput) -> str:
        """The address of its VTN."""
        return "http://127.0.0.1:1/openadr3/3.1.0"

    def invoke(self, _: StackOutput, request: dict[str, Any]) -> dict[str, Any]:
        """Make a client, once, or give it another secret."""
        self.asked.append(request["op"])
        if request["op"] == "make" and self.asked.count("make") > 1:
            return {
                "ok": False,
                "error": "there is a client house-1",
                "field": "clientId",
                "code": "conflict",
            }
        client = {"clientId": "house-1", "role": "ven", "scopes": [], "createdTs": 0, "secrets": 1}
        return {"client": {**client, "disabled": False}, "clientSecret": f"hush {len(self.asked)}"}


def test_up_makes_a_client_of_the_local_cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its secret is in a file of the VEN that only its user can read; one of before is another's no more."""
    monkeypatch.setattr(up_vtn, "ven_folder", lambda stage, ven_id: tmp_path / stage / ven_id)
    stage = StageWithVtn()
    cloud = cast("Cloud", stage)
    around = variables_of_up(**options({**RESIDENT, **UP_VTN}, vtn="local", vtn_poll="5s"))
    variables = around(cloud, VENS[0])
    file = tmp_path / "local" / "house-1" / CLIENT_FILE
    assert variables["VEN_TWIN_VTN"] == "http://127.0.0.1:1/openadr3/3.1.0"
    assert variables["VEN_TWIN_CLIENT_SECRET_FILE"] == str(file)
    assert variables["VEN_TWIN_VTN_BESIDE_AWS"] == "1"
    assert variables["VEN_TWIN_VTN_POLL"] == "5s"
    assert file.read_text() == "hush 1\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not any("hush" in value for value in variables.values())
    local_client(cloud, VENS[0])
    assert stage.asked == ["make", "make", "rotate"]
    assert file.read_text() == "hush 3\n"


def test_up_may_be_at_another_vtn(secrets: Path) -> None:
    """By the options of run; without them nothing is said of a VTN."""
    which = {**RESIDENT, **UP_VTN}
    cloud = cast("Cloud", None)
    assert not any("VTN" in name for name in variables_of_up(**options(which))(cloud, VENS[0]))
    chosen = {"vtn": URL, "client_id": "fleet", "client_secret_file": secrets / "fleet.secret"}
    variables = variables_of_up(**options(which, **chosen))(cloud, VENS[0])
    assert (variables["VEN_TWIN_VTN"], variables["VEN_TWIN_CLIENT_ID"]) == (URL, "fleet")
    assert variables["VEN_TWIN_VTN_BESIDE_AWS"] == "1"


@pytest.mark.parametrize(
    ("chosen", "named"),
    [
        ({"vtn": "local", "client_id": "fleet"}, "--client-id"),
        ({"vtn": "local", "client_secret_file": Path("a")}, "--client-secret-file"),
        ({"vtn": "local", "vtn_ca": Path("a")}, "--vtn-ca"),
        ({"client_id": "fleet"}, "--client-id"),
        ({"vtn": URL}, "--client-id"),
    ],
)
def test_up_refuses_what_cannot_be(chosen: dict[str, Any], named: str) -> None:
    """Before the cloud is started."""
    with pytest.raises(FieldError, match=f"^{named}: "):
        variables_of_up(**options({**RESIDENT, **UP_VTN}, **chosen))
