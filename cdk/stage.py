"""What differs between stages: data, never shape. What is tested locally is what is deployed."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass

from contracts.errors import FieldError
from contracts.names import check_ven_id

STAGES = ("local", "dev", "prod")
DEFAULT_VENS = ("ven-1",)
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
"""Runtimes that the functions run on; the last is the default on AWS."""
MAX_VENS = 80
ROTATION = re.compile(r"[A-Za-z0-9._-]{1,32}")
ALERT_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One deployment of the stack, read from CDK context (``-c stage=dev -c vens=ven-1,ven-2``).

    Attributes:
        name: ``local``, ``dev`` or ``prod``.
        vens: the VENs that the stack makes things and certificates for.
        python: version of the functions' runtime.
        architecture: of the functions' machine code, ``arm64`` or ``x86_64``.
        retention_days: how long telemetry, commands and events are kept.
        log_retention_days: how long logs are kept; a value that CloudWatch knows.
        settle_delay_s: from an event's end to its settlement; the last telemetry is in by then.
        visibility_s: how long a queue waits before it tries a message again.
        keep_tables: whether the tables outlive the stack.
        tls_only: whether queues refuse plain HTTP from anywhere; the local gateway speaks nothing else.
        deployer_credentials: deploy with the caller's own credentials, not with the bootstrap roles.
        rotation: any word; another one than at the last deployment gives every VEN a new certificate.
        alert_email: who is written to when an alarm goes off, or None.
    """

    name: str
    vens: tuple[str, ...]
    python: str
    architecture: str
    retention_days: int
    log_retention_days: int
    settle_delay_s: int
    visibility_s: int
    keep_tables: bool
    tls_only: bool
    deployer_credentials: bool
    rotation: str
    alert_email: str | None


def read_stage(context: Callable[[str], str | None]) -> Stage:
    """The stage that the context asks for.

    Args:
        context: gives the value of a context key, or None.

    Raises:
        FieldError: a value that cannot be; names the key and what is allowed.
    """
    name = context("stage") or "dev"
    if name not in STAGES:
        raise FieldError("stage", f"{name!r} is none of {', '.join(STAGES)}")
    local = name == "local"
    return Stage(
        name=name,
        vens=_vens(context("vens")),
        python=f"{sys.version_info.major}.{sys.version_info.minor}" if local else _python(context("python")),
        architecture=_host_architecture() if local else "arm64",
        retention_days=_days(context("retention_days"), 400 if name == "prod" else 30),
        log_retention_days=30 if name == "prod" else 7,
        settle_delay_s=3 if local else 120,
        visibility_s=10 if local else 90,
        keep_tables=name == "prod",
        tls_only=not local,
        deployer_credentials=local,
        rotation=_rotation(context("rotation")),
        alert_email=_email(context("alert_email")),
    )


def _vens(given: str | None) -> tuple[str, ...]:
    vens = tuple(part.strip() for part in given.split(",") if part.strip()) if given else DEFAULT_VENS
    for ven_id in vens:
        check_ven_id(ven_id, "vens")
    if len(set(vens)) != len(vens):
        raise FieldError("vens", "names a VEN twice")
    if len(vens) > MAX_VENS:
        raise FieldError(
            "vens", f"at most {MAX_VENS} in one stack, which takes 500 resources: beyond, provision by claim"
        )
    return vens


def _python(given: str | None) -> str:
    if given is not None and given not in PYTHONS:
        raise FieldError("python", f"{given!r} is none of {', '.join(PYTHONS)}")
    return given or PYTHONS[-1]


def _days(given: str | None, default: int) -> int:
    if given is None:
        return default
    if not given.isdecimal() or not 1 <= int(given) <= 3650:
        raise FieldError("retention_days", f"{given!r} is no number of days from 1 to 3650")
    return int(given)


def _rotation(given: str | None) -> str:
    if given and not ROTATION.fullmatch(given):
        raise FieldError("rotation", "1 to 32 of A-Z a-z 0-9 . _ -")
    return given or ""


def _email(given: str | None) -> str | None:
    if given is not None and not ALERT_EMAIL.fullmatch(given):
        raise FieldError("alert_email", f"{given!r} is no address")
    return given


def _host_architecture() -> str:
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"
