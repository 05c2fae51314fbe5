"""The page of what a bench has measured: the machine first, each figure beside its reference."""

from __future__ import annotations

from harness.bench.figure import Figure
from harness.bench.page import Machine, performance_page

MACHINE = Machine("A processor", 2, 23.6, "Linux 6.1, x86_64", "CPython 3.11.7", 0.25)


def test_a_figure_has_its_ratio_and_its_reference() -> None:
    """In the unit of both; one without a reference has none."""
    figures = [
        Figure("planning", 40.0, "ms", "<= 50 ms", 8.0, "sorting"),
        Figure("  an event | a day", 1.25, "s"),
    ]
    page = performance_page(MACHINE, "2026-11-28", {"some_work": ("Work of some kind.", figures)})
    assert page.index("| processor | A processor, 2 of its threads |") < page.index("## Some work")
    assert "Work of some kind. `make bench ARGS=some_work` measures it alone." in page
    assert "| planning | 40 ms | <= 50 ms | 5 × | sorting (8 ms) |" in page
    assert "| an event / a day | 1.25 s |  |  |  |" in page


def test_this_machine_says_what_it_is() -> None:
    """The processor by a name, and how many there are."""
    here = Machine.here()
    assert here.cores >= 1
    assert here.processor
    assert here.memory_gib > 0
