"""The power of each circuit beside a stored telemetry row.

It is one text, such as ``{"heat_pump":1.2,"fridge":0.09}``, in the order in which the VEN sends its circuits:
a number as an attribute of its own takes several times as long to read. A twin's row with it stays below
1 KB, so that it costs no more to write.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import msgspec

from contracts.wire.telemetry import Load

CIRCUITS_MAX = 64
"""Circuits of a row that are stored. Interpretation: a house's panel has places for 42 breakers at most."""

_texts = msgspec.json.Decoder(dict[str, float])


def circuits_text(loads: Iterable[Load]) -> str | None:
    """The power of the first `CIRCUITS_MAX` of *loads*, kW, by their ids; None where there are none."""
    powers_kw = {load.id: load.current_power_kw for load in islice(loads, CIRCUITS_MAX)}
    return msgspec.json.encode(powers_kw).decode() if powers_kw else None


def circuits_kw(text: str) -> dict[str, float]:
    """The power of each circuit, kW, by its id, of what `circuits_text` has made."""
    return _texts.decode(text)
