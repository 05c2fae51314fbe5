"""Events of the VTN that ask for reports, and the reports that the stage files of its own VENs."""

from __future__ import annotations

from typing import Any

from contracts.openadr.ids import ObjectId
from contracts.store.keys import telemetry_row_id
from tests.support.joined_vtn import SHED, START, Joined, terms

END = START + 3600
DELAY_S = 120
"""So long after an event's end its telemetry is in."""


def asking_for(*kinds: str, **descriptor: Any) -> dict[str, Any]:
    """The field of an event that asks for these payloads."""
    return {"reportDescriptors": [{"payloadType": kind, **descriptor} for kind in kinds]}


def dispatched(joined: Joined, *kinds: str, **more: Any) -> ObjectId:
    """An event of an hour that asks for reports, and is dispatched."""
    event_id = joined.event(**(terms(SHED, -2.0) | asking_for(*(kinds or ("USAGE",))) | more))
    joined.done()
    return event_id


def drew(
    joined: Joined,
    kw: float = 1.0,
    *,
    ven_id: str = "house-1",
    from_ts: float = START,
    to_ts: float = END,
    **more: Any,
) -> None:
    """Write a VEN's telemetry of each minute: it draws *kw* where it would have drawn 3 kW."""
    joined.world.add_telemetry(
        {
            "venId": ven_id,
            "rowId": telemetry_row_id(end_s, "b1", end_s // 60),
            "timestamp": end_s,
            "bootId": "b1",
            "seq": end_s // 60,
            "usedPowerKw": kw,
            "baselinePowerKw": 3.0,
            "measuredS": 60.0,
            **more,
        }
        for end_s in range(int(from_ts) + 60, int(to_ts) + 1, 60)
    )


def over(joined: Joined, after_s: float = DELAY_S) -> list[dict[str, Any]]:
    """Sweep so long after the event's end; returns the reports that the business logic finds."""
    joined.world.now = END + after_s
    joined.sweep()
    return filed(joined)


def filed(joined: Joined) -> list[dict[str, Any]]:
    """All reports."""
    reports: list[dict[str, Any]] = joined.utility.get("/reports").json
    return reports


def of_ven(reports: list[dict[str, Any]], ven_id: str = "house-1") -> dict[str, Any]:
    """A VEN's only report."""
    (report,) = [report for report in reports if report["clientName"] == ven_id]
    return report


def payloads(report: dict[str, Any], number: int = 0) -> dict[str, Any]:
    """The values of an interval of a report by their types."""
    (resource,) = report["resources"]
    return {each["type"]: each["values"][0] for each in resource["intervals"][number]["payloads"]}
