"""Liveness and health of the VEN."""

from __future__ import annotations

import datetime as dt
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.support.ven_stand import Stand
from tests.unit.page.conftest import Caller
from ven_twin.testing.pki import Authority
from ven_twin.ven.errors import IdentityInvalidError
from ven_twin.ven.identity.validity import valid_until_ts
from ven_twin.ven.mqtt.session_status import SessionState, SessionStatus
from ven_twin.ven.page.health import health, live
from ven_twin.ven.snapshot import VenSnapshot

CONNECTED = SessionStatus(SessionState.CONNECTED, 0.0, 1, 0, 2.0)


@pytest.fixture
def well(stand: Stand) -> VenSnapshot:
    """A VEN that is connected."""
    return replace(stand.twin.snapshot(), session=CONNECTED)


def health_of(snapshot: VenSnapshot, days: float | None = 100.0) -> Any:
    """The health with a certificate of so many days."""
    return health(snapshot, None if days is None else snapshot.now_ts + days * 86400)


def test_a_ven_that_is_well_would_answer(well: VenSnapshot) -> None:
    """No reasons, no warnings, and the figures."""
    result = health_of(well)
    assert (result.answers_events, result.reasons, result.warnings) == (True, (), ())
    assert (result.certificate_days_left, result.last_puback_age_s) == (100, 2)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"session": replace(CONNECTED, state=SessionState.BACKOFF, reason="Connection refused")},
            "Connection refused",
        ),
        ({"session": replace(CONNECTED, reason="subscription refused: a")}, "subscription refused"),
        ({"clock_skew_s": 4000.0}, "clock is 4000 s"),
        ({"tick_age_s": 60.0}, "has not looked at its house for 60 s"),
    ],
)
def test_a_reason_not_to_answer_is_listed(well: VenSnapshot, change: dict[str, Any], reason: str) -> None:
    """One reason for each thing that is wrong."""
    result = health_of(replace(well, **change))
    assert not result.answers_events
    assert len(result.reasons) == 1
    assert reason in result.reasons[0]


def test_a_ven_that_opted_out_would_not_answer(stand: Stand) -> None:
    """Nor one that is disabled; the reason says which."""
    stand.twin.opt_out("economic")
    result = health_of(replace(stand.twin.snapshot(), session=CONNECTED))
    assert result.reasons == ("takes no part in events: economic",)


@pytest.mark.parametrize(
    ("days", "reasons", "warnings"),
    [(None, 1, 0), (-1.0, 1, 0), (3.0, 0, 1), (15.0, 0, 0)],
)
def test_the_certificate_is_watched(
    well: VenSnapshot, days: float | None, reasons: int, warnings: int
) -> None:
    """Unreadable or expired it is a reason; soon to expire a warning."""
    result = health_of(well, days)
    assert (len(result.reasons), len(result.warnings)) == (reasons, warnings)


def test_a_stuck_loop_is_not_alive(well: VenSnapshot) -> None:
    """The process may be there and its twin not."""
    assert live(well).alive
    assert not live(replace(well, tick_age_s=60.0)).alive


async def test_health_answers_503_with_the_reasons(caller: Caller) -> None:
    """The stand's VEN is not connected, and has no certificate."""
    answer = await caller.get("/health")
    assert answer.status_code == 503
    assert [reason.split(" (")[0] for reason in answer.json()["reasons"]] == [
        "not connected to the cloud",
        "its certificate cannot be read",
    ]


async def test_metrics_are_prometheus_text(caller: Caller) -> None:
    """Each metric has its help and type once; each sample a value; a label is escaped."""
    answer = await caller.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    typed = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(typed) == len(set(typed)) > 20
    samples = [line for line in lines if not line.startswith("#")]
    for sample in samples:
        name, value = sample.rsplit(" ", 1)
        assert name.partition("{")[0] in typed
        float(value)
    assert 'ven_twin_connected{ven_id="ven-1"} 0' in samples
    assert any(
        line.startswith('ven_twin_circuit_kilowatts{ven_id="ven-1",circuit="ev1"}') for line in samples
    )
    assert answer.text.endswith("\n")


@pytest.mark.parametrize("days", [1, 400, 9999])
def test_the_end_of_a_certificate_is_read_as_a_library_reads_it(tmp_path: Path, days: int) -> None:
    """Both forms of time that certificates have: two digits of the year until 2049, four after it."""
    pem = Authority().issue("ven-1", days=days).certificate
    path = tmp_path / "certificate.pem"
    path.write_text(f"before\n{pem}")
    expected = x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
    assert dt.datetime.fromtimestamp(valid_until_ts(path), dt.UTC) == expected


@pytest.mark.parametrize(
    "spoilt", ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_file_that_is_no_certificate_is_refused(tmp_path: Path, spoilt: str) -> None:
    """With the file, and without a traceback."""
    path = tmp_path / "certificate.pem"
    path.write_text(spoilt)
    with pytest.raises(IdentityInvalidError, match="not a readable certificate"):
        valid_until_ts(path)


def test_a_certificate_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    """At whatever byte."""
    der = ssl.PEM_cert_to_DER_cert(Authority().issue("ven-1").certificate)
    path = tmp_path / "certificate.pem"
    for size in range(0, 200, 7):
        path.write_text(ssl.DER_cert_to_PEM_cert(der[:size]))
        with pytest.raises(IdentityInvalidError):
            valid_until_ts(path)


@pytest.mark.parametrize(
    ("counts", "warning"),
    [
        ({"damaged": 3}, "3 messages were lost"),
        ({"files_set_aside": 2}, "2 outbox files could not be used and were set aside"),
        ({"in_memory": "no space left"}, "nothing is kept on disk: no space left"),
    ],
)
def test_what_became_of_the_disk_is_a_warning(
    well: VenSnapshot, counts: dict[str, Any], warning: str
) -> None:
    """The VEN would answer, and someone should look."""
    result = health_of(replace(well, outbox=replace(well.outbox, **counts)))
    assert result.answers_events
    (line,) = result.warnings
    assert warning in line


async def test_damage_is_a_figure(caller: Caller) -> None:
    """For an alarm, beside the messages that were lost."""
    caller.stand.twin._outbox.damaged(2)
    text = (await caller.get("/metrics")).text
    assert 'ven_twin_messages_damaged_total{ven_id="ven-1"} 2' in text
    assert 'ven_twin_messages_lost_total{ven_id="ven-1"} 2' in text
    assert 'ven_twin_files_set_aside_total{ven_id="ven-1"} 0' in text
