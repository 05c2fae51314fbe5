"""A client that is generated from the API's document, and what it makes of the API's own answers.

The generator comes from the package registry into an environment of its own: it takes another typer than the
project. What it generates needs httpx and attrs, which are there.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import requests
from requests_aws4auth import AWS4Auth

from contracts.api.openapi import document
from contracts.store.stack import StackOutput
from contracts.wire import codec
from local_cloud.runtime import REGION
from tests.e2e.conftest import System

GENERATOR = "openapi-python-client==0.29.1"


def unread_answers(system: System, folder: Path, ven_id: str) -> list[str]:
    """Generate a client in *folder*, and show it answers of the API; returns those that it did not read.

    Raises:
        subprocess.CalledProcessError: the generator left something out.
    """
    _generate(folder)
    sys.path.insert(0, str(folder))
    client = importlib.import_module("generated").Client(base_url="https://api.example")
    unread = []
    for operation, response in _answers(system, ven_id).items():
        module = importlib.import_module(f"generated.api.default.{operation}")
        answer = httpx.Response(response.status_code, content=response.content)
        read = module._parse_response(client=client, response=answer)
        if response.status_code >= 300 or type(read).__name__ in {"NoneType", "Problem"}:
            unread.append(f"{operation}: {response.status_code} read as {type(read).__name__}")
    return unread


def _generate(folder: Path) -> None:
    folder.mkdir()
    (folder / "openapi.json").write_bytes(codec.encode(document()))
    (folder / "config.json").write_text(json.dumps({"post_hooks": []}))
    uv = Path(sys.executable).with_name("uv")
    subprocess.run(
        [
            *(uv, "tool", "run", "--quiet", "--from", GENERATOR, "openapi-python-client", "generate"),
            *("--path", folder / "openapi.json", "--config", folder / "config.json", "--fail-on-warning"),
            *("--meta", "none", "--output-path", folder / "generated"),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _answers(system: System, ven_id: str) -> dict[str, requests.Response]:
    """One answer of each kind, by its operation's name in Python."""
    runtime, api = system.runtime, system.cloud.output(StackOutput.API_URL)
    session = requests.Session()
    session.auth = AWS4Auth(runtime.access_key_id, runtime.secret_access_key, REGION, "execute-api")
    event: Any = {
        "intervals": [{"durationS": 600, "signal": "level", "value": 1}],
        "startTs": int(time.time()) + 3600,
    }
    answers = {"create_event": session.post(f"{api}/events", json=event)}
    event_url = f"{api}/events/{answers['create_event'].json().get('eventId')}"
    for operation, url in {
        "get_event": event_url,
        "list_events": f"{api}/events",
        "list_vens": f"{api}/vens",
        "get_ven": f"{api}/vens/{ven_id}",
        "list_telemetry": f"{api}/vens/{ven_id}/telemetry",
        "get_fleet": f"{api}/fleet",
    }.items():
        answers[operation] = session.get(url)
    answers["send_command"] = session.post(f"{api}/vens/{ven_id}/commands", json={"op": "ping"})
    command = answers["send_command"].json().get("correlationId")
    answers["get_command"] = session.get(f"{api}/vens/{ven_id}/commands/{command}")
    change = {"If-Match": answers["get_event"].headers.get("ETag", "")}
    answers["cancel_event"] = session.post(f"{event_url}/cancel", headers=change)
    return answers
