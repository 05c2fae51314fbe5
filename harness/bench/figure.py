"""One measured figure and the reference that it is held against."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure, the aim for it, and a reference measured in the same run.

    Attributes:
        name: what was measured.
        value: in *unit*.
        unit: of value and reference.
        aim: what is wanted, in words.
        reference: the same kind of thing done by something known, or None.
        reference_name: what that is.
    """

    name: str
    value: float
    unit: str
    aim: str = ""
    reference: float | None = None
    reference_name: str = ""

    @property
    def ratio(self) -> float | None:
        """Value to reference."""
        return self.value / self.reference if self.reference else None
