"""A local cloud whose VTN has programs, events, clients and VENs, over HTTP alone."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from contracts.store.stack import StackOutput
from contracts.wire.codec import JsonDict
from local_cloud import deploy, process
from local_cloud.runtime import METER_PATH, Runtime
from ven_twin.testing.running_cloud import cloud_of, unshared_port

GROUPS = 20
"""Groups of VENs; each event is for two of them. A VEN is granted its group and its name."""
AT_ONCE = 8
"""Calls under way at a time while the VTN is filled."""
TIMEOUT_S = 60.0
INTERVALS = [{"id": number, "payloads": [{"type": "PRICE", "values": [0.17]}]} for number in range(24)]
PERIOD = {"start": "2030-01-01T00:00:00Z", "duration": "PT1H"}


@dataclass
class VtnStand:
    """The VTN at *url* of a local cloud; headers of its business logic and VENs; the form for a token."""

    runtime: Runtime
    url: str
    http: httpx.Client
    operator: dict[str, str]
    vens: list[dict[str, str]]
    event: JsonDict
    form: dict[str, str]

    def counts(self) -> dict[str, float]:
        """The meter of the local cloud, so far."""
        answer = self.http.get(f"{self.runtime.endpoint_url}{METER_PATH}")
        answer.raise_for_status()
        counted: dict[str, float] = answer.json()
        return counted


@contextmanager
def vtn_stand(
    home: Path, *, vens: int, events: int, metered: bool = False, callback_ca_pem: str = ""
) -> Iterator[VtnStand]:
    """A new local cloud in *home*, filled; it trusts callbacks with certificates of *callback_ca_pem*."""
    runtime = process.start(
        home, keep=False, gateway_port=unshared_port(), mqtt_port=unshared_port(), metered=metered
    )
    try:
        deploy.deploy(runtime, [], callback_ca_pem=callback_ca_pem)
        with httpx.Client(trust_env=False, timeout=TIMEOUT_S) as http:
            yield _filled(runtime, http, vens, events)
    finally:
        process.stop(home)


def _filled(runtime: Runtime, http: httpx.Client, vens: int, events: int) -> VtnStand:
    cloud = cloud_of(runtime)
    url = cloud.output(StackOutput.VTN_URL)

    def credentials(client_id: str, role: str) -> dict[str, str]:
        made = cloud.invoke(StackOutput.VTN_CLIENTS, {"op": "make", "clientId": client_id, "role": role})
        secret = made["clientSecret"]
        return {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}

    def headers_of(form: dict[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {_sent(http, f'{url}/auth/token', data=form)['access_token']}"}

    def furnished(number: int) -> dict[str, str]:
        name = f"house-{number}"
        ven = {"clientID": name, "venName": name, "targets": [f"group-{number % GROUPS}", name]}
        _sent(http, f"{url}/vens", json={"objectType": "BL_VEN_REQUEST", **ven}, headers=operator)
        return headers_of(credentials(name, "ven"))

    def add_event(number: int) -> None:
        targets = [f"group-{number % GROUPS}", f"group-{(number + 1) % GROUPS}"]
        _sent(http, f"{url}/events", json={**event, "targets": targets}, headers=operator)

    form = credentials("operator", "bl")
    operator = headers_of(form)
    program = _sent(http, f"{url}/programs", json={"programName": "prices"}, headers=operator)
    event: JsonDict = {"programID": program["id"], "intervalPeriod": PERIOD, "intervals": INTERVALS}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        headers = list(pool.map(furnished, range(vens)))
    for number in range(events):  # one after the other: all of them change the same version
        add_event(number)
    return VtnStand(runtime, url, http, operator, headers, event, form)


def _sent(http: httpx.Client, url: str, **options: object) -> JsonDict:
    answer = http.post(url, **options)  # type: ignore[arg-type] # options of httpx
    answer.raise_for_status()
    made: JsonDict = answer.json()
    return made
