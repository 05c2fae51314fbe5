"""The address of the home's broker. Pure."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import msgspec

from contracts.errors import FieldError

PORTS = {"mqtt": 1883, "mqtts": 8883}
"""The schemes of a broker's address, and the port of each."""
EXAMPLE = "mqtt://127.0.0.1:1883, or mqtts://user:password@host"


class HomeBroker(msgspec.Struct, frozen=True, kw_only=True):
    """The broker that Home Assistant uses.

    Attributes:
        ca_file: certificates that may have signed the broker's; the system's when None.
    """

    host: str
    port: int = PORTS["mqtt"]
    username: str | None = None
    password: str | None = None
    tls: bool = False
    ca_file: str | None = None


def read_broker(url: str, ca_file: str | None = None, field: str = "--home-assistant") -> HomeBroker:
    """The broker at *url*, which *ca_file* vouches for.

    Raises:
        FieldError: it is no such address. The text has no password in it.
    """
    try:
        address = urlsplit(url)
        host, port = address.hostname, address.port
    except ValueError:
        raise FieldError(field, f"is no address like {EXAMPLE}") from None
    more = address.path.strip("/") or address.query or address.fragment
    if address.scheme not in PORTS or not host or more or port == 0:
        raise FieldError(field, f"is no address like {EXAMPLE}")
    tls = address.scheme == "mqtts"
    if ca_file is not None and not tls:
        raise FieldError(f"{field}-ca", "is for a broker with TLS: write its address as mqtts://host")
    username = None if address.username is None else unquote(address.username)
    password = None if address.password is None else unquote(address.password)
    return HomeBroker(
        host=host,
        port=port or PORTS[address.scheme],
        username=username,
        password=password,
        tls=tls,
        ca_file=ca_file,
    )
