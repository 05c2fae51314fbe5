"""The twin's end of the link to a VTN: what is polled goes to the twin, and reports go to the VTN.

            ┌── waits: a poll's time, a call of the VTN, a report ◀┐
            ▼                                                      │
    register, subscribe, hourly ──▶ programs, events ──▶ reports ──┤
            │                                                      │
            └── VtnError ──▶ a pause: Retry-After, or longer each time

A tick of the twin never waits for the VTN. Where the link is down, what was read last is acted on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Sequence

from contracts.errors import FieldError
from contracts.openadr.ids import ObjectId
from contracts.openadr.objects import OadrEvent, OadrProgram
from contracts.openadr.report_values import METER
from ven_twin.ven import clock
from ven_twin.ven.mqtt.backoff import Backoff
from ven_twin.ven.mqtt.session_status import SessionState
from ven_twin.ven.openadr.book import BookOfEvents
from ven_twin.ven.openadr.call_health import CallHealth, VtnTeller
from ven_twin.ven.openadr.client import FORBIDDEN, VenOfVtn
from ven_twin.ven.openadr.errors import VtnBusyError, VtnCredentialsError, VtnError, VtnRefusedError
from ven_twin.ven.openadr.filing import file_all
from ven_twin.ven.openadr.following import PriceFollower
from ven_twin.ven.openadr.link import ReportedBy, VtnLink
from ven_twin.ven.openadr.reporting import HouseInstant, VtnReporter
from ven_twin.ven.openadr.store import VtnStore
from ven_twin.ven.runtime import Twin

JITTER = 0.1
"""A poll comes up to so much of its time sooner or later, so that VENs do not come all at once."""
REGISTER_AGAIN_S = 3600.0
PAUSE_MAX_S = 120.0
"""A VTN that is back is asked again within so long."""
CALLS_APART_S = 1.0
"""However often the VTN calls, it is polled once in so long."""
SAVE_EVERY_S = 10.0
"""A VEN that is killed loses so much of what it has measured at the most."""

logger = logging.getLogger(__name__)


class VtnBridge:
    """A twin as a VEN of a VTN, for as long as `run` runs."""

    def __init__(
        self,
        twin: Twin,
        link: VtnLink,
        client: VenOfVtn,
        store: VtnStore,
        *,
        teller: VtnTeller | None = None,
        health: CallHealth | None = None,
    ) -> None:
        self._twin, self._link, self._client, self._store = twin, link, client, store
        self._teller, self._health = teller, health or CallHealth()
        state = twin.snapshot().state
        self._ven_id = state.ven_id
        circuits = [str(load_id) for load_id in sorted(state.load_ids)]
        circuits = circuits if link.reported_by is ReportedBy.CIRCUITS else []
        self._resources = circuits or [METER]
        self._reporter = VtnReporter(self._ven_id, circuits)
        self._granted: frozenset[str] | None = None
        earlier = store.book(link.key)
        self._book = earlier or BookOfEvents(link=link.key)
        self._has_read = earlier is not None
        self._saved = self._book
        self._saved_s = clock.monotonic_s()
        self._rng = random.Random()  # noqa: S311 - spreads polls
        self._backoff = Backoff(self._rng, cap_s=PAUSE_MAX_S)
        self._file_backoff = Backoff(self._rng, cap_s=PAUSE_MAX_S)
        self._register_s = self._quiet_until_s = self._poll_s = self._polled_at_s = float("-inf")
        self._is_called = self._was_away = False
        self._came = asyncio.Event()
        self._logged = ""
        self._before: HouseInstant | None = None
        self._prices = PriceFollower(twin)
        twin.count_all()
        twin.watch(self._on_tick)

    async def run(self, after_s: float = 0.0) -> None:
        """Poll and report until cancelled, for the first time after *after_s*."""
        await asyncio.sleep(after_s)
        file_s = float("-inf")
        while True:
            self._came.clear()
            if clock.monotonic_s() >= max(self._poll_due_s(), self._quiet_until_s):
                self._is_called, self._polled_at_s = False, clock.monotonic_s()
                pause_s = await self._polled_s()
                self._poll_s = clock.monotonic_s() + pause_s
            if clock.monotonic_s() >= max(file_s, self._quiet_until_s):
                pause_s = await self._filed_s()
                file_s = clock.monotonic_s() + pause_s
            due_s = self._poll_due_s()
            due_s = due_s if not self._store.count() else min(due_s, file_s)
            due_s = max(due_s, self._quiet_until_s)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, due_s - clock.monotonic_s())):
                    await self._came.wait()

    def on_call(self) -> None:
        """The VTN has called: what has changed is asked for soon, and nothing of the call is believed."""
        self._health.called(clock.now_ts())
        self._is_called = True
        self._came.set()

    def _poll_due_s(self) -> float:
        return min(self._poll_s, self._polled_at_s + CALLS_APART_S) if self._is_called else self._poll_s

    async def _polled_s(self) -> float:
        """Poll; the time until the next poll, s."""
        try:
            await self._register()
            if self._teller is not None:
                await self._teller.renew()
            await self._poll()
            self._look_again()
        except (VtnError, FieldError) as error:
            refused = isinstance(error, VtnRefusedError | FieldError)
            self._was_away |= not refused
            self._twin.on_link(SessionState.REFUSED if refused else SessionState.BACKOFF, str(error))
            self._say(str(error), logging.WARNING)
            return self._pause_s(self._backoff, error)
        except Exception:
            logger.exception("the VTN could not be asked")
            return PAUSE_MAX_S
        self._backoff = Backoff(self._rng, cap_s=PAUSE_MAX_S)
        self._twin.on_link(SessionState.CONNECTED)
        self._say(f"this VEN is one of {self._link.place}")
        poll_s = self._link.called_poll_s if self._health.is_healthy else self._link.poll_s
        return poll_s * self._rng.uniform(1 - JITTER, 1 + JITTER)

    def _look_again(self) -> None:
        """Poll once more where the VTN was away: with what it was asked to tell asked for anew."""
        if self._was_away and self._teller is not None:
            self._teller.lapse()
            self._is_called = True
        self._was_away = False

    async def _filed_s(self) -> float:
        """File what waits; the time until more may be tried, s."""
        try:
            await file_all(self._client, self._store)
        except (VtnError, FieldError) as error:
            if str(error) != self._logged:
                logger.warning("%d reports wait: %s", self._store.count(), error)
            return self._pause_s(self._file_backoff, error)
        except Exception:
            logger.exception("the VTN could not be given its reports")
            return PAUSE_MAX_S
        self._file_backoff = Backoff(self._rng, cap_s=PAUSE_MAX_S)
        return 0.0

    def _pause_s(self, backoff: Backoff, error: Exception) -> float:
        """The pause after *error*, longer each time, s; the one that a VTN asks for is for all calls."""
        delay_s = backoff.next_delay_s()
        if isinstance(error, VtnBusyError) and error.retry_after_s is not None:
            delay_s += error.retry_after_s
            self._quiet_until_s = clock.monotonic_s() + delay_s
        return delay_s

    async def _register(self) -> None:
        """Have the VEN and its resources at the VTN; a client that may not make them goes on without."""
        if clock.monotonic_s() < self._register_s:
            return
        try:
            ven = await self._client.register(self._ven_id)
            resources = await self._client.have_resources(ven, self._resources)
            targets = {resource.resource_name: resource.targets or () for resource in resources}
            self._reporter.targeted(ven.targets or (), targets)
            self._granted = frozenset(ven.targets or ()).union(*targets.values())
        except VtnRefusedError as error:
            if error.status != FORBIDDEN or isinstance(error, VtnCredentialsError):
                raise
            logger.warning("this VEN is not registered: %s", error)
        self._register_s = clock.monotonic_s() + REGISTER_AGAIN_S

    async def _poll(self) -> None:
        """Read programs and events, and have the twin act on them."""
        programs = {program.id: program for program in await self._client.programs()}
        listed = [event for event in await self._client.events() if self._is_ours(event, programs)]
        gone: set[ObjectId] = set()
        for object_id in self._book.missing(listed, self._ven_id, self._now_ts()):
            event = await self._client.event(object_id)
            if event is not None and self._is_ours(event, programs):
                listed.append(event)
            else:
                gone.add(object_id)
        before = self._book
        if self._teller is not None and self._health.missed(before, listed, clock.now_ts()):
            self._teller.doubt()
        self._book = before.polled(listed, programs, frozenset(gone), self._ven_id, self._now_ts())
        self._has_read = True
        for object_id, booked in self._book.events.items():
            earlier = before.events.get(object_id)
            if booked.why_not is not None and (earlier is None or earlier.why_not != booked.why_not):
                logger.info("event %s of the VTN is not acted on: %s", object_id, booked.why_not)
        self._on_tick()

    def _is_ours(self, event: OadrEvent, programs: dict[ObjectId, OadrProgram]) -> bool:
        """True of an event of the program that the VEN is in, where that is one alone, and for this VEN."""
        if self._link.shares_client and self._is_of_others(event.targets or ()):
            return False
        program = programs.get(event.program_id)
        wanted = self._link.program
        return wanted is None or (program is not None and program.program_name == wanted)

    def _is_of_others(self, targets: Sequence[str]) -> bool:
        granted = self._granted
        return bool(targets) and granted is not None and granted.isdisjoint(targets)

    def _now_ts(self) -> float:
        return self._twin.snapshot().now_ts

    def _on_tick(self) -> None:
        """Measure, report and act. Never raises: the twin goes on without its VTN."""
        try:
            self._tick()
        except Exception:
            logger.exception("the VTN's events could not be followed")

    def _tick(self) -> None:
        now = self._instant()
        book = self._book.renewed(self._ven_id, now.now_ts)
        if self._before is not None:
            book = self._reporter.measured(book, self._before, now)
        self._before, self._book = now, book
        booked, reports = self._reporter.due(book, now)
        if reports and self._store.put(booked, reports, clock.now_ts()):
            self._book = self._saved = booked
            self._came.set()
        self._save()
        if self._has_read:
            self._twin.on_vtn_events(self._book.dr_events(self._ven_id, now.now_ts))
            self._prices.follow(self._book, now.now_ts)

    def end(self) -> None:
        """Write what was measured up to now."""
        self._saved_s = float("-inf")
        self._save()

    def _save(self) -> None:
        """Write the book: at once where it has other events, after a while where it has more measured."""
        if self._book is self._saved:
            return
        now_s = clock.monotonic_s()
        terms = [(booked.event, booked.revision, booked.gone) for booked in self._book.events.values()]
        saved_terms = [(booked.event, booked.revision, booked.gone) for booked in self._saved.events.values()]
        if terms == saved_terms and now_s < self._saved_s + SAVE_EVERY_S:
            return
        self._saved_s = now_s
        if self._store.put(self._book, (), clock.now_ts()):
            self._saved = self._book

    def _instant(self) -> HouseInstant:
        snapshot = self._twin.snapshot()
        house, settings = snapshot.house, snapshot.state.settings
        assert house.lived is not None  # noqa: S101 - it is counted from the start
        return HouseInstant(
            now_ts=snapshot.now_ts - snapshot.tick_age_s,
            lived=house.lived,
            acting=house.acting,
            battery_soc=house.pair.battery_soc,
            offer_kw=house.offer.kw,
            schedule=snapshot.state.schedule,
            opt_out=settings.opt_out if settings.opted_out(snapshot.now_ts) else None,
        )

    def _say(self, text: str, level: int = logging.INFO) -> None:
        """Log *text*, unless it was the last that was logged."""
        if text != self._logged:
            self._logged = text
            logger.log(level, "%s", text)
