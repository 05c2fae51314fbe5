"""Limits wrong tokens: from one source, and from all together.

    a source     5 at once, then one each 5 s
    all of them  50 at once, then two a second; a source that has logged in is not held up by others

A caller that is held up waits for seconds, never for long: whoever has the token gets in between two guesses.
Interpretation: a token has 16 characters at least; the limit is for tokens that people made up.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

SOURCE_TRIES, SOURCE_PAUSE_S = 5, 5.0
ALL_TRIES, ALL_PAUSE_S = 50, 0.5
SOURCES_MAX = 1024
TRUSTED_MAX = 64


@dataclass(slots=True)
class _Tries:
    """Tries that are left of *most*; one more comes back each *pause_s*."""

    most: int
    pause_s: float
    left: float = field(init=False)
    at_s: float = 0.0

    def __post_init__(self) -> None:
        self.left = self.most

    def wait_s(self, now_s: float) -> float:
        """Seconds until there is one."""
        self.left = min(self.most, self.left + (now_s - self.at_s) / self.pause_s)
        self.at_s = now_s
        return max(0.0, (1.0 - self.left) * self.pause_s)


class TokenTries:
    """The wrong tokens of late, by source. *now_s* is a steady clock."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._all = _Tries(ALL_TRIES, ALL_PAUSE_S)
        self._sources: OrderedDict[str, _Tries] = OrderedDict()
        self._trusted: OrderedDict[str, None] = OrderedDict()

    def wait_s(self, source: str) -> float:
        """Seconds until *source* may try a token; 0 when it may now."""
        now_s = self._now_s()
        tries = self._sources.get(source)
        wait_s = 0.0 if tries is None else tries.wait_s(now_s)
        return wait_s if source in self._trusted else max(wait_s, self._all.wait_s(now_s))

    def failed(self, source: str) -> None:
        """Count a wrong token; the sources that were wrong longest ago are forgotten."""
        now_s = self._now_s()
        tries = self._sources.setdefault(source, _Tries(SOURCE_TRIES, SOURCE_PAUSE_S))
        self._sources.move_to_end(source)
        for counted in (tries, self._all):
            counted.wait_s(now_s)
            counted.left -= 1.0
        while len(self._sources) > SOURCES_MAX:
            self._sources.popitem(last=False)

    def succeeded(self, source: str) -> None:
        """The right token came from *source*."""
        self._trusted[source] = None
        self._trusted.move_to_end(source)
        while len(self._trusted) > TRUSTED_MAX:
            self._trusted.popitem(last=False)


def source_of(client: tuple[str, int] | None, way: str) -> str:
    """The source of a call that came by *way*: its address, of IPv6 the network that one site has.

    Interpretation: /64, the smallest network that a site is assigned. Source: RFC 6177.
    """
    host = client[0] if client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return f"{way} {host}"
    if isinstance(address, ipaddress.IPv4Address):
        return f"{way} {address}"
    network = ipaddress.ip_network((address.packed, 64), strict=False)
    return f"{way} {address.ipv4_mapped or network}"
