"""``make policies``: writes docs/reference/policies.md."""

from __future__ import annotations

from harness.policies.documents import write

write()
