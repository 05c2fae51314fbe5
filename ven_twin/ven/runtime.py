"""The digital twin: a house behind an MQTT session, driven by its shadow.

This is the shell: it holds the clocks and the session, and carries out what `ven_twin.control` decides. One
loop wakes when something is due or something came in; nothing polls.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from contracts.errors import OversizeError, WireError
from contracts.wire import codec
from contracts.wire.events import Phase
from contracts.wire.topics import Topics
from ven_twin.control import reporting, resident_actions
from ven_twin.control.command_handlers import StateChange, VenFigures
from ven_twin.control.event_history import PastEvent, past_event, with_past
from ven_twin.control.schedule import EventTransition
from ven_twin.control.ven_state import VenState
from ven_twin.ven import clock, reported_state
from ven_twin.ven.command_receiver import CommandReceiver
from ven_twin.ven.house_runtime import HouseRuntime
from ven_twin.ven.identity.identity_files import Identity
from ven_twin.ven.identity.renewal import Fetch, Renewal
from ven_twin.ven.mqtt.session import MqttSession, SessionStatus
from ven_twin.ven.mqtt.shadow_client import ShadowClient
from ven_twin.ven.settings import TwinSettings
from ven_twin.ven.snapshot import VenSnapshot
from ven_twin.ven.storage.command_journal import CommandJournal, JournalledAck, JournalledCommand
from ven_twin.ven.storage.outbox import Message, open_outbox
from ven_twin.ven.storage.persisted_state import PersistedState, lasting
from ven_twin.ven.storage.state_store import StateStore

TICK_S = 1.0
"""Between two looks at the house. Events start and end on time whatever this is."""
LOADS_PERIOD_S = 30.0
DRAIN_S = 3.0
INTERVAL = "report_interval_seconds"
OVER = frozenset({Phase.COMPLETED, Phase.CANCELLED, Phase.OPTED_OUT})

logger = logging.getLogger(__name__)


class Twin:
    """One VEN: `run` it until it is told to `stop`. Use it in a `with` block, in case it never runs."""

    def __init__(
        self,
        settings: TwinSettings,
        identity: Identity,
        *,
        ven_clock: clock.VenClock | None = None,
        fetch: Fetch | None = None,
    ) -> None:
        self._clock = ven_clock or clock.VenClock()
        start_s = self._clock.monotonic_s()
        house_ts = self._clock.now_ts() if settings.house_start_ts is None else settings.house_start_ts
        self._settings = settings
        house_clock = clock.HouseClock(house_ts, start_s, settings.house_speed)
        self._household = HouseRuntime(settings.house, house_clock, settings.house_seed)
        self._topics = Topics(settings.ven_id)
        self._objection: str | None = None
        settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        cap_bytes = round(settings.outbox_mb * 1024 * 1024)
        self._outbox = open_outbox(settings.state_dir / "outbox.sqlite", cap_bytes=cap_bytes)
        try:
            self._take_up(identity, fetch, start_s)
        except BaseException:
            self._outbox.close()
            raise

    def _take_up(self, identity: Identity, fetch: Fetch | None, start_s: float) -> None:
        """Go on where an earlier run left off."""
        settings = self._settings
        self._journal = CommandJournal(self._outbox)
        self._recollection = StateStore(self._journal, settings.ven_id, self._household.load_ids)
        self._outgoing: list[Message] = []
        before = self._recollection.begun_with
        self._state = VenState(settings.ven_id, self._household.load_ids) if before is None else before.state
        self._last_event = None if before is None else before.last_event
        self._past: tuple[PastEvent, ...] = () if before is None else before.past
        self._watchers: list[Callable[[], None]] = []
        self._beat_s = start_s
        self._certificate = identity.certificate
        if before is not None:
            self._clock.begin(before.saved_ts)
            self._household.resume(before.delivered, before.requested_kw)
        if settings.report_interval_s is not None and INTERVAL not in self._state.shadow.desired:
            own = replace(self._state.settings, report_interval_s=settings.report_interval_s)
            self._state = replace(self._state, settings=own)
        boot_id = clock.new_boot_id(self._clock.now_ts(), None if before is None else before.boot_id)
        self._voice = reporting.Sender(settings.ven_id, boot_id, self._household.panel)
        self._loads_s = start_s
        # The first row goes out after one tick, whatever the interval: the cloud sees at once that it works.
        self._row_s = start_s + TICK_S - self._state.settings.report_interval_s
        self._row_seq = self._loads_seq = 0
        self._wake, self._stopping = asyncio.Event(), asyncio.Event()
        self._session = MqttSession(
            settings.endpoint,
            settings.port,
            identity,
            settings.ven_id,
            self._topics.subscriptions,
            self._outbox,
            self._on_message,
            self._on_connected,
            rng=random.Random(),  # noqa: S311 - spreads reconnects
            keepalive_s=settings.keepalive_s,
            protocol=settings.protocol,
        )
        self._renewal = Renewal(identity, self._session, fetch)
        self._shadow = ShadowClient(self._topics, self._session.publish_now)
        self._shadow.want(None if before is None else before.wanted)
        self._commands = CommandReceiver(self._voice, self._journal.answers())

    def close(self) -> None:
        """Close the outbox; safe to repeat. `run` does it at its end."""
        self._outbox.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def status(self) -> SessionStatus:
        """The session at this moment."""
        return self._session.status

    def stop(self) -> None:
        """Have `run` end: loads restored, the shadow told, the outbox drained."""
        self._stopping.set()
        self._wake.set()

    def watch(self, watcher: Callable[[], None]) -> None:
        """Have *watcher* called after each look at the house; it must not raise."""
        self._watchers.append(watcher)

    def moment(self) -> VenSnapshot:
        """Everything that is shown of this VEN, as it stands."""
        now_s = self._clock.monotonic_s()
        delivered, requested_kw = self._household.metered
        return VenSnapshot(
            now_ts=self._clock.now_ts(),
            beat_age_s=now_s - self._beat_s,
            boot_id=self._voice.boot_id,
            house=self._settings.house,
            house_ts=self._household.house_ts(now_s),
            house_speed=self._settings.house_speed,
            utc_offset_h=self._household.utc_offset_h,
            state=self._state,
            premises=self._household.premises,
            flow=self._household.flow,
            panel=self._household.panel,
            acting=self._household.acting,
            requested_kw=requested_kw,
            delivered=delivered,
            sustain_s=self._household.sustain_s(self._state, now_s),
            past=self._past,
            session=self._session.status,
            last_event=self._household.with_rebound(self._last_event),
            outbox=self._outbox.counts,
            clock_jump_s=self._clock.jump_s,
            clock_skew_s=self._clock.skew_s,
            certificate=self._certificate,
        )

    def command(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Do what a command says that is given here rather than by MQTT. Returns its ack.

        Raises:
            NotKeptError: the disk does not take it.
        """
        now_ts = self._clock.now_ts()
        ack = self._carry_out(self._journal.take_in(codec.encode(message), now_ts))
        self._wake.set()
        return {} if ack is None else codec.load_object(ack)

    def opt_out(self, reason: str, until_ts: int | None = None) -> None:
        """Have the VEN take no part in events, as its resident says. Raises FieldError."""
        now_ts = self._clock.now_ts()
        self._resident_said(resident_actions.opt_out(self._state, reason, until_ts, now_ts))

    def opt_in(self) -> None:
        """Have the VEN take part in events again."""
        self._resident_said(resident_actions.opt_in(self._state, self._clock.now_ts()))

    def switch(self, load_id: str, *, enabled: bool) -> None:
        """Switch a circuit by hand; in an event that opts it out until the event ends. Raises FieldError."""
        self._resident_said(
            resident_actions.switch(self._state, load_id, enabled=enabled, now_ts=self._clock.now_ts())
        )

    def _resident_said(self, done: StateChange) -> None:
        self._state = done.state
        self._shadow.want(done.desired)
        self._wake.set()

    async def run(self) -> SessionStatus:
        """Be a VEN until stopped, or until another client takes this one's id. Returns how it ended."""
        with self:
            for waiting in self._journal.begun():
                self._carry_out(waiting)
            return await self._live()

    async def _live(self) -> SessionStatus:
        session = asyncio.create_task(self._session.run())
        session.add_done_callback(lambda _: self._wake.set())
        try:
            while not self._stopping.is_set() and not session.done():
                self._wake.clear()
                self._beat()
                self._renewal.look(self._wanted_certificate(), self._clock.monotonic_s())
                await self._keep_shadow()
                await self._sleep()
            ended = self._session.status
            await self._leave()
        finally:
            try:
                await self._renewal.end()
                await self._session.stop(DRAIN_S)
            except BaseException:  # the stopping was cut short
                session.cancel()
                raise
            finally:
                await asyncio.wait({session})
        session.result()
        return ended

    def _beat(self) -> None:
        """Bring house, events and rows up to now."""
        now_s, now_ts = self._clock.monotonic_s(), self._clock.now_ts()
        self._household.advance(self._state, now_s)
        self._state, transitions = self._state.advance(now_ts)
        if transitions or now_s >= self._row_s + self._state.settings.report_interval_s:
            self._send_row(
                now_s, now_ts
            )  # with what was in force until now, so that rows end where events do
        self._household.replan(self._state, self._state.in_force(now_ts), now_s, now_ts)
        for transition in transitions:
            self._announce(transition, now_ts)
        if now_s >= self._loads_s + LOADS_PERIOD_S:
            self._send_loads(now_s, now_ts)
        self._keep(now_ts)
        self._beat_s = now_s
        for watcher in self._watchers:
            watcher()

    def _keep(
        self, now_ts: float, *, answer: JournalledAck | None = None, done: JournalledCommand | None = None
    ) -> None:
        """Put what is to be said, and what is to be remembered, on disk."""
        delivered, requested_kw = self._household.metered
        memory = PersistedState(
            state=lasting(self._state),
            wanted=self._shadow.wanted,
            last_event=self._last_event,
            delivered=delivered,
            requested_kw=requested_kw,
            boot_id=self._voice.boot_id,
            saved_ts=now_ts,
            past=self._past,
        )
        messages, self._outgoing = self._outgoing, []
        self._recollection.keep(self._session, memory, messages, answer=answer, done=done)

    def _say(self, kind: str, topic: str, payload: object) -> None:
        self._outgoing.append(
            Message(kind, topic, payload if isinstance(payload, bytes) else codec.encode(payload))
        )

    def _send_row(self, now_s: float, now_ts: float) -> None:
        row, event_id = self._household.read_row(), self._household.acting
        telemetry = reporting.telemetry_row(
            self._voice,
            row,
            timestamp=int(now_ts),
            seq=self._row_seq,
            event_id=event_id,
            requested_kw=self._household.requested_kw(event_id) if event_id else None,
            battery_soc=self._household.battery_soc,
            loads=self._household.loads(self._state, row),
        )
        self._row_seq, self._row_s = self._row_seq + 1, now_s
        self._say("telemetry", self._topics.telemetry, telemetry)

    def _send_loads(self, now_s: float, now_ts: float) -> None:
        loads = self._household.loads(self._state, self._household.flowing())
        snapshot = reporting.loads_snapshot(
            self._voice, timestamp=int(now_ts), seq=self._loads_seq, loads=loads
        )
        self._loads_seq, self._loads_s = self._loads_seq + 1, now_s
        self._say("loads", self._topics.loads, snapshot)

    def _announce(self, transition: EventTransition, now_ts: float) -> None:
        """Tell the cloud that an event entered a phase, and keep the summary of one that is over."""
        held, phase = transition.held, transition.phase
        event_id = held.event.event_id
        delivered, requested_kw = self._household.delivered(event_id), self._household.requested_kw(event_id)
        ack = reporting.transition_ack(
            self._voice,
            transition,
            self._household.plan,
            delivered,
            self._state,
            requested_kw=requested_kw,
            ts=int(now_ts),
        )
        self._say("event", self._topics.ack, ack)
        if phase is Phase.ACTIVE:
            planned_kw = self._household.plan.shed_kw
            logger.info(
                "event %s is active: sheds %.2f of %.2f kW", event_id, planned_kw, requested_kw or 0.0
            )
        else:
            logger.info("event %s is %s", event_id, phase)
        if phase in OVER:
            left = reporting.opt_out_of(self._state) or {}
            over = past_event(held, phase, delivered, requested_kw, now_ts=now_ts, reason=left.get("reason"))
            self._past = with_past(self._past, over)
        if phase in OVER and delivered is not None:
            end_ts = min(now_ts, held.end_ts) if phase is Phase.COMPLETED else now_ts
            self._last_event = reporting.event_summary(held, delivered, requested_kw or 0.0, end_ts=end_ts)
            self._household.forget(event_id)

    async def _keep_shadow(self) -> None:
        now_s, objection = self._clock.monotonic_s(), None
        try:
            await self._shadow.keep_up(self._state.shadow, reported_state.reported(self.moment()), now_s)
        except OversizeError as error:
            objection = f"the shadow cannot be updated: {error}"
        if objection is not None and objection != self._objection:
            logger.error("%s", objection)
        self._objection = objection

    async def _sleep(self) -> None:
        """Until something is due or something came in."""
        now_s, now_ts = self._clock.monotonic_s(), self._clock.now_ts()
        change_ts = self._state.schedule.next_change_ts(now_ts)
        waits_s = [
            TICK_S,
            self._row_s + self._state.settings.report_interval_s - now_s,
            self._shadow.due_s(self._state.shadow, reported_state.reported(self.moment()), now_s) - now_s,
        ]
        if change_ts is not None:
            waits_s.append(change_ts - now_ts)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), max(0.001, min(waits_s)))

    async def _leave(self) -> None:
        """Give the loads back and say so, as far as there is a connection to say it on."""
        now_s, now_ts = self._clock.monotonic_s(), self._clock.now_ts()
        self._household.advance(self._state, now_s)
        self._send_row(now_s, now_ts)
        self._keep(now_ts)
        self._household.give_back()
        self._household.replan(replace(self._state, load_sheds={}), None, now_s, now_ts)
        if self._session.status.state == "connected":
            with contextlib.suppress(OversizeError):
                stopped = reported_state.reported(self.moment(), stopped=True)
                await self._shadow.say(self._state.shadow, stopped, now_s)
        logger.info("stopping: the loads are restored")

    async def _on_connected(self, session_present: bool) -> None:
        """Read the shadow on every connect, whether or not the broker kept the session (defect 7)."""
        del session_present
        self._shadow.disconnected()
        self._state = replace(self._state, shadow=self._state.shadow.disconnected())
        await self._shadow.get(self._clock.monotonic_s())

    async def _on_message(self, topic: str, payload: bytes) -> None:
        now_ts = self._clock.now_ts()
        if topic == self._topics.command:
            self._carry_out(self._journal.take_in(payload, now_ts))
        else:
            self._on_shadow(topic.removeprefix(self._topics.shadow("")), payload, now_ts)
            self._keep(now_ts)
        self._wake.set()

    def _carry_out(self, waiting: JournalledCommand) -> bytes | None:
        """Do what a command says as of when it came: it may have waited for this VEN to start again."""
        received = self._commands.receive(self._state, waiting.payload, waiting.received_ts, self._facts())
        self._state = received.state
        self._shadow.want(received.desired)
        if received.ack is not None:
            self._say("ack", self._topics.ack, received.ack)
        self._keep(self._clock.now_ts(), answer=received.answer, done=waiting)
        return received.ack

    def _on_shadow(self, suffix: str, payload: bytes, now_ts: float) -> None:
        try:
            document = codec.load_object(payload)
        except WireError as error:
            logger.warning("shadow message on %s refused: %s", suffix, error)
            return
        copy = self._state.shadow
        self._compare_clocks(document)
        if suffix == "get/accepted":
            self._shadow.got()
            copy = copy.on_get(document)
        elif suffix == "get/rejected":
            self._shadow.got()
            copy = copy.on_missing() if document.get("code") == 404 else copy
        elif suffix == "update/delta":
            copy = copy.on_delta(document)
        elif suffix == "update/accepted":
            self._shadow.answered(document)
            copy = copy.on_accepted(document)
        elif suffix == "update/rejected" and self._shadow.answered(document):
            logger.warning("shadow update refused: %s %s", document.get("code"), document.get("message"))
            copy = copy.disconnected()  # what the service holds is no longer known
        # What is wanted here, and on its way, is not undone by what the service says meanwhile.
        self._state = self._state.with_shadow(copy.with_wanted(self._shadow.wanted), now_ts)

    def _wanted_certificate(self) -> str | None:
        """The certificate that the cloud desires this VEN to connect with."""
        wanted = self._state.shadow.desired.get("certificateId")
        return wanted if isinstance(wanted, str) and "certificateId" not in self._state.errors else None

    def _compare_clocks(self, document: Mapping[str, Any]) -> None:
        """Hold the VEN's time against the service's, where it answers something that was just asked."""
        asked_s, cloud_ts = self._shadow.asked_s(document), document.get("timestamp")
        if asked_s is not None and isinstance(cloud_ts, int | float):
            self._clock.heard(cloud_ts, asked_s)

    def _facts(self) -> VenFigures:
        return VenFigures(
            status=lambda: reported_state.status_data(self.moment()),
            config=lambda: reported_state.config_data(self.moment()),
            critical=self._household.critical,
        )
