"""The runtime of a VEN: the loop around its engine, with its clock, MQTT session, outbox and shadow.

The engine (`ven_twin.ven.engine`) decides; what it decides is carried out here. One loop wakes when something
is due or something came in; nothing polls.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Self

from contracts.errors import OversizeError, WireError
from contracts.openadr.price_curves import PriceCurve
from contracts.wire import codec
from contracts.wire.acks import Ack
from contracts.wire.events import DrEvent
from contracts.wire.ids import LoadId
from ven_twin.control import command_handlers
from ven_twin.control.command_handlers import StateChange, VenFigures
from ven_twin.ven import reported_state
from ven_twin.ven.clock import VenClock
from ven_twin.ven.engine import NO_EFFECTS, Effects, StepTime, VenEngine
from ven_twin.ven.identity.identity_files import Identity
from ven_twin.ven.identity.renewal import Fetch, Renewal
from ven_twin.ven.mqtt.batching import Pace
from ven_twin.ven.mqtt.connect_gate import ConnectGate
from ven_twin.ven.mqtt.session import MqttSession
from ven_twin.ven.mqtt.session_status import SessionState, SessionStatus
from ven_twin.ven.mqtt.shadow_client import ShadowClient
from ven_twin.ven.searches import EngineSearcher, Searches
from ven_twin.ven.sessions import VenSession, VtnOnlySession
from ven_twin.ven.settings import TwinSettings
from ven_twin.ven.shadow_reporter import ShadowReporter
from ven_twin.ven.snapshot import VenSnapshot
from ven_twin.ven.startup import house_of, resume
from ven_twin.ven.storage.command_journal import CommandJournal, StateStore
from ven_twin.ven.storage.mending_outbox import MendingOutbox
from ven_twin.ven.storage.rows import JournalledCommand

DRAIN_S = 3.0

logger = logging.getLogger(__name__)


class Twin:
    """One VEN: `open` it in a `with` block, and `run` it until `stop`."""

    def __init__(
        self,
        settings: TwinSettings,
        identity: Identity | None,
        engine: VenEngine,
        outbox: MendingOutbox,
        store: StateStore,
        *,
        ven_clock: VenClock,
        fetch: Fetch | None = None,
        gate: ConnectGate | None = None,
        searches: Searches | None = None,
    ) -> None:
        self._settings = settings
        self._certificate = None if identity is None else identity.certificate
        self._engine = engine if searches is None else engine.searching_in_turns()
        self._searches, self._searcher = (
            searches,
            EngineSearcher(lambda: self._engine, self._go_on, self._now),
        )
        self._outbox = outbox
        self._store = store
        self._clock = ven_clock
        self._watchers: list[Callable[[], None]] = []
        self._wake, self._stopping = asyncio.Event(), asyncio.Event()
        self._session: VenSession = VtnOnlySession(outbox, ven_clock.now_ts)
        self._renewal: Renewal | None = None
        if identity is not None:
            self._session = session = self._mqtt_session(identity, gate)
            self._renewal = Renewal(identity, session, fetch)
        self._shadow = ShadowClient(engine.topics, self._session.publish_now)
        self._reporter = ShadowReporter(self._shadow, ven_clock.monotonic_s)

    def _mqtt_session(self, identity: Identity, gate: ConnectGate | None) -> MqttSession:
        settings, topics = self._settings, self._engine.topics
        return MqttSession(
            settings.endpoint,
            settings.port,
            identity,
            settings.ven_id,
            topics.subscriptions,
            self._outbox,
            self._on_message,
            self._on_connected,
            rng=random.Random(),  # noqa: S311 - spreads reconnects
            keepalive_s=settings.keepalive_s,
            protocol=settings.protocol,
            gate=gate,
            rule_topics=None if settings.rules is None else topics.ingest(settings.rules),
        )

    @classmethod
    def open(
        cls,
        settings: TwinSettings,
        identity: Identity | None,
        *,
        ven_clock: VenClock | None = None,
        fetch: Fetch | None = None,
        gate: ConnectGate | None = None,
        searches: Searches | None = None,
    ) -> Self:
        """Warm the house up, open the outbox, and go on where an earlier run left off.

        The VENs of a process share one *gate*, and where they are many their *searches*. Without an
        *identity* there is no AWS: its cloud is a VTN, to which `ven_twin.ven.openadr.bridge` attaches it.

        Raises:
            ProfileError: there is no such house.
            OutboxLockedError: another process uses the outbox.
        """
        ven_clock = ven_clock or VenClock()
        house = house_of(settings, ven_clock)
        with contextlib.suppress(OSError):  # the outbox says what is wrong
            settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        cap_bytes = round(settings.outbox_mb * 1024 * 1024)
        outbox = MendingOutbox.open(settings.state_dir / "outbox.sqlite", cap_bytes=cap_bytes)
        try:
            store = StateStore(CommandJournal(outbox))
            engine, pending = resume(store, house, settings, ven_clock)
            twin = cls(
                settings,
                identity,
                engine,
                outbox,
                store,
                ven_clock=ven_clock,
                fetch=fetch,
                gate=gate,
                searches=searches,
            )
        except BaseException:
            outbox.close()
            raise
        twin._shadow.enqueue(pending)
        return twin

    def close(self) -> None:
        """Close the outbox; safe to repeat. `run` does it at its end."""
        self._outbox.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def status(self) -> SessionStatus:
        """The status of the MQTT session."""
        return self._session.status

    def stop(self) -> None:
        """Have `run` end: loads restored, the shadow updated, the outbox drained."""
        self._stopping.set()
        self._wake.set()

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call *watcher* after each tick; it must not raise."""
        self._watchers.append(watcher)

    def snapshot(self) -> VenSnapshot:
        """Everything that is shown of this VEN, at this instant."""
        now_s = self._clock.monotonic_s()
        return VenSnapshot(
            engine=self._engine,
            settings=self._settings,
            now_ts=self._clock.now_ts(),
            tick_age_s=now_s - self._engine.ticked_s,
            house_ts=self._engine.house.house_ts(now_s),
            session=self._session.status,
            outbox=self._outbox.counts,
            clock_jump_s=self._clock.jump_s,
            clock_skew_s=self._clock.skew_s,
            certificate=self._certificate,
        )

    def on_vtn_events(self, events: Sequence[DrEvent]) -> None:
        """Take up *events*: all that a VTN of OpenADR has for this VEN to act on."""
        engine, effects = self._engine.on_vtn_events(events, self._clock.now_ts())
        if engine.state is not self._engine.state:
            self._perform(engine, effects)
            self._wake.set()

    def on_vtn_prices(self, curve: PriceCurve | None) -> None:
        """Follow *curve*, the prices that a VTN of OpenADR has for this VEN; None where it has none."""
        self._engine = self._engine.on_vtn_prices(curve)

    def on_cloud_time(self, cloud_ts: float, requested_s: float) -> None:
        """Compare with a cloud's time as `VenClock` does."""
        self._clock.on_cloud_time(cloud_ts, requested_s)

    def on_link(self, state: SessionState, reason: str | None = None) -> None:
        """Show the link to a VTN where that is this VEN's only cloud."""
        if isinstance(self._session, VtnOnlySession):
            self._session.enter(state, reason)

    def count_all(self) -> None:
        """Count from now on all that the house draws, for who reports of times of its own."""
        self._engine = self._engine.with_house(self._engine.house.counting_all())

    def command(self, message: Mapping[str, object]) -> Ack:
        """Carry out a command that comes from the VEN's own page rather than by MQTT. Returns its ack.

        Raises:
            NotStoredError: the disk does not take it.
        """
        ack = self._carry_out(self._store.journal.record(codec.encode(message), self._clock.now_ts()))
        self._wake.set()
        return codec.decode(Ack, ack)

    def opt_out(self, reason: str, until_ts: int | None = None) -> None:
        """Take no part in events, by the resident's decision. Raises FieldError."""
        now_ts = self._clock.now_ts()
        self._on_resident(command_handlers.opt_out(self._engine.state, reason, until_ts, now_ts))

    def opt_in(self) -> None:
        """Take part in events again."""
        self._on_resident(command_handlers.opt_in(self._engine.state, self._clock.now_ts()))

    def switch(self, load_id: LoadId, *, enabled: bool) -> None:
        """Switch a circuit by hand; in an event that opts it out until the event ends. Raises FieldError."""
        now_ts = self._clock.now_ts()
        state = self._engine.state
        self._on_resident(command_handlers.switch(state, load_id, enabled=enabled, now_ts=now_ts))

    async def run(self) -> SessionStatus:
        """Be a VEN until stopped, or until another client takes this one's id. Returns the last status."""
        with self:
            self._finish_commands()
            return await self._live()

    def _finish_commands(self) -> None:
        """Carry out the commands that an earlier run recorded and did not finish."""
        for command in self._store.journal.unfinished():
            self._carry_out(command)

    async def _live(self) -> SessionStatus:
        async with self._session.running(DRAIN_S) as session:
            session.add_done_callback(lambda _: self._wake.set())
            if self._searches is not None:
                self._searches.join(self._searcher)
            try:
                while not self._stopping.is_set() and not session.done():
                    self._wake.clear()
                    self._tick()
                    shadow_due_s = (
                        inf if self._renewal is None else await self._reporter.sync(self.snapshot())
                    )
                    await self._sleep(shadow_due_s)
                ended = self._session.status
                await self._leave()
            finally:
                if self._searches is not None:
                    self._searches.leave(self._searcher)
                if self._renewal is not None:
                    await self._renewal.end()
        return ended

    def _go_on(self, engine: VenEngine) -> None:
        self._engine = engine

    def _now(self) -> StepTime:
        return StepTime(self._clock.monotonic_s(), self._clock.now_ts())

    def _tick(self) -> None:
        now = self._now()
        self._perform(*self._engine.tick(now))
        for watcher in self._watchers:
            watcher()
        if self._renewal is not None:
            self._renewal.tick(self._engine.desired_certificate_id, now.s)
        self._outbox.tend()

    def _perform(
        self, engine: VenEngine, effects: Effects = NO_EFFECTS, *, done: JournalledCommand | None = None
    ) -> None:
        """Go on with *engine* and carry *effects* out; state, rows and answers go to the disk together."""
        self._engine = engine
        for line in effects.lines:
            logger.log(line.level, "%s", line.text)
        self._shadow.enqueue(effects.desired)
        self._keep_pace()
        persisted = engine.persisted(self._shadow.pending, self._clock.now_ts())
        self._store.save(self._session, persisted, effects.messages, remembered=effects.remembered, done=done)
        if effects.hurries:
            self._session.hurry()

    def _keep_pace(self) -> None:
        """Have telemetry go out as the engine is set, and as quiet as it is."""
        batch_s, is_quiet = self._engine.state.settings.batch_s, self._engine.is_quiet(self._clock.now_ts())
        self._session.keep_pace(Pace(self._engine.batches, batch_s if is_quiet else 0.0))

    def _carry_out(self, command: JournalledCommand) -> bytes:
        figures = VenFigures(
            status=lambda: reported_state.status_data(self.snapshot()),
            config=lambda: reported_state.config_data(self.snapshot()),
            critical=self._engine.house.critical,
        )
        engine, effects = self._engine.on_command(command, figures)
        self._perform(engine, effects, done=command)
        return effects.ack

    def _on_resident(self, change: StateChange) -> None:
        self._perform(*self._engine.on_resident(change))
        self._wake.set()

    async def _sleep(self, shadow_due_s: float) -> None:
        """Wait until something is due or something came in."""
        now = self._now()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.001, min(self._engine.due_s(now), shadow_due_s - now.s))):
                await self._wake.wait()

    async def _leave(self) -> None:
        """Give the loads back and report it, as far as there is a connection."""
        now = self._now()
        self._perform(*self._engine.stop(now))
        if self._session.status.state is SessionState.CONNECTED:
            with contextlib.suppress(OversizeError):
                stopped = reported_state.reported(self.snapshot(), stopped=True)
                await self._shadow.publish(self._engine.state.shadow, stopped, now.s)
        logger.info("stopping: the loads are restored")

    async def _on_connected(self, session_present: bool) -> None:
        """Read the shadow on every connect, whether or not the broker kept the session (defect 7)."""
        del session_present
        self._shadow.disconnected()
        self._engine = self._engine.on_connected()
        await self._shadow.get(self._clock.monotonic_s())

    async def _on_message(self, topic: str, payload: bytes) -> None:
        topics = self._engine.topics
        if topic == topics.command:
            self._carry_out(self._store.journal.record(payload, self._clock.now_ts()))
        else:
            self._on_shadow(topic.removeprefix(topics.shadow("")), payload)
        self._wake.set()

    def _on_shadow(self, suffix: str, payload: bytes) -> None:
        try:
            document = codec.load_object(payload)
        except WireError as error:
            logger.warning("shadow message on %s refused: %s", suffix, error)
            return
        requested_s, cloud_ts = self._shadow.requested_s(document), document.get("timestamp")
        if requested_s is not None and isinstance(cloud_ts, int | float):
            self._clock.on_cloud_time(cloud_ts, requested_s)
        answers_us = self._shadow.on_message(suffix, document)
        if answers_us and suffix == "update/rejected":
            logger.warning("shadow update refused: %s %s", document.get("code"), document.get("message"))
        pending, now_ts = self._shadow.pending, self._clock.now_ts()
        self._perform(*self._engine.on_shadow(suffix, document, pending, now_ts, answers_us=answers_us))
