"""What was counted beside what the bill reckons, item by item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from contracts.wire.units import S_PER_DAY
from ven_twin.operations.bill import events, telemetry
from ven_twin.operations.bill.fleet import MONTH_S, BilledFleet
from ven_twin.operations.bill.measured import measured

COUNTED = Path(__file__).with_name("counted.json")
SANDBOXES = 5
"""Sandboxes of a function of messages, at the most that the emulator runs at once."""


class EventCount(msgspec.Struct, frozen=True, rename="camel"):
    """An event of two minutes for all VENs, from its creation to after its first settlement."""

    event_id: str
    seconds: float
    counts: Mapping[str, float]


class Counted(msgspec.Struct, frozen=True, rename="camel"):
    """A count of so many VENs at an interval, for so many seconds, by the names of `local_cloud.metering`."""

    date: str
    vens: int
    interval_s: float
    seconds: float
    counts: Mapping[str, float]
    event: EventCount | None = None

    def total(self, prefix: str) -> float:
        """The sum of all whose name begins so."""
        return sum(value for name, value in self.counts.items() if name.startswith(prefix))


@dataclass(frozen=True, slots=True)
class Compared:
    """An item of the bill, both ways, for thirty days.

    Attributes:
        name: of the item.
        counted: as it was counted, scaled to thirty days.
        reckoned: as the bill has it.
        allowed: the deviation that the count's edges explain, as a share.
    """

    name: str
    counted: float
    reckoned: float
    allowed: float

    @property
    def deviation(self) -> float:
        """The bill's quantity, beside the counted one: above 0 it reckons with more."""
        return self.reckoned / self.counted - 1 if self.counted else float(self.reckoned > 0)

    @property
    def fits(self) -> bool:
        """True where the deviation is allowed."""
        return abs(self.deviation) <= self.allowed


def reckoned_fleet(counted: Counted) -> BilledFleet:
    """The fleet of a count, with the shadow updates that it had."""
    a_day = counted.counts.get("shadow_updates", 0.0) / counted.vens / counted.seconds * S_PER_DAY
    return BilledFleet(vens=counted.vens, interval_s=counted.interval_s, updates_a_day=a_day)


def comparison(counted: Counted) -> tuple[Compared, ...]:
    """The items that a count has, beside the bill of the same fleet.

    The window begins and ends between two messages, so each VEN has one row and one snapshot more or less in
    it, at each edge half; what follows from messages is as far off. Reads may be as many as sandboxes look a
    VEN up.
    """
    fleet = reckoned_fleet(counted)
    bill = {item.name: item.quantity for item in telemetry.items(fleet)}
    month = MONTH_S / counted.seconds
    starts = counted.total("start.store_telemetry") + counted.total("start.record_vens")
    logged = counted.total("log_bytes.store_telemetry") + counted.total("log_bytes.record_vens")
    ups = counted.total("mqtt.up.")
    found = {
        "IoT messages up": ups,
        "IoT messages down": counted.total("mqtt.down."),
        "PUBACKs of VENs": counted.total("mqtt.puback"),
        "IoT shadow": counted.total("shadow.update"),
        "IoT rules": counted.total("rule."),
        "IoT rule actions": counted.total("rule_action."),
        "SQS sends": counted.total("sqs.send."),
        "SQS receives, deletes": counted.total("sqs.receive.") + counted.total("sqs.delete."),
        "Lambda invocations": starts,
        "DynamoDB writes": counted.total("write.store_telemetry") + counted.total("write.record_vens"),
        "DynamoDB reads": counted.total("read.store_telemetry") + counted.total("read.record_vens"),
        "logs": (logged + starts * telemetry.PLATFORM_LOG_BYTES) / 1e9,
    }
    edges = 2.0 * counted.vens / max(ups, 1.0)
    one_update = counted.vens / max(counted.counts.get("shadow_updates", 0.0), 1.0)
    of_updates = {"IoT messages down", "PUBACKs of VENs", "IoT shadow"}
    allowed = {name: one_update if name in of_updates else edges for name in found}
    allowed["IoT shadow"] += measured().record_kb - 1  # of 1 KB in one hour, of 2 in another
    # Fewer sandboxes than looked a VEN up, or a batch of two: each by its own bound.
    allowed["DynamoDB reads"] = SANDBOXES
    return tuple(
        Compared(name, quantity * month, bill[name], allowed[name]) for name, quantity in found.items()
    )


def event_comparison(counted: Counted) -> tuple[Compared, ...]:
    """What an event has VENs and functions say, as counted and as reckoned.

    Updates of VENs that would have come without the event are taken off. What a VEN tells of an event
    depends on its house; three updates of each more or less are allowed.
    """
    if counted.event is None:
        return ()
    counts, vens = counted.event.counts, counted.vens
    calls = counts.get("call.iot-data.UpdateThingShadow.dispatch_event", 0.0)
    calls += counts.get("call.iot-data.UpdateThingShadow.settle_event", 0.0)
    anyway = reckoned_fleet(counted).updates * counted.event.seconds / MONTH_S
    updates = counts.get("mqtt.up.shadow/update", 0.0) - anyway
    steps = counts["rule.shadows"] / counts["shadow_updates"]
    told = counts.get("call.sns.Publish.dispatch_event", 0.0) + counts.get(
        "call.sns.Publish.settle_event", 0.0
    )
    until_settled = len(events.NOTIFICATIONS) - 1  # the final settlement comes hours later
    return (
        Compared("shadow writes of functions", calls, vens * events.SHADOW_WRITES, 0.0),
        Compared("updates of VENs", updates, vens * events.VEN_UPDATES, 3 * vens / max(updates, 1)),
        Compared("acks", counts.get("mqtt.up.ack", 0.0), vens * events.ACKS, 0.0),
        Compared("5 KB steps of a shadow document", steps, events.DOCUMENT_STEPS, 1 / 3),
        Compared("notifications", told, until_settled, 0.0),
    )
