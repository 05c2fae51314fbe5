"""cfn-lint on a template, as the tests of every stack ask it."""

from __future__ import annotations

import json
from typing import Any

REGIONS = ["us-east-1", "eu-central-1"]
CDKS_OWN = ["W3005"]
"""CDK writes dependencies that references imply already."""


def matches(template: Any, regions: list[str] = REGIONS) -> list[Any]:
    """The findings of cfn-lint in *template* for *regions*."""
    from cfnlint.api import ManualArgs, lint  # noqa: PLC0415 - a second that every worker would pay

    config = ManualArgs(ignore_checks=CDKS_OWN, regions=regions)
    return list(lint(json.dumps(template), config=config))
