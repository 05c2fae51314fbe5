"""The options by which a twin is a VEN of a VTN: what they need, and what is refused before anything runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import FieldError
from ven_twin.cli.vtn_options import VTN, vtn_link
from ven_twin.ven.openadr.callback import VtnCallback
from ven_twin.ven.openadr.link import ReportedBy, VtnLink

URL = "https://vtn.example.org/openadr3/3.1.0/"
CALLBACK = "https://house.example.org/ven-1"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file with a secret that only its user can read."""
    file = tmp_path / "house-1.secret"
    file.write_text("hush\n")
    file.chmod(0o600)
    return file


def link(**options: Any) -> tuple[VtnLink | None, bool]:
    """The link by these options, the others left out."""
    defaults = {name: default for name, (_, default) in VTN.items()}
    return vtn_link(**{**defaults, **options})  # type: ignore[arg-type]


def test_without_an_address_there_is_no_vtn() -> None:
    """The twin is AWS's, as ever."""
    assert link() == (None, False)


def test_a_vtn_is_the_only_cloud_unless_it_is_said_to_stand_beside(secret: Path) -> None:
    """The address goes without the slash at its end, and the file's path is whole."""
    made, without_aws = link(vtn=URL, client_id="house-1", client_secret_file=secret)
    assert made == VtnLink(url=URL.rstrip("/"), client_id="house-1", secret_file=str(secret))
    assert without_aws
    assert made.secret() == "hush"
    options = {"vtn_beside_aws": True, "vtn_poll": "5m", "vtn_resources": "circuits", "vtn_program": "summer"}
    made, without_aws = link(vtn=URL, client_id="house-1", client_secret_file=secret, **options)
    assert not without_aws
    assert made is not None
    assert (made.poll_s, made.reported_by, made.program) == (300.0, ReportedBy.CIRCUITS, "summer")


def test_a_vtn_may_call(secret: Path) -> None:
    """At an address of the VEN's, which is listened for on loopback."""
    options = {"vtn_callback_url": CALLBACK, "vtn_callback_port": 9443, "vtn_called_poll": "1h"}
    made, _ = link(vtn=URL, client_id="house-1", client_secret_file=secret, **options)
    assert made is not None
    assert made.callback == VtnCallback(url=CALLBACK, port=9443)
    assert made.called_poll_s == 3600.0


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"client_id": "house-1"}, "--client-id"),
        ({"vtn_ca": Path("ca.pem")}, "--vtn-ca"),
        ({"vtn_beside_aws": True}, "--vtn-beside-aws"),
        ({"vtn": "http://vtn.example.org/"}, "--vtn"),
        ({"vtn": f"{URL}?x=1"}, "--vtn"),
        ({"vtn": URL, "client_id": None}, "--client-id"),
        ({"vtn": URL, "client_secret_file": None}, "--client-secret-file"),
        ({"vtn": URL, "client_secret_file": Path("there-is-none")}, "--client-secret-file"),
        ({"vtn": URL, "vtn_ca": Path(__file__)}, "--vtn-ca"),
        ({"vtn": URL, "vtn_poll": "0s"}, "--vtn-poll"),
        ({"vtn": URL, "vtn_poll": "2h"}, "--vtn-poll"),
        ({"vtn": URL, "vtn_resources": "rooms"}, "--vtn-resources"),
        ({"vtn_callback_url": CALLBACK}, "--vtn-callback-url"),
        ({"vtn": URL, "vtn_callback_cert": Path("cert.pem")}, "--vtn-callback-cert"),
        ({"vtn": URL, "vtn_callback_url": "http://house.example.org/"}, "--vtn-callback-url"),
        ({"vtn": URL, "vtn_callback_url": CALLBACK, "vtn_callback_host": "::"}, "--vtn-callback-host"),
        ({"vtn": URL, "vtn_called_poll": "soon"}, "--vtn-called-poll"),
        ({"vtn": URL, "vtn_called_poll": "25h"}, "--vtn-called-poll"),
        ({"vtn": URL, "vtn_callback_url": CALLBACK, "vtn_mqtt": True}, "--vtn-mqtt"),
        ({"vtn_mqtt": True}, "--vtn-mqtt"),
    ],
)
def test_what_cannot_be_is_refused_by_its_option(options: dict[str, Any], named: str, secret: Path) -> None:
    """Before anything is started, in one line."""
    given = {"client_id": "house-1", "client_secret_file": secret} if "vtn" in options else {}
    with pytest.raises(FieldError, match=f"^{named}: ") as refused:
        link(**{**given, **options})
    assert "hush" not in str(refused.value)


def test_options_of_aws_are_refused_beside_a_vtn_alone(secret: Path) -> None:
    """Certificates would be used for nothing."""
    options = ["--vtn", URL, "--client-id", "house-1", "--client-secret-file", str(secret)]
    command = [sys.executable, "-m", "ven_twin.cli", "run", "ven-1", *options, "--certs", "tls"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--vtn-beside-aws" in done.stderr
