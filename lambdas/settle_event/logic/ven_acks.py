"""A VEN's acks of an event, as settlement reads them: typed, whatever is stored. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from contracts.store.keys import METERED_KWH_PREFIX
from contracts.wire.acks import particulars
from contracts.wire.events import Phase
from contracts.wire.ids import LoadId
from contracts.wire.plain_text import plain_line

NO_REASON = "without a reason"
MOST = 2.0**53
"""No time and no energy is beyond this."""


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
    """

    acknowledged: bool = False
    active_ts: float | None = None
    opt_out_reason: str | None = None
    refusal: str | None = None
    by_hand: frozenset[LoadId] = frozenset()
    metered_kwh: float | None = None

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
        )


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if isfinite(value) and abs(value) <= MOST else None


def _words(text: object) -> str:
    return plain_line(text) if isinstance(text, str) else NO_REASON
