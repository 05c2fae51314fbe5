"""A VEN's acks of an event, as settlement reads them: typed, whatever is stored. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from contracts.api.aftermath import CircuitReport
from contracts.store.keys import METERED_KWH_PREFIX
from contracts.wire.acks import Particulars, particulars
from contracts.wire.events import Phase
from contracts.wire.ids import LoadId
from contracts.wire.plain_text import plain_line

NO_REASON = "without a reason"
MOST = 2.0**53
"""No time and no energy is beyond this."""
NAME_MAX_CHARS = 64
MOST_CIRCUITS = 16
"""Circuits of one VEN in a report."""


@dataclass(frozen=True, slots=True)
class VenAcks:
    """The acks of one VEN.

    Attributes:
        acknowledged: whether it reported any phase.
        active_ts: when it began, by its clock, UTC s.
        opt_out_reason: why it left; None when it did not.
        refusal: why it refused the event; None when it did not.
        by_hand: circuits that were taken out by hand.
        metered_kwh: what it metered itself over all its acting, kWh.
        opted_out_ts: when it left, by its clock, UTC s.
        circuits: what it says that each circuit gave.
    """

    acknowledged: bool = False
    active_ts: float | None = None
    opt_out_reason: str | None = None
    refusal: str | None = None
    by_hand: frozenset[LoadId] = frozenset()
    metered_kwh: float | None = None
    opted_out_ts: float | None = None
    circuits: tuple[CircuitReport, ...] = ()

    @classmethod
    def of(cls, item: Mapping[str, object]) -> VenAcks:
        """The acks in a VEN's item of the event; what is not of its type there is as if not said."""
        names = (*map(str, Phase), "accepted", "refused")
        by_phase: dict[str, Mapping[str, object]] = {
            name: ack for name in names if isinstance(ack := item.get(name), Mapping)
        }
        read = {name: particulars(ack.get("data")) for name, ack in by_phase.items()}
        opt_out = read[Phase.OPTED_OUT].opt_out if Phase.OPTED_OUT in read else None
        energies_kwh = [
            energy_kwh
            for name, value in item.items()
            if name.startswith(METERED_KWH_PREFIX) and (energy_kwh := _number(value)) is not None
        ]
        return cls(
            acknowledged=any(phase in by_phase for phase in Phase),
            active_ts=_number(by_phase.get(Phase.ACTIVE, {}).get("ts")),
            opt_out_reason=(opt_out.reason if opt_out else NO_REASON) if Phase.OPTED_OUT in read else None,
            refusal=_words(by_phase["refused"].get("error")) if "refused" in by_phase else None,
            by_hand=frozenset(load_id for one in read.values() for load_id in one.by_hand),
            metered_kwh=sum(energies_kwh) if energies_kwh else None,
            opted_out_ts=_number(by_phase.get(Phase.OPTED_OUT, {}).get("ts")),
            circuits=_circuits(by_phase.get(Phase.ACTIVE, {}).get("circuits"), read),
        )


def _circuits(curtailed: object, read: Mapping[str, Particulars]) -> tuple[CircuitReport, ...]:
    """The circuits that gave anything, the most first, at most `MOST_CIRCUITS`.

    Their energy is of every time that the VEN left the event, their power of its first start.
    """
    names: dict[str, str] = {}
    powers_kw: dict[str, float] = {}
    for circuit in curtailed if isinstance(curtailed, list) else ():
        if isinstance(circuit, Mapping) and isinstance(circuit.get("id"), str):
            circuit_id, kw = _name(circuit["id"]), _number(circuit.get("curtailed_kw"))
            names[circuit_id] = _name(str(circuit.get("name") or circuit_id))
            powers_kw |= {circuit_id: kw} if kw else {}
    energies_kwh: dict[str, float] = {}
    for particular in read.values():
        for load_id, energy_kwh in particular.circuits_kwh.items():
            energies_kwh[load_id] = energies_kwh.get(load_id, 0.0) + energy_kwh
    circuits = [
        CircuitReport(
            circuit_id=circuit_id,
            name=names.get(circuit_id, circuit_id),
            delivered_kwh=energies_kwh.get(circuit_id, 0.0 if energies_kwh else None),
            curtailed_kw=powers_kw.get(circuit_id),
        )
        for circuit_id in powers_kw | energies_kwh
    ]
    return tuple(sorted(circuits, key=by_size)[:MOST_CIRCUITS])


def _name(text: str) -> str:
    return plain_line(text)[:NAME_MAX_CHARS]


def by_size(circuit: CircuitReport) -> tuple[float, float, str]:
    """Sort circuits by what they gave, the most first."""
    return -(circuit.delivered_kwh or 0.0), -(circuit.curtailed_kw or 0.0), circuit.circuit_id


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if isfinite(value) and abs(value) <= MOST else None


def _words(text: object) -> str:
    return plain_line(text) if isinstance(text, str) else NO_REASON
