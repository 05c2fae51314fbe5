"""Settings of `dispatch_event`: the environment variables that its stack sets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DispatchSettings:
    """Needs of `dispatch_event`.

    *settle_delay_s*: how long after an event's end it is settled. *redispatch_min*: how often it is shared
    out again while it runs, minutes. *map_above_vens*: larger plans go by the map, 0 for none.
    *notifications_topic*: the topic's ARN, or ``off``. *orders_queue*: of `vtn_dispatch`, or ``off``.
    """

    vens_table: str
    events_table: str
    telemetry_table: str
    retention_days: int
    settle_function_arn: str
    scheduler_role_arn: str
    schedule_group: str
    schedule_dlq_arn: str
    settle_delay_s: int
    redispatch_min: int
    shadow_queue_url: str
    shadow_map_arn: str
    map_above_vens: int
    notifications_topic: str
    orders_queue: str
