"""A VEN of OpenADR that nobody here has made, at a VTN over the functions' own tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from contracts.openadr.ids import ObjectId
from contracts.openadr.oadr_vens import oadr_ven_id, ven_target
from contracts.openadr.times import date_time_text
from contracts.store.keys import telemetry_range
from contracts.wire.ids import VenId
from tests.support.joined_vtn import HOUR, SHED, Joined, terms
from tests.support.vtn import VtnClient
from ven_twin.testing.function_world import NOW

QUARTER_S = 900


@dataclass
class Stranger:
    """A VEN of OpenADR that nobody here has made, with one client."""

    joined: Joined
    client: VtnClient
    name: str
    object_id: ObjectId = field(init=False)

    def __post_init__(self) -> None:
        body = {"objectType": "VEN_VEN_REQUEST", "venName": self.name}
        self.object_id = ObjectId(self.client.made("/vens", **body)["id"])

    @property
    def ven_id(self) -> VenId:
        """Its id in the fleet."""
        return oadr_ven_id(self.object_id)

    @property
    def row(self) -> dict[str, Any]:
        """Its row in the fleet."""
        return self.joined.world.ven(self.ven_id)

    def report(
        self,
        event_id: str,
        *payloads: tuple[str, Any],
        start_ts: float = NOW - QUARTER_S,
        length_s: int = QUARTER_S,
        units: str | None = None,
        resource: str = "meter",
    ) -> None:
        """File one report of one interval, and have it heard."""
        period = {"start": date_time_text(start_ts), "duration": f"PT{length_s}S"}
        listed = [{"type": kind, "values": [value]} for kind, value in payloads]
        descriptors = [{"payloadType": kind, "units": units} for kind, _ in payloads] if units else None
        self.client.made(
            "/reports",
            eventID=event_id,
            clientName=self.name,
            payloadDescriptors=[
                {"objectType": "REPORT_PAYLOAD_DESCRIPTOR", **descriptor} for descriptor in descriptors or []
            ],
            resources=[
                {
                    "resourceName": resource,
                    "intervals": [{"id": 0, "intervalPeriod": period, "payloads": listed}],
                }
            ],
        )
        self.joined.done()

    def telemetry(self) -> list[dict[str, Any]]:
        """Its rows of telemetry, oldest first."""
        times = telemetry_range(int(NOW) - 100_000, int(NOW) + 100_000)
        return list(self.joined.world.telemetry.query(self.ven_id, times))

    def events(self) -> list[dict[str, Any]]:
        """The events that it sees."""
        events: list[dict[str, Any]] = self.client.get("/events").json
        return events

    def shares(self) -> list[dict[str, Any]]:
        """Those that are for it alone."""
        return [event for event in self.events() if event.get("targets") == [ven_target(self.object_id)]]

    def shed_kw(self) -> list[float]:
        """The power that its only share asks it to shed in each interval."""
        (share,) = self.shares()
        return [-interval["payloads"][0]["values"][0] for interval in share["intervals"]]


def only(joined: Joined, stranger: Stranger, kw: float = -3.0, **more: Any) -> ObjectId:
    """An event of 3 kW of the fleet's total that the stranger alone is called for."""
    stranger.joined.utility.put(
        f"/vens/{stranger.object_id}",
        objectType="BL_VEN_REQUEST",
        clientID=stranger.client.client_id,
        venName=stranger.name,
        targets=["east"],
    )
    program = joined.program(f"total-{len(joined.utility.get('/programs').json)}", ALLOCATION="merit")
    event_id = joined.event(program, **terms(SHED, kw, targets=["east"], **more))
    joined.done()
    return event_id


def asking_event(joined: Joined) -> ObjectId:
    """An event without intervals, which asks for reports alone, in a program of totals."""
    event = joined.event(
        joined.program("telemetry", ALLOCATION="merit"),
        intervalPeriod=HOUR,
        reportDescriptors=[{"payloadType": "LOAD_SHED_DELTA_AVAILABLE"}],
    )
    joined.done()
    return event


def stranger_at(joined: Joined, asking: str) -> Stranger:
    """A VEN that offers 4 kW, by a report on the event *asking*."""
    ven = Stranger(joined, joined.vtn.ven("client-7"), "somebody's heat pump")
    ven.report(asking, ("LOAD_SHED_DELTA_AVAILABLE", 4.0))
    return ven
