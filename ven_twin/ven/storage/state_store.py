"""The persisted state of the VEN: read once at its start, written whenever it has changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.errors import MalformedError
from ven_twin.ven.mqtt.session import MqttSession
from ven_twin.ven.storage.command_journal import CommandJournal
from ven_twin.ven.storage.persisted_state import PersistedState, read_state, write_state
from ven_twin.ven.storage.rows import JournalledAck, JournalledCommand, Message


class StateStore:
    """Writes messages and persisted state together, so that nothing is announced twice or done unrecorded.

    Attributes:
        journal: the journal of commands beside it.
    """

    def __init__(self, journal: CommandJournal) -> None:
        self.journal = journal
        self._written: tuple[Any, Mapping[str, Any], Any] | None = None

    def read(self, ven_id: str, load_ids: frozenset[str]) -> PersistedState | None:
        """The state of an earlier run, or None; one that cannot be used is set aside."""
        raw = self.journal.persisted()
        if raw is None:
            return None
        try:
            return read_state(raw, ven_id, load_ids)
        except MalformedError as error:
            self.journal.set_aside(str(error))
            return None

    def save(
        self,
        session: MqttSession,
        persisted: PersistedState,
        messages: Sequence[Message],
        *,
        remembered: JournalledAck | None = None,
        done: JournalledCommand | None = None,
    ) -> None:
        """Enqueue *messages* and write *persisted* with them, when either is news.

        A change of settings, events or shadow is made durable against a power cut; meters alone are not.
        """
        now = (persisted.state, persisted.pending, persisted.last_event)
        news = now != self._written or remembered is not None or done is not None
        if not news and not messages:
            return
        changes = self.journal.changes(write_state(persisted), remembered=remembered, done=done)
        if session.publish_all(messages, also=changes, durable=news):
            self._written = now
            self.journal.written()
