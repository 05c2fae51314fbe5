"""The commands of docs that are not run, those that go on until Ctrl-C, and pages that go on from others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from harness.doc_commands.reading import DocCommand

ROOT = Path(__file__).parents[2]
CHAINS: Sequence[Sequence[str]] = (
    ("README.md",),
    ("docs/tutorial.md",),
    (
        "docs/guides/fleet.md",
        "docs/guides/operator.md",
        "docs/guides/read-a-report.md",
        "docs/guides/troubleshooting.md",
    ),
    ("docs/guides/web-page.md",),
    ("docs/guides/notifications.md",),
    ("docs/guides/bring-your-own-ven.md", "docs/guides/real-device.md"),
    ("docs/guides/openadr.md",),
    ("docs/guides/aws.md",),
    ("docs/guides/container.md",),
    ("docs/guides/fit-your-house.md",),
    ("docs/guides/scale.md",),
    ("docs/guides/test-with-pytest.md",),
)
"""Pages that share a folder and a local cloud: a page goes on from what those before it started."""

ELSEWHERE = {
    "docs/guides/add-a-device.md": "tests/unit/docs/test_add_a_device.py follows it in a copy",
    "docs/guides/home-assistant.md": "tests/integration/test_home_assistant.py runs it beside a broker",
}
"""Pages whose commands are run in another way."""
NOT_RUN: Sequence[tuple[str, str]] = (
    (r"…", "its … stands for the reader's own"),
    (r"--stage (dev|prod)|^npx cdk (bootstrap|deploy|destroy)|^ven-twin aws ", "needs an AWS account"),
    (r"^aws ", "the AWS CLI is the reader's own; the project installs none"),
    (r"^(podman|docker) ", "needs a container engine"),
    (r"^pip install ", "reads a package registry; tests/e2e/test_wheel.py installs the wheel"),
    (r"^make (?!run\b)", "the gate, the tests and what they measure: this is one of them"),
    (r"^python raspberry_pi\.py", "tests/e2e/test_strangers.py runs it"),
    (r"^python notification_receiver\.py", "tests/integration/test_webhook.py runs it"),
    (r"^ven-twin conform ", "tries a VEN for minutes; tests/e2e/test_conformance.py runs it"),
    (r"house fit ", "reads what the reader's meter recorded; tests/unit/cli/test_house.py fits a house"),
)
"""Patterns of commands that are not run here, each with its reason. They are parsed all the same."""

VENS_RUN = re.compile(r"\bven-twin (run|fleet run|up)\b(?!.*--once)|^make run\b")
"""Commands that run VENs until Ctrl-C; they go on while the page does."""
WATCHES = re.compile(r"\bven-twin (fleet watch|fleet serve|listen)\b(?!.*--(once|rows))")
"""Commands that show something until Ctrl-C; they are stopped when they have shown it."""
PLACEHOLDERS = {
    "EVENT": re.compile(r"^Event (\S+), ", re.MULTILINE),
    "PROGRAM": re.compile(r'^\{"objectType":"PROGRAM".*"id":"([^"]+)"', re.MULTILINE),
    "CODE": re.compile(r"with the claim code (\S+)$", re.MULTILINE),
}
"""Words that stand for what an earlier command printed, and where it is in that."""


def reason_not_run(command: DocCommand) -> str | None:
    """The reason why a command is not run, or None when it is."""
    return next((reason for pattern, reason in NOT_RUN if re.search(pattern, command.text)), None)


def pages(chain: Sequence[str]) -> list[Path]:
    """The files of a chain."""
    return [ROOT / name for name in chain]
