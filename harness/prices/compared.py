"""A count beside the bill of the same fleet, item by item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from contracts.wire.units import S_PER_DAY
from ven_twin.operations.bill import events, telemetry
from ven_twin.operations.bill.batches import BATCH_SIZE, POLLERS
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


class Filling(msgspec.Struct, frozen=True, rename="camel"):
    """Batches at a rate.

    Attributes:
        per_s: messages that came in a second.
        run_s: the time that an invocation took, on average.
        size: messages an invocation, counted.
    """

    per_s: float
    run_s: float
    size: float

    @property
    def reckoned(self) -> float:
        """The size by the law, B = λ·t/P, with the time that was counted."""
        return min(float(BATCH_SIZE), max(1.0, self.per_s * self.run_s / POLLERS))


class Counted(msgspec.Struct, frozen=True, rename="camel"):
    """A count of so many VENs at an interval, for so many seconds, by the names of `local_cloud.metering`.

    *batch_s* and *basic_ingest* are how they sent their rows.
    """

    date: str
    vens: int
    interval_s: float
    seconds: float
    counts: Mapping[str, float]
    event: EventCount | None = None
    fillings: tuple[Filling, ...] = ()
    batch_s: float = 0.0
    basic_ingest: bool = False

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
        low: the least that a count of what is reckoned can have, by its edges.
        high: the most.
    """

    name: str
    counted: float
    reckoned: float
    low: float
    high: float

    @classmethod
    def within(cls, name: str, counted: float, reckoned: float, less: float, more: float) -> Compared:
        """An item whose count may have so much *less* or *more* than is reckoned."""
        return cls(name, counted, reckoned, reckoned - less, reckoned + more)

    @property
    def deviation(self) -> float:
        """The bill's quantity, beside the counted one: above 0 it reckons with more."""
        return self.reckoned / self.counted - 1 if self.counted else float(self.reckoned > 0)

    @property
    def fits(self) -> bool:
        """True where the count is within its edges."""
        return self.low - 1e-9 <= self.counted <= self.high + 1e-9


def reckoned_fleet(counted: Counted) -> BilledFleet:
    """The fleet of a count, with the shadow updates that it had."""
    updates, snapshots = (
        counted.counts.get(name, 0.0) / counted.vens / counted.seconds * S_PER_DAY
        for name in ("shadow_updates", "rule.loads")
    )
    return BilledFleet(
        vens=counted.vens,
        interval_s=counted.interval_s,
        batch_s=counted.batch_s,
        basic_ingest=counted.basic_ingest,
        window_s=0.0,  # of the local stage
        updates_a_day=updates,
        snapshots_a_day=snapshots if counted.batch_s else None,
    )


def comparison(counted: Counted) -> tuple[Compared, ...]:
    """The items that a count has, beside the bill of the same fleet.

    The count begins and ends between two messages: each VEN may have a row and a snapshot more or less in it
    than its intervals say, and one update may be answered outside. What follows from messages is as far off.
    Messages that were sent together may come in one batch of two, a row with a snapshot. A write that is
    refused is done again. A VEN is looked up by one sandbox at the least, by `SANDBOXES` at the most, and
    once more at the edge.
    """
    fleet, month = reckoned_fleet(counted), MONTH_S / counted.seconds
    bill = {item.name: item.quantity for item in telemetry.items(fleet)}
    functions = ("store_telemetry", "record_vens")
    starts, logged, writes, refused, reads = (
        sum(counted.counts.get(f"{kind}.{name}", 0.0) for name in functions)
        for kind in ("start", "log_bytes", "write", "write_refused", "read")
    )
    edge = 2.0 * counted.vens * month
    retried = (2 * refused + counted.vens * SANDBOXES) * month
    update = month
    pairs = min(counted.total("rule.loads"), counted.total("rule.telemetry")) * month
    log_gb = telemetry.PLATFORM_LOG_BYTES + max(measured().log_bytes.values())
    ups = counted.total("mqtt.up.")
    requests = counted.total("sqs.receive.") + counted.total("sqs.delete.")
    logs = logged + starts * telemetry.PLATFORM_LOG_BYTES
    of = Compared.within
    rows = [
        of("IoT messages up", ups * month, bill["IoT messages up"], edge, edge),
        *(
            of(name, counted.total(prefix) * month, bill[name], update, update)
            for name, prefix in (("IoT messages down", "mqtt.down."), ("PUBACKs of VENs", "mqtt.puback"))
        ),
        # Of 1 KB or 2 each: the mean is of days.
        Compared(
            "IoT shadow",
            counted.total("shadow.update") * month,
            bill["IoT shadow"],
            counted.total("shadow_updates") * month,
            2 * counted.total("shadow_updates") * month,
        ),
        *(
            of(name, counted.total(prefix) * month, bill[name], edge, edge)
            for name, prefix in (
                ("IoT rules", "rule."),
                ("IoT rule actions", "rule_action."),
                ("SQS sends", "sqs.send."),
            )
        ),
        of(
            "SQS receives, deletes",
            requests * month,
            bill["SQS receives, deletes"],
            2 * (edge + pairs),
            2 * edge,
        ),
        of("Lambda invocations", starts * month, bill["Lambda invocations"], edge + pairs, edge),
        of("DynamoDB writes", writes * month, bill["DynamoDB writes"], 2 * edge, 2 * edge + retried),
        Compared(
            "DynamoDB reads",
            reads * month,
            bill["DynamoDB reads"],
            bill["DynamoDB reads"] - edge,
            SANDBOXES * (bill["DynamoDB reads"] + edge),
        ),
        of("logs", logs * month / 1e9, bill["logs"], (edge + pairs) * log_gb / 1e9, edge * log_gb / 1e9),
    ]
    return tuple(rows)


def event_comparison(counted: Counted) -> tuple[Compared, ...]:
    """The messages that an event has VENs and functions send, as counted and as reckoned.

    Updates of VENs that would have come without the event are taken off. What a VEN tells of an event
    depends on its house; three updates of each more or less are allowed. A shadow's document has one step of
    5 KB or two.
    """
    if counted.event is None:
        return ()
    counts, vens = counted.event.counts, counted.vens
    writes, notices = (
        sum(counts.get(f"call.{call}.{name}", 0.0) for name in ("dispatch_event", "settle_event"))
        for call in ("iot-data.UpdateThingShadow", "sns.Publish")
    )
    anyway = BilledFleet(vens=vens).updates * counted.event.seconds / MONTH_S
    updates = counts.get("mqtt.up.shadow/update", 0.0) - anyway
    steps = counts["rule.shadows"] / counts["shadow_updates"]
    until_settled = len(events.NOTIFICATIONS) - 1  # the final settlement comes hours later
    some = 3 * vens
    return (
        Compared.within("shadow writes of functions", writes, vens * events.SHADOW_WRITES, 0, 0),
        Compared.within("updates of VENs", updates, vens * events.VEN_UPDATES, some, some),
        Compared.within("acks", counts.get("mqtt.up.ack", 0.0), vens * events.ACKS, 0, 0),
        Compared("5 KB steps of a shadow document", steps, events.DOCUMENT_STEPS, 1, events.DOCUMENT_STEPS),
        Compared.within("notifications", notices, until_settled, 0, 0),
    )
