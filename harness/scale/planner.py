"""The planner of `dispatch_event` over fleets of a size, each in a process of its own: CPU, memory, the plan.

``python -m harness.scale.planner 100000`` measures one; `measured` reads what ``make scale ARGS=--measure``
has written down.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from time import process_time

import msgspec

FILE = Path(__file__).with_suffix(".json")
COUNTS = (10_000, 100_000, 1_000_000)
UNIT_BYTES = 1024


class MeasuredPlan(msgspec.Struct, frozen=True, rename="camel"):
    """A plan over *vens*: what it took, and what it is.

    Attributes:
        cpu_s: CPU of a whole processor, s.
        memory_mb: the process's most, MB, the fleet's rows included.
        called: VENs that it calls.
        chunks: items of the events' table.
        write_units: of DynamoDB, for all of them.
        slices: slices of a map run.
        input_bytes: of the execution that starts that.
    """

    vens: int
    cpu_s: float
    memory_mb: float
    called: int
    chunks: int
    write_units: int
    slices: int
    input_bytes: int


def measure(vens: int) -> MeasuredPlan:
    """Plan an event over *vens* in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "harness.scale.planner", str(vens)], capture_output=True, check=True
    )
    return msgspec.json.decode(done.stdout, type=MeasuredPlan)


def measured() -> list[MeasuredPlan]:
    """The plans as they were measured and written down, the smallest fleet first."""
    return msgspec.json.decode(FILE.read_bytes(), type=list[MeasuredPlan])


def _plan_here(vens: int) -> MeasuredPlan:
    from contracts.store.plans import chunks_of  # noqa: PLC0415 - for the measuring process alone
    from harness.bench.bench_dispatch import fleet_of, plan_of, request_for  # noqa: PLC0415
    from lambdas.shared.fan_out import slices_of  # noqa: PLC0415

    fleet = fleet_of(vens)
    request = request_for(fleet)
    began_s = process_time()
    planned = plan_of(request, fleet)
    items = chunks_of(planned.plan, planned.row.event_id, planned.row.expires_ts)
    cpu_s = process_time() - began_s
    slices = slices_of(planned.plan)
    sizes = [len(msgspec.json.encode(item)) for item in items]
    return MeasuredPlan(
        vens=vens,
        cpu_s=round(cpu_s, 3),
        memory_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        called=len(planned.plan.assignments),
        chunks=len(items),
        write_units=sum(-(-size // UNIT_BYTES) for size in sizes),
        slices=len(slices),
        input_bytes=len(msgspec.json.encode(slices)),
    )


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(_plan_here(int(sys.argv[1]))))
