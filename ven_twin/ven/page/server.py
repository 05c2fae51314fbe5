"""Serves the page in the twin's own loop. Whatever becomes of the page, the twin goes on."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path

from ven_twin.ven.page.app import Page
from ven_twin.ven.runtime import Twin
from ven_twin.webkit.hosting import hosted
from ven_twin.webkit.settings import WebSettings

ADDRESS_FILE = "page.url"
"""The file in the twin's folder with the page's address, while it serves."""

logger = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def serving(twin: Twin, settings: WebSettings, folder: Path) -> AsyncIterator[str | None]:
    """Serve *twin*'s page for as long as the block lasts; gives its address, or None when it cannot.

    While it serves, the address stands in `ADDRESS_FILE` in *folder*.
    """
    page = Page(twin, settings)
    async with hosted(page.application, settings, page.broadcaster.close) as address:
        if address is None:
            yield None
            return
        logger.info("page: %s", address)
        (folder / ADDRESS_FILE).write_text(address)
        try:
            yield address
        finally:
            (folder / ADDRESS_FILE).unlink(missing_ok=True)
