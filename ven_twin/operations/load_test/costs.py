"""The bill of a load test: the shards' hours, and the VENs' share of a month. Pure."""

from __future__ import annotations

from ven_twin.operations.bill.bill import Bill
from ven_twin.operations.bill.fleet import DAYS, BilledFleet
from ven_twin.operations.load_test.sizing import LoadTestSize
from ven_twin.operations.prices import BillItem, PriceTable

HOURS = DAYS * 24
PRICES = {
    "arm64": ("fargate_arm_vcpu_hour", "fargate_arm_gb_hour"),
    "x86_64": ("fargate_x86_vcpu_hour", "fargate_x86_gb_hour"),
}
"""Of a processor and a GB, by architecture: those without Spot, which is up to 70 % less and moves."""


def items(size: LoadTestSize) -> tuple[BillItem, ...]:
    """The items of the shards, from their start to their end."""
    hours = size.seconds / 3600
    processor, memory = PRICES[size.shard.architecture]
    shards = f"{size.shards} for {hours:.1f} h"
    return (
        BillItem("Fargate processors", f"{shards}, {size.shard.vcpus:g} vCPU", size.vcpus * hours, processor),
        BillItem(
            "Fargate memory", f"{shards}, {size.shard.memory_mb / 1024:g} GB", size.memory_gb * hours, memory
        ),
        BillItem("public addresses", shards, size.shards * hours, "public_ipv4_hour"),
    )


def vens_usd(size: LoadTestSize, interval_s: float, prices: PriceTable) -> float:
    """The cost of the VENs while all of them run: that share of the bill of ``ven-twin cost``, USD."""
    bill = Bill(BilledFleet(vens=size.count, interval_s=interval_s, claimed=True), prices)
    return bill.fleet_usd * size.run_s / 3600 / HOURS
