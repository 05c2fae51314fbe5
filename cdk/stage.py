"""The data of each stage. The stack's shape is the same in all: the local stage tests the deployed ones."""

from __future__ import annotations

import platform
import re
import sys
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import get_args

from cdk.context import read_days, read_names, read_number, read_pairs, read_switch
from cdk.openadr_options import read_external_issuer, read_mqtt_uri
from cdk.shadow_pace import (
    SHADOW_QUOTA_PER_S,
    SHADOW_WRITES_PER_S,
    map_writers,
    read_map_above,
)
from contracts.api.reports import Baseline
from contracts.api.requests import DEFAULT_PROGRAM
from contracts.errors import FieldError
from contracts.openadr.external_issuer import ExternalIssuer
from contracts.store.stack import is_throw_away
from contracts.wire.ids import VenId
from contracts.wire.topics import check_ven_id

STAGES = ("local", "dev", "prod")
DEFAULT_VENS = ("ven-1",)
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
"""Runtimes that the functions run on."""
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
"""The Python that synthesizes. It alone can compile the bundle: it is the default runtime if AWS has it."""
MAX_VENS = 80
TELEMETRY_WINDOW_S, MOST_WINDOW_S = 5, 60
"""In an event rows are needed each minute, when what is delivered is looked at."""
BASELINES: tuple[str, ...] = get_args(Baseline)
HOLIDAYS = ("auto", "none", "nerc")
"""Holiday calendars that are no country's."""
ROTATION = re.compile(r"[A-Za-z0-9._-]{1,32}")
VEN_ID_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,30}[_-]")
"""Ends in a dash or underscore, so that ``north`` does not have the VENs of ``northwest``."""
FLEET_IMAGE = re.compile(
    r"[a-z0-9.-]+(:[0-9]{1,5})?(/[a-z0-9._-]+)+(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|@sha256:[0-9a-f]{64})"
)
"""With a registry and a tag or a digest: another registry than was meant is not guessed."""
ALERT_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One deployment of the stack, read from CDK context (``-c stage=dev -c vens=ven-1,ven-2``).

    Attributes:
        name: ``local``, ``dev``, ``prod``, or one that `is_throw_away`.
        vens: the VENs that the stack makes things and certificates for.
        ven_id_prefix: what the ids of all its VENs begin with, claimed ones too; empty for any.
        python: version of the functions' runtime.
        architecture: of the functions' machine code, ``arm64`` or ``x86_64``.
        retention_days: how long telemetry, commands and events are kept.
        log_retention_days: how long logs are kept; a value that CloudWatch knows.
        settle_delay_s: from an event's end to its settlement; the last telemetry is in by then.
        visibility_s: how long a queue waits before it tries a message again.
        telemetry_window_s: how long a batch of telemetry may wait to be filled, 0 to 60 s: the larger the
            fleet, the fewer invocations a message costs.
        keep_tables: whether the tables outlive the stack.
        tls_only: whether queues refuse plain HTTP from anywhere; the local gateway speaks nothing else.
        deployer_credentials: deploy with the caller's own credentials, not with the bootstrap roles.
        rotation: any word; another one than at the last deployment gives every VEN a new certificate.
        rotate_days: the age at which a VEN's certificate is replaced while the VEN runs; 0 for never.
        alert_email: who is told of alarms and events by mail, or None.
        notifications: whether the functions tell subscribers what becomes of events.
        groups: names under which events may target VENs, each with its VENs, as long as no operator has
            changed it.
        programs: names of programs, each with the baseline that its events are settled by, likewise.
        time_zone: of VENs that report none.
        holidays: the calendar of days that are no ordinary weekdays: ``auto`` by the time zone, ``nerc``,
            ``none``, or a country's, ``GB-ENG``.
        calendars: names of programs, each with a calendar of its own.
        weather: VENs and groups without a thermometer, each with the VEN whose temperature stands for it.
        redispatch_min: how often a running event is shared out again, minutes; one is the scheduler's least.
        shadow_writes_per_s: how fast one of the `SHADOW_WRITERS` writes; see docs/guides/scale.md.
        shadow_requests_per_s: the account's quota of shadow API requests, of which the writers take half.
        map_above_vens: plans of more VENs go into the shadows by a map run of Step Functions; 0 for none.
        openadr: whether the stage is a VTN of OpenADR too.
        external_issuer: the identity provider whose tokens the VTN takes instead of its own, or None.
        oadr_mqtt_uri: URI of the broker for clients of OpenADR, or None for webhooks alone.
        fleet_image: the container image of a load test's twins, whose stack is there with it alone; or None.
    """

    name: str
    vens: tuple[VenId, ...]
    ven_id_prefix: str
    python: str
    architecture: str
    retention_days: int
    log_retention_days: int
    settle_delay_s: int
    visibility_s: int
    telemetry_window_s: int
    keep_tables: bool
    tls_only: bool
    deployer_credentials: bool
    rotation: str
    rotate_days: int
    alert_email: str | None
    notifications: bool
    groups: Mapping[str, tuple[str, ...]]
    programs: Mapping[str, str]
    time_zone: str
    holidays: str
    calendars: Mapping[str, str]
    weather: Mapping[str, VenId]
    redispatch_min: int
    shadow_writes_per_s: int
    shadow_requests_per_s: int
    map_above_vens: int
    openadr: bool
    external_issuer: ExternalIssuer | None
    oadr_mqtt_uri: str | None
    fleet_image: str | None

    @property
    def map_writers(self) -> int:
        """The writers that a map run has at once: what is left of the half beside the queue's."""
        return map_writers(self.shadow_requests_per_s, self.shadow_writes_per_s)

    @property
    def metrics_namespace(self) -> str:
        """CloudWatch's namespace of the stage's metrics: two stages of an account never share one."""
        return f"VenTwin/{self.name}"

    @property
    def ven_id_pattern(self) -> VenId:
        """The ids of the stage's VENs, as a pattern in ARNs. docs/decisions/0014 has why it is no list."""
        return VenId(f"{self.ven_id_prefix}*")

    @property
    def wide_rights(self) -> str | None:
        """A line for whoever deploys, where its rights reach other stages' things; None where not."""
        if self.ven_id_prefix or self.name == "local":
            return None
        return (
            "without ven_id_prefix the functions may reach every thing of this account and region, as VENs "
            "that claim have any id: docs/decisions/0014-rights-end-at-a-prefix.md"
        )


def read_stage(context: Callable[[str], str | None]) -> Stage:
    """The stage in the context.

    Args:
        context: gives the value of a context key, or None.

    Raises:
        FieldError: a value that cannot be; names the key and the allowed values.
    """
    name = context("stage") or "dev"
    if name not in STAGES and not is_throw_away(name):
        raise FieldError("stage", f"{name!r} is none of {', '.join(STAGES)}")
    local = name == "local"
    prefix = _ven_id_prefix(context("ven_id_prefix"))
    vens = _vens(context("vens"), prefix)
    programs = _programs(context("programs") or context("programmes"))
    quota = read_number(
        context, "shadow_requests_per_s", default=SHADOW_QUOTA_PER_S, least=400, most=1_000_000
    )
    window_s = read_number(
        context, "telemetry_window_s", default=TELEMETRY_WINDOW_S, least=0, most=MOST_WINDOW_S
    )
    return Stage(
        name=name,
        vens=vens,
        ven_id_prefix=prefix,
        python=HERE if local else _python(context("python")),
        architecture=_host_architecture() if local else "arm64",
        retention_days=read_days(context, "retention_days", default=400 if name == "prod" else 30, least=1),
        log_retention_days=30 if name == "prod" else 7,
        settle_delay_s=3 if local else 120,
        visibility_s=10 if local else 90,
        telemetry_window_s=0 if local else window_s,
        keep_tables=name == "prod",
        tls_only=not local,
        deployer_credentials=local,
        rotation=_rotation(context("rotation")),
        rotate_days=read_days(context, "rotate_days", default=0, least=0),
        alert_email=_email(context("alert_email")),
        notifications=read_switch("notifications", context("notifications") or "on"),
        groups=_groups(context("groups"), vens),
        programs=programs,
        time_zone=_time_zone(context("time_zone")),
        holidays=_calendar("holidays", context("holidays") or "auto"),
        calendars=_calendars(context("calendars"), programs),
        weather=_weather(context("weather")),
        redispatch_min=1,
        shadow_writes_per_s=SHADOW_WRITES_PER_S,
        shadow_requests_per_s=quota,
        map_above_vens=read_map_above(context("map_above_vens"), quota),
        openadr=read_switch("openadr", context("openadr") or "on"),
        external_issuer=read_external_issuer(context),
        oadr_mqtt_uri=read_mqtt_uri(context, is_local=local),
        fleet_image=_image(context("fleet_image")),
    )


def _ven_id_prefix(value: str | None) -> str:
    if value and not VEN_ID_PREFIX.fullmatch(value):
        raise FieldError(
            "ven_id_prefix",
            f"{value!r} is not like north-: 2 to 32 of A-Z a-z 0-9 _ -, the last of them - or _",
        )
    return value or ""


def _vens(value: str | None, prefix: str) -> tuple[VenId, ...]:
    default = tuple(f"{prefix}{name}" for name in DEFAULT_VENS)
    vens = tuple(check_ven_id(name, "vens") for name in (read_names(value, ",") if value else default))
    if strangers := [name for name in vens if not name.startswith(prefix)]:
        raise FieldError("vens", f"{strangers[0]} does not begin with the stage's ven_id_prefix, {prefix}")
    if len(set(vens)) != len(vens):
        raise FieldError("vens", "names a VEN twice")
    if len(vens) > MAX_VENS:
        raise FieldError(
            "vens", f"at most {MAX_VENS} in one stack, which takes 500 resources: beyond, provision by claim"
        )
    return vens


def _python(value: str | None) -> str:
    if value is not None and value not in PYTHONS:
        raise FieldError("python", f"{value!r} is none of {', '.join(PYTHONS)}")
    return value or (HERE if HERE in PYTHONS else PYTHONS[-1])


def _rotation(value: str | None) -> str:
    if value and not ROTATION.fullmatch(value):
        raise FieldError("rotation", "1 to 32 of A-Z a-z 0-9 . _ -")
    return value or ""


def _email(value: str | None) -> str | None:
    if value is not None and not ALERT_EMAIL.fullmatch(value):
        raise FieldError("alert_email", f"{value!r} is no address")
    return value


def _image(value: str | None) -> str | None:
    if value is not None and not FLEET_IMAGE.fullmatch(value):
        raise FieldError(
            "fleet_image", f"{value!r} is no image like REGISTRY/NAME:TAG or REGISTRY/NAME@sha256:…"
        )
    return value


def _groups(value: str | None, vens: tuple[VenId, ...]) -> Mapping[str, tuple[str, ...]]:
    """``north=ven-1+ven-2,south=ven-3``."""
    groups = {}
    for name, members in read_pairs(value, "groups", "north=ven-1+ven-2,south=ven-3"):
        check_ven_id(name, "groups")
        if name in vens:
            raise FieldError("groups", f"{name} is a VEN's id already")
        groups[name] = tuple(dict.fromkeys(read_names(members, "+")))
        for ven_id in groups[name]:
            if ven_id not in vens:
                raise FieldError("groups", f"{name} has {ven_id!r} in it, which is none of the stack's VENs")
    return groups


def _programs(value: str | None) -> Mapping[str, str]:
    """``summer-peak=caiso_10_of_10,winter=nyiso_5_of_10``."""
    programs = {}
    for name, baseline in read_pairs(value, "programs", "summer-peak=caiso_10_of_10"):
        check_ven_id(name, "programs")
        if name == DEFAULT_PROGRAM:
            raise FieldError("programs", f"{name} is there already, and has its baseline")
        if baseline not in BASELINES:
            raise FieldError("programs", f"{baseline!r} is none of {', '.join(BASELINES)}")
        programs[name] = baseline
    return programs


def _time_zone(value: str | None) -> str:
    if value is not None and value not in zoneinfo.available_timezones():
        raise FieldError(
            "time_zone", f"{value!r} is no time zone of the IANA database, like America/New_York"
        )
    return value or "UTC"


def _calendar(key: str, value: str) -> str:
    """A holiday calendar's name, as `settle_event` reads it."""
    if value in HOLIDAYS:
        return value
    from holidays import list_supported_countries  # noqa: PLC0415 - a second, for those who name a country

    country, _, division = value.partition("-")
    divisions = list_supported_countries(include_aliases=False).get(country)
    if divisions is None or (division and division not in divisions):
        raise FieldError(
            key,
            f"{value!r} is none of {', '.join(HOLIDAYS)}, and no country with its part, like US or GB-ENG",
        )
    return value


def _calendars(value: str | None, programs: Mapping[str, str]) -> Mapping[str, str]:
    """``summer-peak=nerc,winter=GB-ENG``."""
    calendars = {}
    for name, calendar in read_pairs(value, "calendars", "summer-peak=nerc"):
        if name not in programs and name != DEFAULT_PROGRAM:
            raise FieldError("calendars", f"{name} is none of the programs: {', '.join(programs) or 'none'}")
        calendars[name] = _calendar("calendars", calendar)
    return calendars


def _weather(value: str | None) -> Mapping[str, VenId]:
    """``north=ven-1,ven-7=ven-3``."""
    pairs = read_pairs(value, "weather", "north=ven-1")
    return {check_ven_id(name, "weather"): check_ven_id(ven_id, "weather") for name, ven_id in pairs}


def _host_architecture() -> str:
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"
