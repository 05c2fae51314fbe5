"""Clients of the VTN made by the CLI, and their tokens by HTTP, in the running system."""

from __future__ import annotations

import base64
import json
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import jwt
import pytest
from botocore.exceptions import ClientError

from contracts.store.stack import StackOutput
from local_cloud.runtime import REGION
from tests.e2e.conftest import System
from tests.support import leaks
from tests.support.transcripts import let_out
from tests.support.waiting import GIVE_UP_S

GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def url(system: System) -> str:
    """The VTN's base URL."""
    return system.cloud.output(StackOutput.VTN_URL)


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A client of HTTP that nobody's proxy is asked for."""
    with httpx.Client(trust_env=False, timeout=GIVE_UP_S) as client:
        yield client


def make(system: System, folder: Path, name: str, *options: str) -> str:
    """A client made by the CLI; its secret, which is watched from now on."""
    file = folder / f"{name}.secret"
    done = system.cli("oadr", "client", "make", name, *options, "--secret-file", str(file))
    assert done.returncode == 0, done.stderr
    return noted(file, done)


def noted(file: Path, done: subprocess.CompletedProcess[str]) -> str:
    """The secret in *file*, which no log and no line of the command has."""
    secret = file.read_text().strip()
    leaks.known.add(secret)
    assert secret not in done.stdout + done.stderr
    return secret


def token(http: httpx.Client, url: str, client_id: str, secret: str) -> str:
    """A token by the form."""
    form = {**GRANT, "client_id": client_id, "client_secret": secret}
    answer = http.post(f"{url}/auth/token", data=form)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    issued = answer.json()["access_token"]
    leaks.known.add(issued)
    return str(issued)


def called(http: httpx.Client, url: str, bearer: str) -> httpx.Response:
    """A call of the VTN with a token."""
    return http.get(f"{url}/programs", headers={"Authorization": f"Bearer {bearer}"})


def test_a_client_made_by_the_cli_gets_tokens_by_form_and_by_basic(
    system: System, url: str, http: httpx.Client, tmp_path: Path
) -> None:
    """openadr3-client sends Basic alone, python-oa3-client the form alone; both get in, narrowed as asked."""
    secret = make(system, tmp_path, "house-1", "--role", "ven")
    assert stat.S_IMODE((tmp_path / "house-1.secret").stat().st_mode) == 0o600
    assert called(http, url, token(http, url, "house-1", secret)).status_code == 200
    basic = http.post(
        f"{url}/auth/token", data={**GRANT, "scope": "read_targets read_all"}, auth=("house-1", secret)
    )
    assert basic.status_code == 200, basic.text
    leaks.known.add(basic.json()["access_token"])
    assert basic.json()["scope"] == "read_targets"
    assert basic.json()["token_type"] == "Bearer"
    assert called(http, url, basic.json()["access_token"]).status_code == 200
    wrong = http.post(f"{url}/auth/token", data=GRANT, auth=("house-1", "wrong"))
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert wrong.headers["www-authenticate"].startswith("Basic")
    assert called(http, url, "a.b.c").status_code == 401


def test_the_published_key_checks_a_token(
    system: System, url: str, http: httpx.Client, tmp_path: Path
) -> None:
    """Another service needs no more than /auth/jwks.json; the CLI's command prints the token alone."""
    make(system, tmp_path, "utility", "--role", "bl")
    done = system.cli("oadr", "token", "utility", "--secret-file", str(tmp_path / "utility.secret"))
    assert done.returncode == 0, done.stderr
    printed = done.stdout.strip()
    leaks.known.add(printed)
    (key,) = http.get(f"{url}/auth/jwks.json").json()["keys"]
    claims: dict[str, Any] = jwt.decode(
        printed, jwt.PyJWK(key).key, algorithms=["RS256"], audience=url, issuer=url
    )
    assert (claims["client_id"], claims["exp"] - claims["iat"]) == ("utility", 3600)
    assert jwt.get_unverified_header(printed)["kid"] == key["kid"]


def test_a_secret_is_rotated_with_a_grace_or_at_once(
    system: System, url: str, http: httpx.Client, tmp_path: Path
) -> None:
    """Both are good until the grace is over; with --now the old one is not; no file is written over."""
    first = make(system, tmp_path, "house-2", "--role", "ven")
    over = system.cli(
        "oadr", "client", "rotate", "house-2", "--secret-file", str(tmp_path / "house-2.secret")
    )
    assert (over.returncode, "there already" in over.stderr) == (2, True)
    file = tmp_path / "second.secret"
    done = system.cli("oadr", "client", "rotate", "house-2", "--secret-file", str(file), "--json")
    second = noted(file, done)
    assert json.loads(done.stdout)["secrets"] == 2
    assert token(http, url, "house-2", first)
    assert token(http, url, "house-2", second)
    file = tmp_path / "third.secret"
    third = noted(
        file, system.cli("oadr", "client", "rotate", "house-2", "--now", "--secret-file", str(file))
    )
    for old in (first, second):
        refused = http.post(f"{url}/auth/token", data=GRANT, auth=("house-2", old))
        assert refused.status_code == 401
    assert token(http, url, "house-2", third)


def test_a_client_that_is_removed_or_disabled_gets_nowhere(
    system: System, url: str, http: httpx.Client, tmp_path: Path
) -> None:
    """Neither by its secret nor by a token that it has; one that was disabled comes back."""
    secret = make(system, tmp_path, "house-3", "--role", "ven")
    bearer = token(http, url, "house-3", secret)
    for verb, status in (("disable", 401), ("enable", 200), ("remove", 401)):
        assert system.cli("oadr", "client", verb, "house-3").returncode == 0
        assert called(http, url, bearer).status_code == status
        assert http.post(f"{url}/auth/token", data=GRANT, auth=("house-3", secret)).status_code == status
    assert system.cli("oadr", "client", "show", "house-3").returncode == 2


def test_only_the_function_that_issues_tokens_may_sign(system: System) -> None:
    """As on AWS, the role of another function is refused, and the key's material never comes out."""
    key_id = _variables(system, "VtnTokenFunction")["TOKEN_KEY"]
    signing = {
        "KeyId": key_id,
        "Message": b"x" * 32,
        "MessageType": "DIGEST",
        "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256",
    }
    outcomes = {}
    for role in ("VtnTokenRole", "VtnRole", "VtnClientsRole", "ApiRole"):
        try:
            outcomes[role] = len(_kms_as(system, role).sign(**signing)["Signature"])
        except ClientError as error:
            outcomes[role] = error.response["Error"]["Code"]
    assert outcomes == {
        "VtnTokenRole": 256,
        "VtnRole": "AccessDeniedException",
        "VtnClientsRole": "AccessDeniedException",
        "ApiRole": "AccessDeniedException",
    }


def test_no_secret_and_no_token_is_in_any_log(
    system: System, url: str, http: httpx.Client, tmp_path: Path
) -> None:
    """Of those of this run, also one that stands in the wrong field, and one in a header that is no Basic."""
    secret = make(system, tmp_path, "house-4", "--role", "ven")
    bearer = token(http, url, "house-4", secret)
    for form, headers in (
        ({**GRANT, "client_id": secret, "client_secret": "house-4"}, {}),
        ({**GRANT, "client_id": "house-4", "client_secret": secret, "scope": bearer}, {}),
        (GRANT, {"Authorization": f"Bearer {bearer}"}),
        (GRANT, {"Authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"}),
    ):
        assert http.post(f"{url}/auth/token", data=form, headers=headers).status_code in {400, 401}
    assert let_out(system.cloud) == []
    assert leaks.leaks_under(system.home) == []


def _kms_as(system: System, role: str) -> Any:
    """A client of KMS with the role of a function."""
    pages = system.cloud.client("iam").get_paginator("list_roles").paginate()
    begin = f"VenTwin-local-{role}"
    (arn,) = (made["Arn"] for page in pages for made in page["Roles"] if made["RoleName"].startswith(begin))
    keys = system.cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="e2e")["Credentials"]
    return boto3.client(
        "kms",
        endpoint_url=system.runtime.endpoint_url,
        region_name=REGION,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def _variables(system: System, function: str) -> dict[str, str]:
    functions = system.cloud.client("lambda")
    for page in functions.get_paginator("list_functions").paginate():
        for made in page["Functions"]:
            if function in made["FunctionName"]:
                return dict(made["Environment"]["Variables"])
    raise AssertionError(function)
