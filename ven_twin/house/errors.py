"""Errors of the physics."""

from contracts.errors import VenTwinError


class PhysicsError(VenTwinError, ValueError):
    """The house was asked for something that has no physical meaning. The caller corrects its input."""


class StepDurationError(PhysicsError):
    """Raised when a step does not last a finite, positive time. The caller skips the tick."""

    def __init__(self, dt_s: float) -> None:
        super().__init__(f"a step must last a finite time above 0 s, not {dt_s!r} s")
        self.dt_s = dt_s


class NotFiniteError(PhysicsError):
    """Raised when a value that drives the house is NaN or infinite. The caller drops that input."""

    def __init__(self, name: str, value: float) -> None:
        super().__init__(f"{name} must be finite, not {value!r}")
        self.name = name
        self.value = value


WHOLE_FILE = "(file)"


class ProfileError(PhysicsError):
    """Raised when a house profile does not decode. The caller reports it and does not start.

    A *value* of None is one that is missing; the *key* `WHOLE_FILE` stands for all of the file.
    """

    def __init__(self, source: str, key: str, value: object, allowed: str) -> None:
        if key == WHOLE_FILE:
            text = f"{source} {allowed}"
        elif value is None:
            text = f"{source}: {key} is missing: {allowed}"
        else:
            text = f"{source}: {key} = {value!r} is not allowed: {allowed}"
        super().__init__(text)
        self.source = source
        self.key = key
        self.value = value
        self.allowed = allowed
