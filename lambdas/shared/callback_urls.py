"""Callback URLs that clients of the VTN give, and the addresses that it may connect to for them. Pure.

A client chooses the URL, and this side connects to it from where it stands: without a rule it would reach
what the client cannot. Only addresses of the public internet are connected to, and those of the loopback
where a stage runs on one machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import quote, urlsplit

from contracts.errors import FieldError

FIELD = "callbackUrl"
EXAMPLE = "https://client.example.org/openadr"
URL_MAX_CHARACTERS = 2048
"""Interpretation: the document allows 8,000; no server reads a line as long."""
TRANSLATED = IPv6Network("64:ff9b::/96")
"""Addresses that NAT64 turns into the IPv4 address in their last 32 bits. Source: RFC 6052."""


class CallbackHosts(StrEnum):
    """The hosts at which callbacks may be."""

    PUBLIC = "public"
    LOOPBACK = "loopback"
    """On this machine as well, for a stage that runs on one."""


@dataclass(frozen=True, slots=True)
class CallbackUrl:
    """An https URL in pieces.

    Attributes:
        host: a name, or an address without brackets.
        port: 1 to 65535.
        path: with a leading slash, without the query.
        query: without its question mark; empty for none.
    """

    host: str
    port: int
    path: str
    query: str

    @property
    def authority(self) -> str:
        """The Host header: with the port only where it is not 443."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == 443 else f"{host}:{self.port}"

    @property
    def target(self) -> str:
        """The target of a request: path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def echoing(self, word: str) -> CallbackUrl:
        """The same URL that asks to echo *word*."""
        echo = f"echo={quote(word, safe='')}"
        query = f"{self.query}&{echo}" if self.query else echo
        return CallbackUrl(self.host, self.port, self.path, query)

    def below(self, name: str) -> CallbackUrl:
        """The URL of *name* below this one."""
        return CallbackUrl(self.host, self.port, f"{self.path.rstrip('/')}/{name}", self.query)


def read_callback_url(url: str) -> CallbackUrl:
    """The URL in pieces.

    Raises:
        FieldError: it is no https URL of a host, as `EXAMPLE` is.
    """
    unlike = FieldError(FIELD, f"is no https URL, as {EXAMPLE} is")
    printable = url.isascii() and url.isprintable() and not {" ", "\\"}.intersection(url)
    if not printable or len(url) > URL_MAX_CHARACTERS:
        raise FieldError(FIELD, f"is no URL of at most {URL_MAX_CHARACTERS} printable ASCII characters")
    try:
        split = urlsplit(url)
        host, port = split.hostname, split.port
    except ValueError:
        raise unlike from None
    if split.scheme != "https" or not host or port == 0:
        raise unlike
    if split.username is not None or split.password is not None or split.fragment:
        raise FieldError(FIELD, f"has a user, password or fragment in it: write it like {EXAMPLE}")
    return CallbackUrl(host, port or 443, split.path or "/", split.query)


def may_connect(address: str, hosts: CallbackHosts) -> bool:
    """True of an *address* that a callback may be at.

    An IPv6 address that carries an IPv4 address is judged by that one, too.
    """
    try:
        ip = ip_address(address.split("%", maxsplit=1)[0])
    except ValueError:
        return False
    if hosts is CallbackHosts.LOOPBACK and ip.is_loopback:
        return True
    return all(_is_public(one) for one in (ip, *_carried(ip)))


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    public = ip.is_global and not ip.is_multicast and not ip.is_reserved
    return public or (isinstance(ip, IPv6Address) and ip in TRANSLATED)


def _carried(ip: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses within an IPv6 address: mapped, 6to4, Teredo's two, NAT64."""
    if isinstance(ip, IPv4Address):
        return []
    inside = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
    if ip in TRANSLATED:
        inside.append(IPv4Address(int(ip) & 0xFFFFFFFF))
    return [one for one in inside if one is not None]
