"""``make prices``: writes docs/reference/prices.md."""

from __future__ import annotations

from harness.prices.page import write

write()
