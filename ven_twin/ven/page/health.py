"""Liveness and health of the VEN (would it answer an event now?), and its figures for Prometheus. Pure.

Source: Prometheus, text exposition format 0.0.4. Ours rather than prometheus_client: twenty gauges of one
view need no registry and no further memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from contracts.wire.events import Phase
from contracts.wire.units import S_PER_DAY
from ven_twin.control import reporting
from ven_twin.ven.mqtt.session_status import SessionState
from ven_twin.ven.page.view import VenView
from ven_twin.ven.snapshot import VenSnapshot

STUCK_S = 15.0
"""A twin ticks every second; without a tick for so long it is stuck."""
CERTIFICATE_WARN_D = 14.0


class Live(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Process and loop are alive. ``beat_age_s`` is the time since the last tick."""

    alive: bool
    beat_age_s: float


class Health(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The VEN's health: would it answer an event now? If not, ``reasons`` say why. Ages are s.

    ``clock_skew_s`` is None as long as VEN and cloud agree to within five minutes. ``warnings`` need
    someone before long.
    """

    answers_events: bool
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    connected: bool
    participates: bool = msgspec.field(name="takesPart")
    last_puback_age_s: float | None
    outbox_depth: int
    messages_lost: int
    messages_damaged: int = 0
    files_set_aside: int = 0
    certificate_days_left: float | None
    clock_skew_s: float | None
    beat_age_s: float


def live(snapshot: VenSnapshot) -> Live:
    """The liveness of the twin's loop."""
    return Live(alive=snapshot.tick_age_s < STUCK_S, beat_age_s=round(snapshot.tick_age_s, 3))


def health(snapshot: VenSnapshot, certificate_until_ts: float | None) -> Health:
    """The VEN's health; *certificate_until_ts* (UTC s) is None when its certificate cannot be read.

    A VEN without AWS has none.
    """
    session = snapshot.session
    left_d = None
    if certificate_until_ts is not None:
        left_d = round((certificate_until_ts - snapshot.now_ts) / S_PER_DAY, 2)
    reasons = tuple(_reasons(snapshot, left_d))
    age_s = session.last_puback_age_s
    return Health(
        answers_events=not reasons,
        reasons=reasons,
        warnings=tuple(_warnings(snapshot, left_d)),
        connected=session.state is SessionState.CONNECTED,
        participates=snapshot.state.settings.participates(snapshot.now_ts),
        last_puback_age_s=None if age_s is None else round(age_s, 1),
        outbox_depth=session.outbox_depth,
        messages_lost=snapshot.outbox.lost,
        messages_damaged=snapshot.outbox.damaged,
        files_set_aside=snapshot.outbox.files_set_aside,
        certificate_days_left=left_d,
        clock_skew_s=snapshot.clock_skew_s,
        beat_age_s=round(snapshot.tick_age_s, 3),
    )


def _reasons(snapshot: VenSnapshot, left_d: float | None) -> list[str]:
    session, reasons = snapshot.session, []
    if not live(snapshot).alive:
        reasons.append(f"the twin has not looked at its house for {snapshot.tick_age_s:.0f} s")
    if session.state is not SessionState.CONNECTED:
        why = f": {session.reason}" if session.reason else ""
        reasons.append(f"not connected to the cloud ({session.state}){why}")
    elif session.reason:
        reasons.append(session.reason)
    if not snapshot.state.settings.participates(snapshot.now_ts):
        left = reporting.opt_out_of(snapshot.state)
        reasons.append(f"takes no part in events: {left.reason if left else 'disabled'}")
    if left_d is None and snapshot.certificate is not None:
        reasons.append("its certificate cannot be read")
    elif left_d is not None and left_d <= 0:
        reasons.append("its certificate has expired")
    if snapshot.clock_skew_s is not None:
        reasons.append(
            f"its clock is {snapshot.clock_skew_s:.0f} s from the cloud's: events start at wrong times"
        )
    return reasons


def _warnings(snapshot: VenSnapshot, left_d: float | None) -> list[str]:
    warnings = []
    if left_d is not None and 0 < left_d < CERTIFICATE_WARN_D:
        warnings.append(f"its certificate expires in {left_d:.1f} days")
    if snapshot.outbox.lost:
        warnings.append(f"{snapshot.outbox.lost} messages were lost before they reached the cloud")
    if snapshot.outbox.files_set_aside:
        files = snapshot.outbox.files_set_aside
        warnings.append(f"{files} outbox files could not be used and were set aside in the VEN's folder")
    if snapshot.outbox.in_memory is not None:
        warnings.append(f"nothing is kept on disk: {snapshot.outbox.in_memory}")
    return warnings


TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Metric(NamedTuple):
    """One figure: *samples* are labels and value; one without a value is left out."""

    name: str
    text: str
    samples: tuple[tuple[Mapping[str, str], float | None], ...]
    kind: str = "gauge"


def metrics(view: VenView, health: Health, *, connects: int, open_pages: int) -> str:
    """All figures of one VEN."""
    of_ven = {"ven_id": view.ven.ven_id}
    lines: list[str] = []
    for metric in _metrics(view, health, connects=connects, open_pages=open_pages):
        samples = [(labels, value) for labels, value in metric.samples if value is not None]
        if not samples:
            continue
        lines += [
            f"# HELP ven_twin_{metric.name} {metric.text}",
            f"# TYPE ven_twin_{metric.name} {metric.kind}",
        ]
        lines += [
            f"ven_twin_{metric.name}{_labels({**of_ven, **labels})} {value:g}" for labels, value in samples
        ]
    return "\n".join(lines) + "\n"


def _metrics(view: VenView, health: Health, *, connects: int, open_pages: int) -> Iterator[Metric]:
    yield from _health_metrics(health, connects)
    yield from _power_metrics(view)
    yield from _event_metrics(view)
    yield _one("open_pages", "Pages that are open.", open_pages)


def _health_metrics(health: Health, connects: int) -> Iterator[Metric]:
    yield _one("answers_events", "1 when an event sent now would be answered.", health.answers_events)
    yield _one("connected", "1 when the MQTT session is up.", health.connected)
    yield _one("takes_part", "0 when disabled or opted out.", health.participates)
    yield _one("connects_total", "Connections made.", connects, "counter")
    yield _one(
        "last_puback_age_seconds", "Since the broker acknowledged a message.", health.last_puback_age_s
    )
    yield _one("outbox_messages", "Messages not acknowledged yet.", health.outbox_depth)
    yield _one(
        "messages_lost_total", "Messages that never reached the cloud.", health.messages_lost, "counter"
    )
    yield _one(
        "messages_damaged_total", "Of those, rows damaged on the disk.", health.messages_damaged, "counter"
    )
    yield _one(
        "files_set_aside_total", "Outbox files that could not be used.", health.files_set_aside, "counter"
    )
    left_d = health.certificate_days_left
    yield _one(
        "certificate_left_seconds", "Until it expires.", None if left_d is None else left_d * S_PER_DAY
    )
    yield _one(
        "clock_skew_seconds", "Cloud's time less the VEN's, when above 300.", health.clock_skew_s or 0.0
    )
    yield _one("beat_age_seconds", "Since the twin's last tick.", health.beat_age_s)


def _power_metrics(view: VenView) -> Iterator[Metric]:
    power, comfort = view.power, view.comfort
    yield _one("grid_kilowatts", "Drawn from the grid; negative is export.", power.grid_kw)
    yield _one("house_kilowatts", "Drawn by all circuits but PV and battery.", power.house_kw)
    yield _one("pv_kilowatts", "Of the PV array; negative generates.", power.pv_kw)
    yield _one("battery_kilowatts", "Of the battery; negative discharges.", power.battery_kw)
    yield _one("battery_soc_ratio", "State of charge.", power.battery_soc)
    yield _one("baseline_kilowatts", "Grid power of the house without events.", power.baseline_kw)
    yield _one(
        "asked_kilowatts", "Reduction requested by the event in force; 0 without.", power.requested_kw or 0.0
    )
    yield _one("available_kilowatts", "Can be shed for 15 min of house time at least.", power.available_kw)
    yield _one("indoor_celsius", "Air in the house.", comfort.air_c if comfort else None)


def _event_metrics(view: VenView) -> Iterator[Metric]:
    phases = (Phase.FAR, Phase.NEAR, Phase.ACTIVE)
    counts = [sum(event.phase is phase for event in view.events) for phase in phases]
    yield Metric(
        "events",
        "Events that run or come, by phase.",
        tuple(({"phase": p.value}, n) for p, n in zip(phases, counts, strict=True)),
    )
    circuits = view.circuits
    yield Metric(
        "circuit_kilowatts", "Drawn by circuit.", tuple(({"circuit": c.id}, c.power_kw) for c in circuits)
    )
    yield Metric(
        "circuit_curtailed_kilowatts",
        "Taken off by circuit.",
        tuple(({"circuit": c.id}, c.curtailed_kw) for c in circuits),
    )


def _one(name: str, text: str, value: float | None, kind: str = "gauge") -> Metric:
    return Metric(name, text, (({}, None if value is None else float(value)),), kind)


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
