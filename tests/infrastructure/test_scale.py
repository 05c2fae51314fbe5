"""The guide on scale has the limits that the stack's template and the code's constants make."""

from __future__ import annotations

from harness.scale import planner
from harness.scale.limits import limits
from harness.scale.page import PAGE, shown, tables
from harness.scale.quotas import LARGE, SMALL
from tests.support.template_rules import Template


def test_the_guides_tables_are_what_make_scale_makes(templates: dict[str, Template]) -> None:
    """A constant, a measured figure or a function's time that changes, changes the guide."""
    assert shown(PAGE.read_text(encoding="utf-8")) == tables(templates["local"], planner.measured())


def test_no_limit_of_a_larger_region_is_met_sooner(dev: Template) -> None:
    """And each limit has what then helps."""
    small = {limit.what: limit for limit in limits(SMALL, dev, planner.measured(), 30.0)}
    for limit in limits(LARGE, dev, planner.measured(), 30.0):
        assert limit.vens >= small[limit.what].vens
        assert limit.then


def test_a_function_with_more_time_meets_its_limit_later(dev: Template) -> None:
    """By as much."""
    before = {limit.what: limit.vens for limit in limits(SMALL, dev, planner.measured(), 30.0)}
    for resource in dev["Resources"].values():
        if resource.get("Properties", {}).get("Handler") == "lambdas.settle_event.handler.handler":
            timeout = resource["Properties"]["Timeout"]
            resource["Properties"]["Timeout"] = 2 * timeout
            after = {limit.what: limit.vens for limit in limits(SMALL, dev, planner.measured(), 30.0)}
            resource["Properties"]["Timeout"] = timeout
    assert after["time of settle_event, payback"] == 2 * before["time of settle_event, payback"]
