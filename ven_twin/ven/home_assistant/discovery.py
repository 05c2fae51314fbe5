"""The entities of a VEN in Home Assistant, and their state. Pure.

Source: Home Assistant, MQTT: discovery, sensor, switch (home-assistant.io/integrations/mqtt).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from contracts.wire import codec
from contracts.wire.codec import JsonDict
from contracts.wire.ids import VenId
from ven_twin.ven.page.view import VenView

PREFIX = "homeassistant"
"""The prefix of topics under which Home Assistant looks for entities, unless it is set up otherwise."""
ON, OFF = "ON", "OFF"
ONLINE, OFFLINE = b"online", b"offline"
NO_EVENT = "none"
POWER_DIGITS = 2


class HomeMessage(NamedTuple):
    """A message to the home's broker; a retained one is there for a Home Assistant that starts later."""

    topic: str
    payload: bytes
    retain: bool = True


class HomeTopics(NamedTuple):
    """The topics of one VEN."""

    ven_id: VenId

    @property
    def state(self) -> str:
        """The state of all entities."""
        return f"ven-twin/{self.ven_id}/state"

    @property
    def availability(self) -> str:
        """Tells whether the twin runs; the broker says offline when it is gone."""
        return f"ven-twin/{self.ven_id}/availability"

    @property
    def opt_out(self) -> str:
        """The orders of the switch."""
        return f"ven-twin/{self.ven_id}/opt_out/set"

    def config(self, component: str, name: str) -> str:
        """The topic that announces an entity."""
        return f"{PREFIX}/{component}/{self.ven_id}/{name}/config"


def announcements(ven_id: VenId, version: str) -> Iterator[HomeMessage]:
    """The entities of a VEN: power, running event, opt-out."""
    topics = HomeTopics(ven_id)
    common: JsonDict = {
        "state_topic": topics.state,
        "availability_topic": topics.availability,
        "device": {
            "identifiers": [f"ven-twin-{ven_id}"],
            "name": ven_id,
            "manufacturer": "ven-twin",
            "model": "Demand-response VEN",
            "sw_version": version,
        },
        "origin": {"name": "ven-twin", "sw_version": version},
    }
    entities: tuple[tuple[str, str, JsonDict], ...] = (
        (
            "sensor",
            "power",
            {
                "name": "Power",
                "device_class": "power",
                "state_class": "measurement",
                "unit_of_measurement": "kW",
                "value_template": "{{ value_json.powerKw }}",
            },
        ),
        (
            "sensor",
            "event",
            {
                "name": "Event",
                "icon": "mdi:transmission-tower",
                "value_template": "{{ value_json.event }}",
                "json_attributes_topic": topics.state,
            },
        ),
        (
            "switch",
            "opt_out",
            {
                "name": "Opt out",
                "icon": "mdi:hand-back-left",
                "command_topic": topics.opt_out,
                "value_template": "{{ value_json.optOut }}",
                "payload_on": ON,
                "payload_off": OFF,
            },
        ),
    )
    for component, name, entity in entities:
        payload = {**common, **entity, "unique_id": f"ven-twin-{ven_id}-{name}"}
        yield HomeMessage(topics.config(component, name), codec.encode(payload))


def home_state(view: VenView) -> JsonDict:
    """The state of all entities: power in kW, import positive, and the event in force by its id."""
    state: JsonDict = {
        "powerKw": round(view.power.grid_kw, POWER_DIGITS) + 0.0,
        "optOut": OFF if view.ven.participates else ON,
        "event": NO_EVENT,
    }
    running = next((event for event in view.events if event.in_force), None)
    if running is None:
        return state
    rounded = None if running.delivered_kw is None else round(running.delivered_kw, POWER_DIGITS) + 0.0
    return state | {
        "event": running.event_id,
        "request": running.request,
        "requestedKw": running.requested_kw,
        "deliveredKw": rounded,
        "ends": datetime.fromtimestamp(running.end_ts, UTC).isoformat(timespec="seconds"),
    }


def wants_opt_out(payload: bytes) -> bool | None:
    """The order of the switch: out, in, or None for what is none."""
    return {ON.encode(): True, OFF.encode(): False}.get(payload)
