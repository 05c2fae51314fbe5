"""Chance that nobody can guess."""

from __future__ import annotations

import secrets


def chance(digits: int) -> str:
    """So many hexadecimal digits."""
    return secrets.token_hex((digits + 1) // 2)[:digits]
