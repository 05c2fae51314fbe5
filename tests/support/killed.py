"""A function that is killed just after one of its calls, as by its timeout."""

from __future__ import annotations

from typing import Any

import pytest


class KilledError(BaseException):
    """Nothing catches it, as nothing runs on after a kill."""


def kill_after(patch: pytest.MonkeyPatch, target: object, step: str) -> None:
    """Let *target*'s method *step* do its work, and then let nothing go on."""
    real = getattr(target, step)

    def killed(*arguments: Any, **call: Any) -> None:
        real(*arguments, **call)
        raise KilledError

    patch.setattr(target, step, killed)
