"""The VEN's meter: power into energy, and means over time. Never a sum of samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.wire.units import kwh


@dataclass(frozen=True, slots=True)
class Meter:
    """Energy since the meter was last read; a reading is the time-weighted mean.

    Attributes:
        seconds: how long it has counted.
        used_kwh: drawn from the grid, kWh; below zero it was fed in.
        baseline_kwh: drawn by the counterfactual, kWh.
        circuits_kwh: drawn by circuit, kWh.
    """

    seconds: float = 0.0
    used_kwh: float = 0.0
    baseline_kwh: float = 0.0
    circuits_kwh: Mapping[str, float] = field(default_factory=dict)

    def count(self, circuits_kw: Mapping[str, float], baseline_kw: float, dt_s: float) -> Meter:
        """The meter after *dt_s* at this power."""
        return Meter(
            self.seconds + dt_s,
            self.used_kwh + kwh(sum(circuits_kw.values()), dt_s),
            self.baseline_kwh + kwh(baseline_kw, dt_s),
            {
                circuit: self.circuits_kwh.get(circuit, 0.0) + kwh(kw, dt_s)
                for circuit, kw in circuits_kw.items()
            },
        )

    def mean_kw(self, energy_kwh: float) -> float:
        """The mean power that *energy_kwh* over the metered time is, kW; 0 when nothing was metered."""
        return energy_kwh * 3600.0 / self.seconds if self.seconds > 0 else 0.0

    @property
    def used_kw(self) -> float:
        """Mean power drawn from the grid, kW."""
        return self.mean_kw(self.used_kwh)

    @property
    def baseline_kw(self) -> float:
        """Mean power that the uncurtailed house would have drawn, kW."""
        return self.mean_kw(self.baseline_kwh)

    @property
    def reduction_kw(self) -> float:
        """Mean of baseline less used, kW; below zero it was a rise."""
        return self.mean_kw(self.baseline_kwh - self.used_kwh)

    @property
    def reduction_kwh(self) -> float:
        """Energy not drawn, kWh; below zero it was drawn on top."""
        return self.baseline_kwh - self.used_kwh
