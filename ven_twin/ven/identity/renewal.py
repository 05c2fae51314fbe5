"""Keeps the VEN connected by the certificate that it should have, with a way back at every step.

What decides is what lies in the identity's folder, whoever put it there. A pair that appears is connected
with at once; one that the broker does not take gives way to the one before it. When the cloud desires another
certificate, or takes this one no more, the VEN has its own fetched.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from contracts.errors import VenTwinError
from ven_twin.ven.errors import IdentityError
from ven_twin.ven.identity import identity_files
from ven_twin.ven.identity.identity_files import Identity
from ven_twin.ven.mqtt.session import MqttSession
from ven_twin.ven.mqtt.session_status import SessionState

ATTEMPTS_BEFORE_GOING_BACK = 3
FETCH_AGAIN_S = 30.0
FETCH_AGAIN_MAX_S = 3600.0

Fetch = Callable[[], Awaitable[None]]

logger = logging.getLogger(__name__)


class Renewal:
    """The care for one identity. *fetch* puts the VEN's own into its folder, or raises VenTwinError."""

    def __init__(self, identity: Identity, session: MqttSession, fetch: Fetch | None) -> None:
        self._identity = identity
        self._folder = identity.certificate.parent
        self._session = session
        self._fetch = fetch
        self._seen: tuple[tuple[int, int] | None, str | None] = (None, None)
        self._settled: str | None = None
        self._fetch_at_s = float("-inf")
        self._pause_s = FETCH_AGAIN_S
        self._work: asyncio.Task[None] | None = None

    def tick(self, desired_id: str | None, now_s: float) -> None:
        """Renew or go back when that is due; the cloud desires the certificate *desired_id*, or any."""
        if self._work is not None and not self._work.done():
            return
        self._work = None
        on_disk, status = self._on_disk(), self._session.status
        if on_disk is None:
            return
        if status.state is SessionState.CONNECTED and status.certificate_id == on_disk:
            self._settle(on_disk)
        elif status.state is SessionState.CONNECTED:
            logger.info("another certificate is here: connecting with it")
            self._work = asyncio.ensure_future(self._session.renew())
            return
        elif status.certificate_id != on_disk:
            self._session.retry()
        elif status.failed_attempts >= ATTEMPTS_BEFORE_GOING_BACK and on_disk != self._settled:
            self._go_back()
            return
        refused = status.state is SessionState.REFUSED
        if (
            self._fetch is not None
            and now_s >= self._fetch_at_s
            and (refused or desired_id not in (None, on_disk))
        ):
            self._fetch_at_s = now_s + self._pause_s
            self._pause_s = min(FETCH_AGAIN_MAX_S, 2.0 * self._pause_s)
            self._work = asyncio.ensure_future(self._have_fetched(self._fetch))

    async def end(self) -> None:
        """Leave nothing running."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    def _settle(self, certificate_id: str) -> None:
        if self._settled != certificate_id:
            self._settled, self._pause_s = certificate_id, FETCH_AGAIN_S
            identity_files.settle(self._folder)

    def _go_back(self) -> None:
        """The new pair does not open the door: the one before it may still."""
        try:
            gone_back = identity_files.revert(self._folder)
        except (IdentityError, OSError) as error:
            logger.error("cannot go back to the certificate before: %s", error)  # noqa: TRY400 - one line
            return
        if gone_back:
            logger.warning("the new certificate is not taken: going back to the one before")
            self._session.retry()

    async def _have_fetched(self, fetch: Fetch) -> None:
        try:
            await fetch()
        except (VenTwinError, OSError) as error:
            logger.warning("this VEN's certificate could not be fetched: %s", error)

    def _on_disk(self) -> str | None:
        """The certificate in the folder, read again when its file is another."""
        try:
            stat = self._identity.certificate.stat()
            file = stat.st_ino, stat.st_mtime_ns
            if self._seen[0] != file:
                self._seen = file, identity_files.fingerprint(identity_files.load(self._folder))
        except (IdentityError, OSError):
            return None
        return self._seen[1]
