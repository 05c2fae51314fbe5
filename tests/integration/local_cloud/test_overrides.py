"""Overrides that show only inside the emulator's process: it is hardened in one of its own and asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ASK = """
import json
from local_cloud.hardening import harden
harden()
from ministack.core import iam_actions
from ministack.services import iot, scheduler
arn = iam_actions.extract_resource_arn
cert = "arn:aws:iot:us-east-1:000000000000:cert/abc"
scope = ("us-east-1", "000000000000")
body = json.dumps({"target": cert}).encode()
attach = arn("iot", "PUT", "/target-policies/p", {}, body, {}, *scope)
made = arn("scheduler", "POST", "/schedules/s", {}, b'{"GroupName": "ours"}', {}, *scope)
print(json.dumps({
    "tick": scheduler._SCHEDULE_TICK_INTERVAL,
    "presence": [iot._next_presence_version("0", "r", "v") for _ in range(2)],
    "attach": attach,
    "schedule": made,
}))
"""


@pytest.fixture(scope="module")
def hardened(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a hardened emulator answers."""
    folder = tmp_path_factory.mktemp("state")
    environment = {**os.environ, "AUTH": "true", "STATE_DIR": str(folder), "S3_DATA_DIR": str(folder)}
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, cwd=root, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_schedules_are_looked_at_every_second(hardened: dict[str, Any]) -> None:
    """A short event is settled soon after its end."""
    assert hardened["tick"] == 1


def test_presence_versions_go_on_over_a_restart(hardened: dict[str, Any]) -> None:
    """A VEN that comes back to a restarted broker is newer news than its last goodbye."""
    first, second = hardened["presence"]
    assert second == first + 1
    assert abs(first - time.time()) < 3600


def test_iam_judges_by_the_resource_that_aws_names(hardened: dict[str, Any]) -> None:
    """AttachPolicy is judged by its target, a schedule by its group."""
    assert hardened["attach"].endswith(":cert/abc")
    assert hardened["schedule"].endswith(":schedule/ours/s")
