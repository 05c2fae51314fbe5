"""Ids of what there is not, of a VEN and of a dead letter: said at once, in a line."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import typer

from contracts.errors import FieldError
from ven_twin.cli import dlq, listen
from ven_twin.operations import dead_letters


def test_a_ven_that_there_is_not_is_not_listened_for() -> None:
    """Its telemetry would never come, and the command would wait for ever."""
    vens = {"ven-1": {"venId": "ven-1"}}
    cloud = SimpleNamespace(item=lambda _, key: vens.get(key["venId"]))
    command: Any = listen.listen
    with pytest.raises(FieldError, match="VEN: no VEN 'ven-9'"):
        command.__wrapped__("ven-9", cloud=lambda: cloud)


def redrive(monkeypatch: pytest.MonkeyPatch, *ids: str) -> None:
    """Redrive *ids* of a queue that has the letter ``a`` alone."""
    letter = SimpleNamespace(message_id="a")
    queues = SimpleNamespace(
        names=lambda _: ["telemetry"], redrive=lambda _, wanted: ([letter] if "a" in wanted else [], {})
    )
    monkeypatch.setattr(dead_letters, "DeadLetters", lambda _: queues)
    command: Any = dlq.redrive
    command.__wrapped__(queue=None, message_id=list(ids), cloud=object, json_output=False)


def test_a_dead_letter_that_there_is_not_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Alone it is a mistake; beside others, which are redriven, it is told with them, and the exit is 1."""
    redrive(monkeypatch, "a")
    with pytest.raises(FieldError, match="--id: no dead letter b, c: see ven-twin dlq list"):
        redrive(monkeypatch, "b", "c")
    with pytest.raises(typer.Exit) as ended:
        redrive(monkeypatch, "a", "b")
    assert ended.value.exit_code == 1
    assert capsys.readouterr().out.splitlines()[-2:] == ["1 redriven.", "  b: there is no such dead letter"]
