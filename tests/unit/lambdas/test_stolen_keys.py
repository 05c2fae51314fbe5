"""A key in strange hands: it is retired whoever is connected with it, and any VEN is cut off at once."""

from __future__ import annotations

import pytest

from contracts.store.keys import Key
from lambdas.dispatch_event.logic.eligibility import Reason, unavailability
from lambdas.record_vens.handler import handler as record
from lambdas.rotate_ven.logic import DAY_S
from lambdas.shared import rows
from lambdas.shared.rows import VenRow
from lambdas.shared.senders import StageVens
from tests.support.ven_news import presence
from tests.unit.lambdas.test_rotate_ven import VEN, Fleet, fleet
from ven_twin.testing.function_world import NOW, Context, World, batch

__all__ = ["fleet"]


def connects(world: World, certificate_id: str, version: int) -> None:
    """The broker's word that the VEN's client id has connected with a certificate."""
    event = presence(
        "connected", version, at_s=float(version), ven_id=VEN, principalIdentifier=certificate_id
    )
    assert record(batch(event), Context()) == {"batchItemFailures": []}
    world.connected.add(VEN)


def test_a_thief_that_stays_connected_with_the_old_key_does_not_keep_it_valid(fleet: Fleet) -> None:
    """The VEN has connected with the new key once; then the old one goes, and the thief's connection."""
    (old,) = fleet.attached
    connects(fleet.world, old, 1)
    new = fleet.ask("begin")["certificateId"]
    assert fleet.ask("finish")["changedOver"] is False
    connects(fleet.world, new, 2)
    connects(fleet.world, old, 3)
    fleet.connect(old)
    assert fleet.ask("finish")["changedOver"] is True
    assert fleet.attached == fleet.active == {new}
    assert fleet.world.connected == set()


def test_a_thief_that_stays_connected_does_not_have_the_vens_certificate_taken_for_left_over(
    fleet: Fleet,
) -> None:
    """Begun once more, and again: the one that the VEN has connected with stays until it has another."""
    (old,) = fleet.attached
    first = fleet.ask("begin")["certificateId"]
    connects(fleet.world, first, 2)
    connects(fleet.world, old, 3)
    second = fleet.ask("begin")["certificateId"]
    assert fleet.ask("begin")["certificateId"] == second
    assert {first, second} <= fleet.active
    connects(fleet.world, second, 4)
    assert fleet.ask("finish")["changedOver"] is True
    assert fleet.active == fleet.attached == {second}


def test_a_thief_that_reports_the_new_certificate_does_not_take_the_vens_old_one_away(fleet: Fleet) -> None:
    """The shadow is the word of whoever is connected; the broker's counts, and it has seen the old one."""
    (old,) = fleet.attached
    connects(fleet.world, old, 1)
    new = fleet.ask("begin")["certificateId"]
    fleet.connect(new)
    assert fleet.ask("finish")["changedOver"] is False
    assert fleet.active == {old, new}


def test_a_ven_that_has_changed_over_keeps_its_connection(fleet: Fleet) -> None:
    """Nobody is connected with the old key: no connection is ended."""
    (old,) = fleet.attached
    connects(fleet.world, old, 1)
    connects(fleet.world, fleet.ask("begin")["certificateId"], 2)
    assert fleet.ask("finish")["changedOver"] is True
    assert fleet.world.connected == {VEN}


@pytest.mark.parametrize("of_stack", [True, False])
def test_any_ven_is_cut_off_at_once(fleet: Fleet, of_stack: bool) -> None:
    """No certificate is active, the connection is ended, no event calls it, its messages are dropped."""
    if not of_stack:
        fleet.world.vens.update(Key(VEN), {"resourceId": None, "provisionRequestId": None})
    begun = fleet.ask("begin")["certificateId"]
    fleet.world.connected.add(VEN)
    answer = fleet.ask("cutOff")
    assert (answer["ok"], answer["ofStack"]) == (True, of_stack)
    assert 0 <= answer["certificatesOffS"] <= answer["connectionEndedS"]
    assert (fleet.active, fleet.world.connected) == (set(), set())
    assert begun in fleet.attached
    row = rows.read(VenRow, fleet.row)
    reason = unavailability(row, NOW)
    assert reason is not None
    assert reason.reason is Reason.REVOKED
    senders = StageVens(fleet.world.vens)
    assert senders.quarantined(senders.among([VEN])) == {VEN}
    assert fleet.ask("cutOff")["connectionEndedS"] is None


def test_a_ven_that_was_cut_off_comes_back_with_another_identity(fleet: Fleet) -> None:
    """A rotation by hand makes it a new key, and what it had is gone; one by schedule does not."""
    (old,) = fleet.attached
    fleet.ask("cutOff")
    fleet.world.now = NOW + 90 * DAY_S
    assert fleet.ask("sweep", None)["begun"] == 0
    assert fleet.active == set()
    new = fleet.ask("begin")["certificateId"]
    assert fleet.active == fleet.attached == {new} == {fleet.in_secret}
    assert new != old
    assert "revokedTs" not in fleet.row


def test_a_stranger_cannot_be_cut_off(fleet: Fleet) -> None:
    """There is no such VEN, and nothing is written of it."""
    answer = fleet.ask("cutOff", "house-2")
    assert (answer["ok"], answer["field"]) == (False, "venId")
    assert fleet.world.ven("house-2") == {}
