"""Settings of `settle_event`: the environment variables that its stack sets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SettleSettings:
    """Needs of `settle_event`.

    *time_zone*: of VENs that report none. *holidays*: a calendar's name, for programs that have none.
    *weather*: JSON, by VEN or group the VEN whose outdoor temperature it is under. *notifications_topic*: the
    ARN of the topic, or ``off``.
    """

    telemetry_table: str
    events_table: str
    vens_table: str
    time_zone: str
    holidays: str
    weather: str
    notifications_topic: str
