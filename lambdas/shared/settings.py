"""What each function needs from its environment, and nothing more.

A field's name in capitals is the variable's name. Powertools reads its own (POWERTOOLS_SERVICE_NAME,
POWERTOOLS_METRICS_NAMESPACE, POWERTOOLS_LOG_LEVEL).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

from contracts.errors import VenTwinError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    S = TypeVar("S", bound=DataclassInstance)
else:
    S = TypeVar("S")


class SettingError(VenTwinError):
    """An environment variable is missing or unreadable. The stack that deploys the function corrects it.

    Attributes:
        name: the variable's name.
    """

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        super().__init__(f"environment variable {name} {reason}")


@dataclass(frozen=True, slots=True)
class ProvisionVen:
    """Needs of `provision_ven`."""

    vens_table: str


@dataclass(frozen=True, slots=True)
class RotateVen:
    """Needs of `rotate_ven`. *ven_policy*: the VENs' IoT policy. *rotate_days*: 0 for never by itself."""

    stage: str
    vens_table: str
    ven_policy: str
    rotate_days: int


@dataclass(frozen=True, slots=True)
class AdmitVen:
    """Needs of `admit_ven`."""

    vens_table: str
    allowed_table: str


@dataclass(frozen=True, slots=True)
class IssueCommand:
    """Needs of `issue_command`."""

    vens_table: str
    commands_table: str
    retention_days: int


@dataclass(frozen=True, slots=True)
class DispatchEvent:
    """Needs of `dispatch_event`.

    *settle_delay_s*: how long after an event's end it is settled. *redispatch_min*: how often it is shared
    out again while it runs, minutes. *programmes*: JSON, the baseline of each programme by its name.
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
    programmes: str


@dataclass(frozen=True, slots=True)
class WriteShadows:
    """Needs of `write_shadows`. *shadow_writes_per_s*: how fast one of it writes."""

    events_table: str
    shadow_writes_per_s: int


@dataclass(frozen=True, slots=True)
class StoreTelemetry:
    """Needs of `store_telemetry`."""

    telemetry_table: str
    retention_days: int


@dataclass(frozen=True, slots=True)
class RecordVens:
    """Needs of `record_vens`."""

    vens_table: str
    commands_table: str
    events_table: str
    retention_days: int


@dataclass(frozen=True, slots=True)
class SettleEvent:
    """Needs of `settle_event`. *programmes*: JSON, the baseline of each programme by its name."""

    telemetry_table: str
    events_table: str
    vens_table: str
    programmes: str


@dataclass(frozen=True, slots=True)
class WatchFleet:
    """Needs of `watch_fleet`."""

    vens_table: str
    telemetry_table: str


@dataclass(frozen=True, slots=True)
class Api:
    """Needs of `api`; the functions by their names."""

    vens_table: str
    telemetry_table: str
    events_table: str
    commands_table: str
    dispatch_function: str
    issue_function: str
    settle_function: str


def read(kind: type[S], environ: Mapping[str, str] | None = None) -> S:
    """The settings of one function from *environ* (the process's own, when None).

    Raises:
        SettingError: names the variable that is missing, empty or no whole number.
    """
    given = os.environ if environ is None else environ
    found: dict[str, Any] = {}
    for field in fields(kind):
        name = field.name.upper()
        raw = given.get(name)
        if not raw:
            raise SettingError(name, "is not set")
        found[field.name] = _whole_number(name, raw) if field.type in {"int", int} else raw
    return kind(**found)


def _whole_number(name: str, raw: str) -> int:
    try:
        return int(raw)
    except ValueError:
        raise SettingError(name, "is not a whole number") from None
