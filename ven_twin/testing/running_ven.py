"""A digital-twin VEN that tests run beside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.wire.ids import VenId
from ven_twin.cli.house_time import AFTERNOON
from ven_twin.cli.local_system import TwinProcess, twin
from ven_twin.cli.main_job import MainJob, offer_kw, wait_for_telemetry
from ven_twin.testing.running_cloud import RunningCloud

OPTIONS = (*AFTERNOON.options, "--report-interval", "1", "--no-web")
"""It is a hot afternoon, with something to shed, as long as tests take."""


@dataclass(frozen=True)
class RunningVen:
    """A twin that runs in a local cloud.

    Attributes:
        ven_id: its id.
        process: it is stopped and started by this.
        cloud: the cloud that it is in.
    """

    ven_id: VenId
    process: TwinProcess
    cloud: RunningCloud

    @property
    def log(self) -> Path:
        """The file that it writes its log to."""
        return self.process.log

    @property
    def offer_kw(self) -> float:
        """The kW that it last said it can shed; 0 while it is offline or offers nothing."""
        return offer_kw(self.cloud.cloud, self.ven_id) or 0.0

    @property
    def reported(self) -> dict[str, Any]:
        """The reported state of its shadow."""
        return self.cloud.reported(self.ven_id)

    def rows(self, since_ts: float = 0) -> list[dict[str, Any]]:
        """The VEN's stored telemetry since a time."""
        return self.cloud.rows(self.ven_id, since_ts)


@contextmanager
def running_ven(cloud: RunningCloud, ven_id: str, options: Sequence[str]) -> Iterator[RunningVen]:
    """A twin for as long as the block lasts, once its telemetry is stored and its offer is there.

    Raises:
        VenTwinError: it did not come so far; the message names its log.
    """
    with twin(cloud.cloud, VenId(ven_id), options) as process:
        wait_for_telemetry(cloud.cloud, MainJob(ven_id=VenId(ven_id)), process, lambda *_: None)
        yield RunningVen(VenId(ven_id), process, cloud)
