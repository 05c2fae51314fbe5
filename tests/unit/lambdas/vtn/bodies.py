"""Objects to start from: one of each type, of a client that is a VEN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.support.vtn import Vtn, VtnClient, subscription

PATHS = {
    "PROGRAM": "/programs",
    "EVENT": "/events",
    "REPORT": "/reports",
    "SUBSCRIPTION": "/subscriptions",
    "VEN": "/vens",
    "RESOURCE": "/resources",
}


@dataclass(frozen=True)
class Furnished:
    """A VTN with one object of each type, by type; the owned ones are *ven*'s."""

    bl: VtnClient
    ven: VtnClient
    objects: dict[str, Any]

    def path(self, kind: str) -> str:
        """The path of the object of a type."""
        return f"{PATHS[kind]}/{self.objects[kind]['id']}"

    def body(self, kind: str, client: VtnClient) -> dict[str, Any]:
        """A body that makes a further object of a type."""
        is_bl = client is self.bl
        program, event, ven = (self.objects[name]["id"] for name in ("PROGRAM", "EVENT", "VEN"))
        side = "BL" if is_bl else "VEN"
        return {
            "PROGRAM": {"programName": "another"},
            "EVENT": {"programID": program},
            "REPORT": {"eventID": event, "clientName": "client", "resources": []},
            "SUBSCRIPTION": subscription(programID=program),
            "VEN": {"objectType": f"{side}_VEN_REQUEST", "clientID": "ven-1", "venName": "another"},
            "RESOURCE": {
                "objectType": f"{side}_RESOURCE_REQUEST",
                "clientID": "ven-1",
                "resourceName": "another",
                "venID": ven,
            },
        }[kind]


def furnish(vtn: Vtn) -> Furnished:
    """The VTN with its first objects."""
    bl, ven = vtn.bl(), vtn.ven()
    program = bl.made("/programs", programName="program")
    event = bl.made("/events", programID=program["id"])
    a_ven = ven.made("/vens", objectType="VEN_VEN_REQUEST", venName="ven")
    return Furnished(
        bl,
        ven,
        {
            "PROGRAM": program,
            "EVENT": event,
            "VEN": a_ven,
            "RESOURCE": ven.made(
                "/resources", objectType="VEN_RESOURCE_REQUEST", resourceName="meter", venID=a_ven["id"]
            ),
            "REPORT": ven.made("/reports", eventID=event["id"], clientName="client", resources=[]),
            "SUBSCRIPTION": ven.made("/subscriptions", **subscription()),
        },
    )
