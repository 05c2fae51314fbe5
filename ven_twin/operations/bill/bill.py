"""A fleet's bill: its items with their prices, shares and sums. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from ven_twin.operations.bill import events, reading, stack, telemetry
from ven_twin.operations.bill.fleet import BilledFleet
from ven_twin.operations.prices import BillItem, PriceTable


@dataclass(frozen=True, slots=True)
class BillRow:
    """An item with its USD a month, of the whole fleet."""

    item: BillItem
    usd: float


@dataclass(frozen=True)
class Bill:
    """The bill of *fleet* by *prices*.

    Tiers of a price are those of all that is counted by it, and shared by its items.
    """

    fleet: BilledFleet
    prices: PriceTable

    @cached_property
    def rows(self) -> tuple[BillRow, ...]:
        """The items of the fleet."""
        return self._rows(fleet_items(self.fleet))

    @cached_property
    def base(self) -> tuple[BillRow, ...]:
        """The items of the stack without a VEN."""
        return self._rows(stack.items())

    @property
    def fleet_usd(self) -> float:
        """The fleet's month, without the stack's base."""
        return sum(row.usd for row in self.rows)

    @property
    def ven_usd(self) -> float:
        """A VEN's month: its share of the fleet's."""
        return self.fleet_usd / self.fleet.vens

    @property
    def base_usd(self) -> float:
        """The stack's month without a VEN."""
        return sum(row.usd for row in self.base)

    @property
    def total_usd(self) -> float:
        """Fleet and stack together."""
        return self.fleet_usd + self.base_usd

    def _rows(self, items: Iterable[BillItem]) -> tuple[BillRow, ...]:
        entries = tuple(items)
        return tuple(BillRow(item, item.quantity * self._rates[item.price]) for item in entries)

    @cached_property
    def _rates(self) -> Mapping[str, float]:
        """USD for one of each, all items together."""
        quantities: defaultdict[str, float] = defaultdict(float)
        for item in (*fleet_items(self.fleet), *stack.items()):
            quantities[item.price] += item.quantity
        return {
            name: self.prices.prices[name].of(quantity) / quantity if quantity else 0.0
            for name, quantity in quantities.items()
        }


def fleet_items(fleet: BilledFleet) -> tuple[BillItem, ...]:
    """The items of a fleet's month, without the stack's base."""
    return (*telemetry.items(fleet), *reading.items(fleet), *events.items(fleet))
