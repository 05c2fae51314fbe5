"""What the twin remembers: read once when it starts, written whenever it has changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.errors import MalformedError
from ven_twin.ven.mqtt.session import MqttSession
from ven_twin.ven.storage.command_journal import CommandJournal, JournalledAck, JournalledCommand
from ven_twin.ven.storage.outbox import Message
from ven_twin.ven.storage.persisted_state import PersistedState, read_state, write_state


class StateStore:
    """The memory of a VEN as far as it is on disk.

    What the VEN says and what it remembers go to the disk together, so that nothing is announced twice and
    nothing is done that was not remembered.

    Attributes:
        begun_with: what an earlier run left, or None.
    """

    def __init__(self, journal: CommandJournal, ven_id: str, load_ids: frozenset[str]) -> None:
        self._journal = journal
        self.begun_with = self._read(ven_id, load_ids)
        self._written: tuple[Any, Mapping[str, Any], Any] | None = None

    def _read(self, ven_id: str, load_ids: frozenset[str]) -> PersistedState | None:
        raw = self._journal.memory()
        if raw is None:
            return None
        try:
            return read_state(raw, ven_id, load_ids)
        except MalformedError as error:
            self._journal.set_aside(str(error))
            return None

    def keep(
        self,
        session: MqttSession,
        memory: PersistedState,
        messages: Sequence[Message],
        *,
        answer: JournalledAck | None = None,
        done: JournalledCommand | None = None,
    ) -> None:
        """Put *messages* on their way and write *memory* with them, when either is news.

        A change of what the VEN decides by stands against a power cut; meters alone are not worth that.
        """
        now = (memory.state, memory.wanted, memory.last_event)
        news = now != self._written or answer is not None or done is not None
        if not news and not messages:
            return
        changes = self._journal.changes(write_state(memory), answer=answer, done=done)
        if session.publish_all(messages, also=changes, durable=news):
            self._written = now
            self._journal.written()
