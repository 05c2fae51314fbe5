"""The operator's side of the VTN's clients: secrets in files, refusals by field, where a secret goes."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any, cast

import pytest

from contracts.errors import FieldError, VenTwinError
from contracts.openadr.client_requests import ClientOp
from contracts.openadr.ids import ClientId
from contracts.openadr.scopes import Role, Scope
from contracts.store.stack import StackOutput
from ven_twin.operations.aggregator.cloud import Cloud
from ven_twin.operations.aggregator.protocol import RefusedError
from ven_twin.operations.oadr_clients import (
    OadrClients,
    SecretFile,
    check_client_id,
    fetch_token,
    read_secret,
    vtn_url,
)

CLIENT = {
    "clientId": "house-1",
    "role": "ven",
    "scopes": ["read_targets"],
    "disabled": False,
    "secrets": 1,
    "createdTs": 1.0,
}
HOUSE = ClientId("house-1")


class FakeCloud:
    """A stage whose function answers as it is told."""

    def __init__(self, answer: dict[str, Any], url: str | None = None) -> None:
        self.answer, self.url = answer, url
        self.requests: list[tuple[StackOutput, Any]] = []

    def invoke(self, function: StackOutput, request: Any) -> dict[str, Any]:
        """The answer."""
        self.requests.append((function, request))
        return self.answer

    def optional_output(self, _: StackOutput) -> str | None:
        """The VTN's URL."""
        return self.url


def clients_of(cloud: FakeCloud) -> OadrClients:
    """The clients of a stage."""
    return OadrClients(cast("Cloud", cloud))


def test_a_request_is_what_was_typed() -> None:
    """The role or the scopes, and nothing that was left out."""
    cloud = FakeCloud({"client": CLIENT, "clientSecret": "s", "ok": True})
    client, secret = clients_of(cloud).make(HOUSE, Role.VEN, None)
    clients_of(cloud).set_scopes(HOUSE, None, (Scope.READ_ALL,))
    assert (client.client_id, secret) == ("house-1", "s")
    (make_function, make), (_, narrow) = cloud.requests
    assert make_function == StackOutput.VTN_CLIENTS
    assert {name: make[name] for name in ("op", "clientId", "role")} == {
        "op": "make",
        "clientId": "house-1",
        "role": "ven",
    }
    assert "scopes" not in make
    assert narrow["scopes"] in (["read_all"], ("read_all",))


def test_a_refusal_is_told_by_its_field() -> None:
    """As the function has it."""
    cloud = FakeCloud({"ok": False, "error": "no client house-1", "field": "clientId", "code": "notFound"})
    with pytest.raises(RefusedError) as refused:
        clients_of(cloud).change(ClientOp.SHOW, HOUSE)
    assert (refused.value.field, refused.value.reason) == ("clientId", "no client house-1")


def test_a_secret_is_in_a_file_that_its_owner_alone_reads(tmp_path: Path) -> None:
    """Also with a umask that lets everybody read."""
    file = SecretFile(tmp_path / "house-1.secret")
    with file.reserved():
        file.write("s" * 43)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert read_secret(file.path) == "s" * 43


def test_no_file_is_written_over(tmp_path: Path) -> None:
    """Nor followed where it is a link; the refusal comes before any secret is made."""
    there, link = tmp_path / "there", tmp_path / "link"
    there.write_text("mine")
    link.symlink_to(tmp_path / "elsewhere")
    for path in (there, link):
        with (
            pytest.raises(FieldError, match="is there already: name another file"),
            SecretFile(path).reserved(),
        ):
            pytest.fail("the file was reserved")
    assert there.read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


def test_a_secret_that_was_not_made_leaves_no_file(tmp_path: Path) -> None:
    """A refusal by the cloud after the file was reserved takes it away again."""
    path = tmp_path / "house-1.secret"
    with pytest.raises(VenTwinError), SecretFile(path).reserved():
        raise VenTwinError("refused")
    assert not path.exists()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """As a mistake of the option's."""
    with pytest.raises(FieldError, match="--secret-file"), SecretFile(tmp_path / "no" / "x").reserved():
        pytest.fail("the file was reserved")


@pytest.mark.parametrize("text", ["", "\n", "a b\tc", "x" * 1025, "ü"])
def test_a_file_without_a_secret_is_told(text: str, tmp_path: Path) -> None:
    """Before anything is sent; its content is not shown."""
    path = tmp_path / "file"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FieldError) as refused:
        read_secret(path)
    assert refused.value.field == "--secret-file"
    assert not text.strip() or text.strip() not in str(refused.value)


@pytest.mark.parametrize("text", ["", "-a", "a b", "a#b", "a/b", "x" * 65, "a\n"])
def test_what_is_no_clients_id_is_refused(text: str) -> None:
    """It becomes a file's name, too."""
    with pytest.raises(FieldError, match="CLIENT"):
        check_client_id(text)


def test_a_secret_goes_nowhere_but_over_https_or_to_this_machine() -> None:
    """An address in plain HTTP is refused before anything is sent."""
    with pytest.raises(VenTwinError, match="no secret goes there"):
        fetch_token("http://vtn.example/openadr3/3.1.0", HOUSE, "s")


def test_a_stage_that_is_no_vtn_is_told() -> None:
    """With how it would be one."""
    assert vtn_url(cast("Cloud", FakeCloud({}, "https://vtn.example"))) == "https://vtn.example"
    with pytest.raises(VenTwinError, match="without -c openadr=off"):
        vtn_url(cast("Cloud", FakeCloud({})))
