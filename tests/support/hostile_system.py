"""A fleet that takes part in an event as it should, and beside it a hostile VEN with a valid certificate.

One life is lived over the real functions in one account: presence, reports and rows, an event by the API,
acks, a redispatch, the settlement. In each batch the hostile VEN's messages stand among those of the others.
Then everything that an operator can see is read: API, pages, CSV, terminal.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from moto.moto_api._internal.models import moto_api_backend
from rich.console import Console

from contracts.api.fleet import Fleet
from contracts.api.reports import EventReport
from contracts.api.resources import Event, EventSummary
from contracts.wire.ids import EventId
from lambdas.dispatch_event.handler import handler as dispatch
from lambdas.record_vens.handler import handler as record
from lambdas.shared import clock
from lambdas.store_telemetry.handler import handler as store
from lambdas.watch_fleet.handler import handler as watch
from tests.support.api_world import Api
from tests.support.hostile_messages import BAD, Hostile, hostile
from ven_twin.cli import event_view, fleet
from ven_twin.cli.console import make_console
from ven_twin.operations.fleet.event_detail import detail
from ven_twin.operations.fleet.fleet_state import FleetAnswers, fleet_state
from ven_twin.operations.fleet.fleet_view import fleet_view
from ven_twin.operations.fleet.screen import frame
from ven_twin.operations.reports import page, table
from ven_twin.testing.function_world import LOAD, NOW, Context, World, batch, body, failed

OFFERS_KW = {"ven-a": 5.0, "ven-b": 4.0, "ven-c": 3.0}
EVENT = EventId("evt-1")
"""The event that the hostile VEN's messages name, too."""
STEP_S = 150
START_TS, END_TS = int(NOW) + 600, int(NOW) + 2400
CREATED, REDISPATCHED, SEEN, SETTLED = 2, 9, 10, 18
"""The steps at which that is done; the fleet is looked at in the middle of the event."""
STORED = ("ven/telemetry/", "ven/loads/")
Messages = Callable[[int], list[Hostile]]
"""The hostile VEN's messages of a step."""


def generated(seed: int, count: int) -> Messages:
    """Up to *count* messages at a time: anything that can be sent, and what might be true of a VEN."""
    rng = random.Random(seed)
    return lambda step: [
        hostile(rng) if rng.random() < 0.5 else _lie(rng, step) for _ in range(rng.randint(1, count))
    ]


def silence(step: int) -> list[Hostile]:
    """None: the VEN is as if it were not there."""
    del step
    return []


def _lie(rng: random.Random, step: int) -> Hostile:
    """A message that is as it should be, but for being true: of now, of the others' event, of any power."""
    at = int(NOW) + STEP_S * step
    kw = rng.choice([0.0, 1.0, 9_999.0, 10_000.0])
    row = {"venId": BAD, "timestamp": at, "bootId": "z", "seq": step, "eventId": EVENT, "shedPowerKw": kw}
    row |= {"usedPowerKw": rng.choice([-kw, kw]), "baselinePowerKw": kw, "requestedReductionKw": kw}
    phase = rng.choice(["near", "active", "completed", "optedOut", "cancelled"])
    ack = {"op": "event", "ok": rng.random() < 0.5, "status": "success", "ts": at, "event_id": EVENT}
    ack |= {"correlationId": rng.choice([f"{EVENT}:0:{phase}", "c1"]), "phase": phase, "actual_shed_kw": kw}
    metrics = {"shedAvailabilityKw": kw, "sustainS": 1e9, "activeEventId": EVENT}
    reported = {
        "metrics": metrics,
        "ven": {"enabled": True, "status": "idle"},
        "report_interval_seconds": 1e9,
    }
    documents = {"current": {"state": {"reported": reported}, "version": 10_000 + step}, "timestamp": at}
    kind = rng.choice(["connected", "connected", "disconnected"])
    presence = {"clientId": BAD, "timestamp": at * 1000, "eventType": kind, "versionNumber": 10 + step}
    topic, message = rng.choice(
        [
            (f"ven/telemetry/{BAD}", row),
            (f"ven/telemetry/{BAD}", row),
            (f"ven/ack/{BAD}", ack),
            (f"$aws/things/{BAD}/shadow/update/documents", documents),
            (f"$aws/events/presence/{kind}/{BAD}", presence),
        ]
    )
    return Hostile(topic, json.dumps(message).encode())


@dataclass
class Life:
    """A life of the system, and what of it operators have seen.

    Attributes:
        called: the event is for the hostile VEN as well, which offers 2 kW and is as it should be until then.
        refused: the good VENs' messages that the functions refused.
        sent: the hostile VEN's messages.
        seen: everything that can be read, by its name; the hostile VEN's own part is left out.
        dishonest: sums that are not those of what they stand above.
    """

    world: World
    api: Api
    hostile: Messages
    called: bool = False
    refused: int = 0
    sent: int = 0
    seen: dict[str, Any] = field(default_factory=dict)
    dishonest: list[str] = field(default_factory=list)

    def live(self) -> dict[str, Any]:
        """Live it, and return what was seen."""
        self._provision()
        for step in range(SETTLED + 1):
            self.world.now = NOW + STEP_S * step
            self._receive(step)
            if step == CREATED:
                self._create()
                self._command()
            if step == REDISPATCHED and not self.called:
                self._redispatch()  # what a called VEN does not deliver is called of the others
            if step == SEEN:
                watch({}, Context())
                self._look("in the event")
        settled = self.api.call("POST", f"/events/{EVENT}/report")
        assert settled.status == 200, settled.text
        self._look("settled")
        return self.seen

    def _provision(self) -> None:
        for ven_id in (*OFFERS_KW, BAD):
            self.world.add_ven(ven_id, online=None, shedAvailabilityKw=None, provisionedTs=NOW - 86_400)

    def _good(self, step: int) -> Iterator[tuple[str, Any]]:
        """The messages of the VENs that are as they should be."""
        for ven_id, offer_kw in OFFERS_KW.items():
            yield from _of_step(ven_id, offer_kw, step, self.world.now)
        if self.called and step <= CREATED:
            yield from _of_step(BAD, 2.0, step, self.world.now)

    def _receive(self, step: int) -> None:
        """Hand each function its messages, the hostile ones among the others."""
        received_ms = int(self.world.now * 1000)
        good = self._good(step)
        bodies = [(topic, body(topic, payload, received_ms=received_ms)) for topic, payload in good]
        hostile_now = [] if self.called and step <= CREATED else self.hostile(step)
        self.sent += len(hostile_now)
        bad = [(sent.topic, body(sent.topic, sent.raw, received_ms=received_ms)) for sent in hostile_now]
        order = random.Random(len(bad))
        for message in bad:
            bodies.insert(order.randint(0, len(bodies)), message)
        for handler, stored in ((store, True), (record, False)):
            some = [(topic, text) for topic, text in bodies if topic.startswith(STORED) is stored]
            if some:
                answer = handler(batch(*(text for _, text in some)), Context())
                self.refused += sum(BAD not in some[int(name[1:])][0] for name in failed(answer))

    def _create(self) -> None:
        value = 14 if self.called else 11
        interval = {"durationS": END_TS - START_TS, "signal": "shedKw", "value": value}
        targets = {} if self.called else {"targets": list(OFFERS_KW)}
        request = {"eventId": EVENT, "startTs": START_TS, "intervals": [interval], **targets}
        answer = self.api.call("POST", "/events", request)
        assert answer.status == 201, answer.text
        self.seen["dispatched"] = _without_bad(answer.json)

    def _command(self) -> None:
        for ven_id in OFFERS_KW:
            command = {"op": "ping", "correlationId": "c1"}
            answer = self.api.call("POST", f"/vens/{ven_id}/commands", command)
            assert answer.status in {201, 202}, answer.text

    def _redispatch(self) -> None:
        answer = dispatch({"action": "redispatch", "eventId": EVENT}, Context())
        assert answer["ok"] is True, answer
        self.seen["redispatched"] = answer

    # ── what operators see ──────────────────────────────────────────────────────────────────────────

    def _look(self, when: str) -> None:
        get = self.api.get
        vens = list(self._pages("/vens"))
        self.dishonest += _dishonest_sums(get("/fleet"))
        whole = msgspec.convert(get("/fleet"), Fleet)
        if self.called:
            whole = _but_for_bad(whole)
        events = [msgspec.convert(item, EventSummary) for item in self._pages("/events")]
        event = msgspec.convert(get(f"/events/{EVENT}"), Event)
        if self.called:  # as in the report's sums, its own part is in the result
            events = [msgspec.structs.replace(listed, result=None) for listed in events]
            event = msgspec.structs.replace(event, result=None)
        views: dict[str, Any] = {
            "vens": [ven for ven in vens if ven["venId"] != BAD],
            "events": events,
            "event": _without_bad(msgspec.to_builtins(event)),
            "fleet": _without_bad(msgspec.to_builtins(whole)["vens"]),
            "event of the fleet": [running for running in whole.events if running.event_id == EVENT],
            "shadows": {ven_id: self.world.desired(ven_id) for ven_id in OFFERS_KW},
        }
        for ven_id in OFFERS_KW:
            views[ven_id] = get(f"/vens/{ven_id}")
            query = {"from": int(NOW) - 600, "to": END_TS + 600}
            views[f"{ven_id}, rows"] = list(self._pages(f"/vens/{ven_id}/telemetry", **query))
            views[f"{ven_id}, command"] = get(f"/vens/{ven_id}/commands/c1")
        views |= self._texts(whole, events, event)
        if when == "settled":
            views |= self._settled()
        self.seen |= {f"{name}, {when}": view for name, view in views.items()}

    def _texts(self, whole: Fleet, events: list[EventSummary], event: Event) -> dict[str, Any]:
        """The terminal's texts and the pages' messages, without the lines of the hostile VEN."""
        state = fleet_state(
            FleetAnswers(whole, tuple(events), heard_ts=self.world.now), "here", self.world.now
        )
        shown = msgspec.to_builtins(fleet_view(state))
        return {
            "event list": _printed(lambda _: event_view.show_list(events)),
            "event show": _printed(lambda _: event_view.show(event)),
            "fleet status": _printed(lambda out: fleet.show(whole, {}, out)),
            "fleet watch": _printed(lambda out: out.print(frame(state, 160, 60))),
            "fleet page, events": shown["events"],
            "fleet page, VENs": _without_bad(shown["fleet"]["vens"]),
            "event page": _without_bad(msgspec.to_builtins(detail(event, whole)))["parts"],
        }

    def _settled(self) -> dict[str, Any]:
        report = msgspec.convert(self.api.get(f"/events/{EVENT}/report"), EventReport)
        rows = io.StringIO()
        table.write(report, rows)
        self.dishonest += _dishonest_report(report)
        text = rows.getvalue()
        views: dict[str, Any] = {
            "CSV": [row for row in csv.reader(io.StringIO(text)) if row[1] != BAD],
            "VENs of the report": [ven for ven in report.vens if ven.ven_id != BAD],
        }
        if not self.called:
            views |= {"report": report, "report page": page.html(report)}
            views["report show"] = _printed(lambda _: event_view.show_report(report))
        return views

    def _pages(self, path: str, **query: Any) -> Iterator[Any]:
        cursor: dict[str, Any] = {}
        while True:
            answer = self.api.get(path, limit=2 if path == "/vens" else 100, **query, **cursor)
            yield from answer["items"]
            if "next" not in answer:
                return
            cursor = {"cursor": answer["next"]}


def _of_step(ven_id: str, offer_kw: float, step: int, now: float) -> Iterator[tuple[str, Any]]:
    """A step's messages of a VEN: it sheds what it offers for as long as the event lasts."""
    at, sheds = int(now), START_TS < now <= END_TS
    if step == 0:
        connected = {"clientId": ven_id, "timestamp": at * 1000, "eventType": "connected", "versionNumber": 1}
        yield f"$aws/events/presence/connected/{ven_id}", connected
        loads = {"venId": ven_id, "timestamp": at, "bootId": "b1", "seq": 1, "loads": [LOAD]}
        yield f"ven/loads/{ven_id}", loads
    if step == CREATED + 1:
        ack = {"op": "ping", "ok": True, "status": "success", "ts": at, "venId": ven_id}
        yield f"ven/ack/{ven_id}", {**ack, "correlationId": "c1"}
    if step < 2 or step % 4 == 0:
        metrics = {"shedAvailabilityKw": offer_kw, "sustainS": 7200}
        reported = {
            "metrics": metrics,
            "ven": {"enabled": True, "status": "idle"},
            "report_interval_seconds": 150,
        }
        current = {"state": {"reported": reported}, "version": step + 1}
        yield f"$aws/things/{ven_id}/shadow/update/documents", {"current": current, "timestamp": at}
    row = {
        "venId": ven_id,
        "timestamp": at,
        "bootId": "b1",
        "seq": step,
        "baselinePowerKw": 8.0,
        "loads": [LOAD],
    }
    shed_kw = offer_kw / 2 if sheds else 0.0
    row |= {
        "usedPowerKw": 8.0 - shed_kw,
        "shedPowerKw": shed_kw,
        "measuredS": float(STEP_S),
        "outdoorC": 31.0,
    }
    yield (
        f"ven/telemetry/{ven_id}",
        row | ({"eventId": EVENT, "requestedReductionKw": shed_kw} if sheds else {}),
    )
    for phase, at_step in (("active", START_TS), ("completed", END_TS)):
        if at == at_step:
            ack = {
                "op": "event",
                "ok": True,
                "status": "success",
                "ts": at,
                "venId": ven_id,
                "event_id": EVENT,
            }
            yield f"ven/ack/{ven_id}", {**ack, "correlationId": f"{EVENT}:0:{phase}", "phase": phase}


def _without_bad(value: Any) -> Any:
    """*value* without what is the hostile VEN's: the objects that name it, and its place in a mapping."""
    if isinstance(value, dict):
        return {name: _without_bad(item) for name, item in value.items() if name != BAD}
    if isinstance(value, list | tuple):
        return [_without_bad(item) for item in value if not (isinstance(item, dict) and BAD in item.values())]
    return value


def _but_for_bad(whole: Fleet) -> Fleet:
    """The fleet without the hostile VEN's own part in its event."""
    (bad,) = [ven for ven in whole.vens if ven.ven_id == BAD]
    events = []
    for event in whole.events:
        part = (
            (1, bad.requested_kw or 0.0, bad.delivered_kw or 0.0)
            if event.event_id == bad.event_id
            else (0, 0, 0)
        )
        vens, requested_kw, delivered_kw = part
        rest = msgspec.structs.replace(
            event,
            vens=event.vens - vens,
            requested_kw=round(event.requested_kw - requested_kw, 3),
            delivered_kw=round(event.delivered_kw - delivered_kw, 3),
        )
        events += [rest] if rest.vens else []
    return msgspec.structs.replace(whole, events=tuple(events))


def _printed(show: Callable[[Console], None]) -> list[str]:
    """The lines that a command prints, without those of the hostile VEN; columns may be wider for it."""
    text = io.StringIO()
    out = make_console(text)
    out.width = 160
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(text):
        patch.setenv("COLUMNS", "160")
        show(out)
    lines = [re.sub(r"\s+", " ", re.sub(r"#\d+", "#", line)).strip() for line in text.getvalue().splitlines()]
    return [line for line in lines if BAD not in line and not OF_ALL.search(line)]


OF_ALL = re.compile(r"\d of \d (VENs )?online|^Requested |^Flexibility |^# (?!evt-1 |evt-1:)|^[─ ]*$")
"""Lines of the whole fleet, to which the hostile VEN adds, of an event that it has invented, and rules."""


def _dishonest_sums(shown: dict[str, Any]) -> list[str]:
    """The sums of the fleet that are not those of the VENs that it lists."""
    sheds = [ven for ven in shown["vens"] if ven["standing"] == "shedding"]
    counted = [ven for ven in shown["vens"] if ven["standing"] in {"shedding", "ready"}]
    sums = {
        "askedKw": sum(ven.get("askedKw", 0.0) for ven in sheds),
        "deliveredKw": sum(ven.get("deliveredKw", 0.0) for ven in sheds),
        "flexibilityKw": sum(ven.get("offersKw", 0.0) for ven in counted),
        "shedding": len(sheds),
        "known": len(OFFERS_KW) + 1,
    }
    return [
        f"fleet, {name}: {shown[name]}" for name, total in sums.items() if abs(shown[name] - total) > 0.01
    ]


def _dishonest_report(report: EventReport) -> list[str]:
    """The baselines whose kWh are not the sum of the VENs', where they are to be."""
    wrong = []
    for name in ("clone", "meter_before"):
        parts = [ven.delivered[name].delivered_kwh for ven in report.vens if name in ven.delivered]
        whole = report.delivered[name].delivered_kwh if name in report.delivered else None
        if whole is not None and abs(whole - sum(part for part in parts if part is not None)) > 0.01:
            wrong.append(f"report, {name}: {whole} kWh of {parts}")
    return wrong


def live(api: Api, patch: pytest.MonkeyPatch, messages: Messages, *, called: bool) -> Life:
    """A life that is over, in an account that was empty."""
    moto_api_backend.reset()
    world = World()
    patch.setattr(clock, "utc_now", lambda: world.now)
    life = Life(world, api, messages, called)
    life.live()
    return life


def objections(life: Life, without: Mapping[str, Any]) -> list[str]:
    """The harm that the hostile VEN did in *life*, beside the same life *without* it."""
    changed = sorted(name for name, view in without.items() if life.seen.get(name) != view)
    refused = ["a message of another VEN is refused"] if life.refused else []
    return [*refused, *life.dishonest, *(f"{name} is another than without it" for name in changed)]
