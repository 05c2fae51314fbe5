"""The region comes from where people set it: ``--region``, then ``AWS_REGION``, then what boto3 reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from ven_twin.cli.connection import connect, reach
from ven_twin.operations.aggregator import by_api

ROOT = Path(__file__).resolve().parents[3]
READ_BY_BOTO3 = ("AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION")


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials, a profile file whose default has a region, and no variable that names one."""
    for name in READ_BY_BOTO3:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    (tmp_path / "config").write_text("[default]\nregion = sa-east-1\n")


def _region(region: str | None = None) -> object:
    return connect("dev", region=region).client("cloudformation").meta.region_name


def test_aws_region_alone_suffices(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the CDK CLI deploys by, commands for the stage are sent by."""
    (tmp_path / "config").write_text("")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert _region() == "eu-central-1"


def test_aws_region_goes_before_what_boto3_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The CDK CLI takes it before the other variable and the profile; so deployment and commands agree."""
    assert _region() == "sa-east-1"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    assert _region() == "us-west-2"
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert _region() == "eu-central-1"
    assert _region("ap-south-1") == "ap-south-1"


def test_an_empty_aws_region_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that a script leaves empty is as if it were not there."""
    monkeypatch.setenv("AWS_REGION", "")
    assert _region() == "sa-east-1"


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://a1.execute-api.us-east-1.amazonaws.com", "us-east-1"),
        ("https://dr.example.org", "eu-central-1"),
    ],
)
def test_a_call_of_the_api_is_signed_for_its_region(
    url: str, region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway's address says it; one of the operator's own is where the environment says."""
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    api = reach("dev", api=url)
    assert isinstance(api, by_api.ApiAggregator)
    assert api._signer._region_name == region


def test_every_session_takes_the_region_from_the_same_place() -> None:
    """A session that is made elsewhere in the CLI or behind it would miss AWS_REGION again."""
    makers = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in (ROOT / "ven_twin").rglob("*.py")
        if "boto3.Session(" in path.read_text(encoding="utf-8")
        or "boto3.client(" in path.read_text(encoding="utf-8")
    }
    assert makers
    assert [name for name, source in makers.items() if "environment_region()" not in source] == []
