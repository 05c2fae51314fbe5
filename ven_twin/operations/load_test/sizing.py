"""The size of a load test: shards, processors, memory and time, by what one VEN takes. Pure.

The measured figures of a VEN in a fleet's process are here alone; `cli.machine_limits` judges by them too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from contracts.errors import FieldError

MEMORY_PER_VEN_MB = 0.5
"""Measured with a thousand: 0.30 to 0.35 MB each, the process included."""
CORE_PER_VEN = 0.0005
"""Measured by ``make crowd``: a thousand VENs in an event take 49 % of a core; at rest 0.018 % each."""
START_PER_VEN_S = 0.03
"""Measured: a house is warmed up in 18 to 29 ms. The others of a shard wait meanwhile."""
BUSY = 0.8
"""Interpretation: of a shard's processor, which is another one than that of the measurement."""
ACCOUNT_CONNECTIONS = 500_000
"""Source: AWS IoT Core quotas, maximum concurrent client connections per account, before it is raised."""
ARRAY_MAX = 10_000
"""Source: AWS Batch API Reference, ArrayProperties, size."""


@dataclass(frozen=True, slots=True)
class ShardSize:
    """A shard's container, as the job definition that is deployed has it."""

    vcpus: float
    memory_mb: float
    architecture: str

    @property
    def vens(self) -> int:
        """The VENs that it has room for, all of them in an event."""
        return int(min(self.memory_mb / MEMORY_PER_VEN_MB, self.vcpus * BUSY / CORE_PER_VEN))


@dataclass(frozen=True, slots=True)
class LoadTestSize:
    """The size of a load test of *count* VENs.

    Attributes:
        shards: jobs of the array, each a container.
        shard: the size of one.
        claims_s: until the last VEN has claimed, s; a shard's VENs start when all of them have.
        start_s: from then until the last house is warm, s.
        run_s: for which all run, s.
    """

    count: int
    shards: int
    shard: ShardSize
    claims_s: float
    start_s: float
    run_s: float

    @property
    def vcpus(self) -> float:
        """Processors of all shards."""
        return self.shards * self.shard.vcpus

    @property
    def memory_gb(self) -> float:
        """Memory of all shards, GB."""
        return self.shards * self.shard.memory_mb / 1024

    @property
    def seconds(self) -> float:
        """From the start of a shard to its end, s."""
        return self.claims_s + self.start_s + self.run_s


def load_test_size(
    count: int, shard: ShardSize, *, per_shard: int | None, claims_per_s: float, run_s: float
) -> LoadTestSize:
    """The size of *count* VENs, *per_shard* in each or as many as one has room for.

    Raises:
        FieldError: more in a shard than it has room for, or more shards than an array job has.
    """
    vens = shard.vens if per_shard is None else per_shard
    if vens > shard.vens:
        room = (
            f"{shard.vcpus:g} vCPU and {shard.memory_mb:.0f} MB have room for {shard.vens} VENs in an event"
        )
        raise FieldError("--per-shard", f"a shard's {room}, not for {vens}")
    shards = math.ceil(count / vens)
    if shards > ARRAY_MAX:
        least = math.ceil(count / ARRAY_MAX)
        reason = f"{count} VENs are {shards} shards, and an array job of AWS Batch has {ARRAY_MAX} at most"
        raise FieldError("--per-shard", f"{reason}: {least} VENs or more in each")
    longest = math.ceil(count / shards)
    return LoadTestSize(count, shards, shard, count / claims_per_s, longest * START_PER_VEN_S, run_s)


def check_vcpus(size: LoadTestSize, most: float, whose: str) -> None:
    """Raise FieldError when the shards take more than the *most* processors that *whose* limit allows."""
    if size.vcpus > most:
        vens = int(most // size.shard.vcpus) * math.ceil(size.count / size.shards)
        reason = f"{size.count} VENs take {size.vcpus:g} vCPUs at once, and {whose} {most:g}"
        raise FieldError("--count", f"{reason}: {vens} VENs at most")
