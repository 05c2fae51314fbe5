"""The references of API and metrics are made of what defines them."""

from __future__ import annotations

import ast

from harness import api_reference, metrics_reference


def test_the_api_page_is_what_the_document_makes() -> None:
    """docs/reference/api.md is written by `make references`, and by hand nowhere."""
    assert api_reference.PAGE.read_text(encoding="utf-8") == api_reference.page()


def test_every_metric_that_a_function_counts_has_a_meaning_and_no_other_has() -> None:
    """A new metric is told to operators, and one that is gone is not."""
    assert sorted(metrics_reference.counted()) == sorted(metrics_reference.MEANINGS)


def test_a_metric_is_seen_however_it_is_counted() -> None:
    """By its name in a call, by the frame of an invocation, by a word that is chosen."""
    source = (
        "count(A=1, b=2)\n"
        "invocation.answer(run, requested='R', done='D', refused='F')\n"
        "name = 'VenAdmitted' if ok else 'VenNotAdmitted'\n"
    )
    names = list(metrics_reference.names_in(ast.parse(source)))
    assert sorted(names) == ["A", "D", "F", "R", "VenAdmitted", "VenNotAdmitted"]
