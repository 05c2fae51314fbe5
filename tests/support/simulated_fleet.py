"""VENs that answer to calls late, roughly and not for ever, to close the loop of redispatch on."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from contracts.api.requests import DispatchEvent
from contracts.api.resources import TelemetryRow
from contracts.store.plans import Plan
from contracts.wire.events import Interval, Signal
from contracts.wire.shadow import OptOut
from lambdas.dispatch_event.logic.outcome import Rebalanced
from lambdas.dispatch_event.logic.plan import plan_event
from lambdas.dispatch_event.logic.rebalance import rebalance
from lambdas.shared.rows import EventRow, VenRow

NOW = 1_800_000_000.0
STEP_S = 5.0
REPORT_S = 30.0
EVERY_S = 60.0
DURATION_S = 3600


@dataclass
class SimulatedVen:
    """One VEN: what it can do, how truly it does it, and what becomes of it when.

    *exhausted_ts* is when its capability falls to *left* of what it offered, which it reports; *opted_out_ts*
    and *silent_ts* when it leaves. A call takes *latency_s* to be acted on.
    """

    ven_id: str
    offer_kw: float
    bias: float
    noise: float
    latency_s: float
    phase_s: float
    exhausted_ts: float = float("inf")
    left: float = 0.0
    opted_out_ts: float = float("inf")
    silent_ts: float = float("inf")
    calls: list[tuple[float, float]] = field(default_factory=list)
    shed_kws: float = 0.0
    row: TelemetryRow | None = None
    row_ts: float = 0.0
    seq: int = 0

    def takes_part(self, now: float) -> bool:
        """Whether it does anything of what it is called for."""
        return now < min(self.opted_out_ts, self.silent_ts)

    def can_kw(self, now: float) -> float:
        """What it could deliver, kW."""
        if not self.takes_part(now):
            return 0.0
        return self.offer_kw * (self.left if now >= self.exhausted_ts else 1.0)

    def dispatched_kw(self, now: float) -> float:
        """What it acts on, kW."""
        return next((kw for ts, kw in reversed(self.calls) if ts + self.latency_s <= now), 0.0)

    def delivers_kw(self, now: float, rng: random.Random) -> float:
        """What it sheds now, kW."""
        wanted_kw = self.dispatched_kw(now) * self.bias * (1.0 + rng.uniform(-self.noise, self.noise))
        return max(0.0, min(wanted_kw, self.can_kw(now)))

    def known(self, now: float) -> VenRow:
        """Its row, as the cloud has it."""
        return VenRow(
            ven_id=self.ven_id,
            online=True,
            enabled=True,
            opt_out=OptOut(reason="economic") if now >= self.opted_out_ts else None,
            shed_availability_kw=self.offer_kw * (self.left if now >= self.exhausted_ts else 1.0),
            sustain_s=7200.0,
        )

    def report(self, now: float, event_id: str) -> None:
        """A row of the mean since the last one; nothing once it is silent."""
        if now >= self.silent_ts:
            return
        self.seq += 1
        took_part = now < self.opted_out_ts and self.dispatched_kw(now) > 0
        kw = self.shed_kws / max(now - self.row_ts, STEP_S)
        self.row = TelemetryRow(
            timestamp=int(now),
            received_ts=now + 1.0,
            boot_id="b",
            seq=self.seq,
            used_power_kw=1.0,
            baseline_power_kw=1.0 + kw,
            shed_power_kw=kw,
            event_id=event_id if took_part else None,
        )
        self.shed_kws, self.row_ts = 0.0, now


@dataclass
class Loop:
    """A fleet under one event, shared out again every minute."""

    vens: list[SimulatedVen]
    requested_kw: float
    rng: random.Random
    outcomes: list[tuple[float, Rebalanced]] = field(default_factory=list)
    delivered_kw: list[tuple[float, float]] = field(default_factory=list)

    def run(self, duration_s: float = DURATION_S) -> None:
        """From the dispatch to *duration_s* after it."""
        interval = Interval(duration_s=DURATION_S, signal=Signal.SHED_KW, value=self.requested_kw)
        request = DispatchEvent(event_id="e", intervals=(interval,))
        known = [ven.known(NOW) for ven in self.vens]
        row, plan = plan_event(request, "e", known, now=NOW, retention_days=30, token="t0")
        self._give(plan, NOW)
        for step in range(1, int(duration_s / STEP_S)):
            now = NOW + step * STEP_S
            total_kw = 0.0
            for ven in self.vens:
                kw = ven.delivers_kw(now, self.rng)
                total_kw += kw
                ven.shed_kws += kw * STEP_S
                if (now - NOW + ven.phase_s) % REPORT_S < STEP_S:
                    ven.report(now, "e")
            self.delivered_kw.append((now, total_kw))
            if (now - NOW) % EVERY_S < STEP_S:
                row, plan = self._share_out(row, plan, now)

    def mean_kw(self, from_s: float, to_s: float) -> float:
        """Mean delivery in a window after the dispatch, kW."""
        found = [kw for ts, kw in self.delivered_kw if from_s <= ts - NOW < to_s]
        return sum(found) / len(found)

    def _share_out(self, row: EventRow, plan: Plan, now: float) -> tuple[EventRow, Plan]:
        latest = {ven.ven_id: ven.row for ven in self.vens if ven.row is not None}
        known = [ven.known(now) for ven in self.vens]
        outcome = rebalance(row, plan, known, latest, now=now, token="t")
        self.outcomes.append((now, outcome))
        if outcome.plan is None:
            return row, plan
        self._check(plan, outcome.plan, {ven.ven_id: ven for ven in known}, now)
        self._give(outcome.plan, now)
        return outcome.row, outcome.plan

    def _give(self, plan: Plan, now: float) -> None:
        called = {each.ven_id: each.values[0] for each in plan.assignments}
        for ven in self.vens:
            kw = called.get(ven.ven_id, 0.0)
            if kw != (ven.calls[-1][1] if ven.calls else 0.0):
                ven.calls.append((now, kw))

    def _check(self, before: Plan, after: Plan, known: dict[str, VenRow], now: float) -> None:
        """No VEN is called for more, or anew, beyond what it offers or when it takes no part."""
        old = {each.ven_id: each.values[0] for each in before.assignments}
        for each in after.assignments:
            ven = known[each.ven_id]
            assert ven.opt_out is None, "an opted out VEN is not called"
            if each.values[0] > old.get(each.ven_id, 0.0):
                assert each.values[0] <= (ven.shed_availability_kw or 0.0) + 1e-9
                silent = next(v for v in self.vens if v.ven_id == each.ven_id).silent_ts
                assert now - silent <= 125.0, "a silent VEN is called for no more"


def fleet(rng: random.Random, count: int, *, noise: float, bias: tuple[float, float]) -> list[SimulatedVen]:
    """*count* VENs of 1 to 8 kW."""
    return [
        SimulatedVen(
            ven_id=f"ven-{number}",
            offer_kw=round(rng.uniform(1.0, 8.0), 3),
            bias=rng.uniform(*bias),
            noise=noise,
            latency_s=rng.uniform(0.0, 10.0),
            phase_s=rng.uniform(0.0, REPORT_S),
            row_ts=NOW,
        )
        for number in range(count)
    ]
