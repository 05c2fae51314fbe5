"""Settings: what is mentioned is put in force, the rest stays."""

from __future__ import annotations

from contracts.wire.shadow import LoadSetting, OptOut, read_desired
from tests.support.ven_states import NOW
from ven_twin.control.ven_state import Settings


def test_settings_take_what_is_mentioned_and_keep_the_rest() -> None:
    """A key that is not mentioned stays as it was."""
    settings = Settings(report_interval_s=5.0, target_power_kw=4.0)
    after = settings.with_desired(read_desired({"enabled": False}))
    assert after == Settings(report_interval_s=5.0, target_power_kw=4.0, enabled=False)


def test_settings_lift_a_limit_and_an_opt_out_that_are_null() -> None:
    """Null is an answer for these two: no limit, no opt-out."""
    settings = Settings(target_power_kw=4.0, opt_out=OptOut())
    after = settings.with_desired(read_desired({"target_power_kw": None, "optOut": None}))
    assert (after.target_power_kw, after.opt_out) == (None, None)


def test_settings_of_one_circuit_are_put_over_each_other() -> None:
    """What a later setting leaves open is taken from the earlier."""
    settings = Settings()
    for setting in ({"enabled": False, "priority": 3}, {"capacityKw": 2.0}, {"enabled": True}):
        settings = settings.with_desired(read_desired({"loads": {"ev1": setting}}))
    assert settings.loads == {"ev1": LoadSetting(enabled=True, capacity_kw=2.0, priority=3)}


def test_settings_know_when_an_opt_out_is_over() -> None:
    """An opt-out with an end is in force until then; one without, until it is taken back."""
    until = Settings(opt_out=OptOut(until_ts=NOW))
    assert (until.participates(NOW - 1), until.participates(NOW)) == (False, True)
    assert not Settings(opt_out=OptOut()).participates(NOW + 1e9)


def test_settings_that_disable_the_ven_keep_it_out_of_events() -> None:
    """A VEN that is disabled takes no part, opted out or not."""
    assert not Settings(enabled=False).participates(NOW)
    assert not Settings(enabled=False).opted_out(NOW)
