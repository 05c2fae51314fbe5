"""The watch over what is let out finds what is planted, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support import leaks
from ven_twin.testing.pki import Authority

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def key_pem() -> str:
    """A private key."""
    return Authority().issue("ven-1").key


def test_ordinary_talk_is_none(key_pem: str) -> None:
    """What a twin logs, an ack, an ARN and a digest pass, also beside a key that was made."""
    said = (
        "12:00:01  connected to localhost as ven-1; event evt-20260715-173104-5c1e is active: sheds 3.00 kW\n"
        '{"op":"ping","ok":true,"correlationId":"8d7a1f3e-0000-4000-8000-000000000001"}\n'
        f"arn:aws:iot:us-east-1:000000000000:cert/{'0a' * 32}"
    )
    assert leaks.leaks(said, set(key_pem.splitlines()[1:-1])) == []


def test_a_key_is_found_by_its_form(key_pem: str) -> None:
    """PEM, whole, wherever it stands."""
    assert leaks.leaks(f"failed: {key_pem!r}") == ["a PEM block"]


def test_a_key_is_found_by_its_substance(key_pem: str) -> None:
    """A line of a key that the run has made, without any marker, is found in a log."""
    with tempfile.TemporaryDirectory() as name:  # not the test's own folder, which is watched
        folder = Path(name)
        (folder / "tls").mkdir()
        (folder / "tls" / "private_key.pem").write_text(key_pem)
        (folder / "ven-1.log").write_text(f"nothing to see: {key_pem.splitlines()[1]}\n")
        assert leaks.leaks_under(folder) == ["ven-1.log: a line of a key or certificate"]


def test_a_named_secret_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that stands in no file is found once it was named."""
    monkeypatch.setattr(leaks, "known", {"s3cr3t-of-the-local-cloud"})
    assert leaks.leaks("{'token': 's3cr3t-of-the-local-cloud'}") == ["a secret of this run"]


@pytest.mark.parametrize(
    "text",
    [
        "https://bucket/key?X-Amz-Signature=0123456789abcdef",
        f"Authorization: AWS4-HMAC-SHA256 Credential=x, Signature={'ab' * 32}",
        "env: {'AWS_SECRET_ACCESS_KEY': 'abcdefghijklmnopqrstuvwxyz0123'}",
    ],
)
def test_tokens_are_found_by_their_form(text: str) -> None:
    """Signed URLs, authorization headers, credentials in an environment."""
    assert len(leaks.leaks(text)) == 1


@pytest.mark.parametrize(
    "planted",
    [
        "logging.getLogger('x').warning(KEY)",
        "print(KEY)",
        "(tmp_path / 'ven-1.log').write_text(KEY)",
        "(tmp_path / 'page.html').write_text('<pre>' + KEY)",
    ],
)
def test_a_test_that_lets_a_key_out_fails(tmp_path: Path, key_pem: str, planted: str) -> None:
    """Planted in a log record, the output, a twin's log or a page: the run is red, and quotes nothing."""
    test = tmp_path / "test_planted.py"
    test.write_text(f"import logging\nKEY = {key_pem!r}\ndef test_it(tmp_path):\n    {planted}\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.support.leak_watch",
        "-p",
        "no:cacheprovider",
        "--no-header",
    ]
    done = subprocess.run(
        [*command, "--show-capture=no", "--rootdir", str(tmp_path), "-c", "/dev/null", str(test)],
        cwd=ROOT, env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # others' take half of the time
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "let out" in done.stdout
    assert "PEM block" in done.stdout
    assert key_pem.splitlines()[1] not in done.stdout
