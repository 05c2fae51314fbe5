"""``ven-twin cloud start``: its options reach the local cloud."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from local_cloud import process
from local_cloud.runtime import CloudWeather, Runtime
from ven_twin.cli.cloud import app


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[dict[str, Any]]:
    """The options of each start, of which none is carried out."""
    starts: list[dict[str, Any]] = []

    def start(_folder: Path, **options: Any) -> Runtime:
        starts.append(options)
        return Runtime(
            pid=1, gateway_port=2, mqtt_port=3, access_key_id="a", secret_access_key="b", keep=False
        )

    monkeypatch.setenv("VEN_TWIN_HOME", str(tmp_path))
    monkeypatch.setattr(process, "start", start)
    return starts


def test_the_weather_and_its_seed_reach_the_local_cloud(started: list[dict[str, Any]]) -> None:
    """There is none unless it is requested."""
    for options in ([], ["--conditions", "aws"], ["--conditions", "aws", "--seed", "7"]):
        done = CliRunner().invoke(app, ["start", "--no-deploy", *options])
        assert done.exit_code == 0, done.output
    assert [options["weather"] for options in started] == [None, CloudWeather(), CloudWeather(seed=7)]


def test_ports_and_tls_reach_the_local_cloud(started: list[dict[str, Any]]) -> None:
    """The usual ports, and no TLS, unless they are requested."""
    for options in ([], ["--gateway-port", "443", "--mqtt-port", "8883", "--tls"]):
        done = CliRunner().invoke(app, ["start", "--no-deploy", *options])
        assert done.exit_code == 0, done.output
    names = ("gateway_port", "mqtt_port", "tls")
    assert [tuple(options[name] for name in names) for options in started] == [
        (None, None, False),
        (443, 8883, True),
    ]


@pytest.mark.parametrize(("tls_port", "url"), [(443, "https://localhost"), (4566, "https://localhost:4566")])
def test_the_address_over_https_is_the_one_that_a_script_has(tls_port: int, url: str) -> None:
    """Without a port where that is HTTPS's own."""
    runtime = Runtime(
        pid=1, gateway_port=2, mqtt_port=3, access_key_id="a", secret_access_key="b", keep=False,
        tls_port=tls_port, ca_file="ca.pem",
    )  # fmt: skip
    assert (runtime.tls_url, runtime.endpoint_url) == (url, "http://127.0.0.1:2")


def test_another_weather_is_refused(started: list[dict[str, Any]]) -> None:
    """Nothing is started."""
    assert CliRunner().invoke(app, ["start", "--conditions", "rain"]).exit_code == 2
    assert started == []
