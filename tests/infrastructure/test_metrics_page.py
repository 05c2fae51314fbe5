"""The reference of metrics has the template's alarms."""

from __future__ import annotations

from typing import Any

from harness.metrics_reference import PAGE, page


def test_the_page_is_what_functions_and_template_make(templates: dict[str, dict[str, Any]]) -> None:
    """docs/reference/metrics.md is written by `make references`; every stage has the same alarms."""
    for template in templates.values():
        assert page(template) == PAGE.read_text(encoding="utf-8")
