"""The address of the home's broker. Pure."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import msgspec

from contracts.errors import FieldError

PORT = 1883
EXAMPLE = "mqtt://127.0.0.1:1883, or mqtt://user:password@host"


class HomeBroker(msgspec.Struct, frozen=True, kw_only=True):
    """The broker that Home Assistant uses; without TLS, as it is in a home."""

    host: str
    port: int = PORT
    username: str | None = None
    password: str | None = None


def read_broker(url: str, field: str = "--home-assistant") -> HomeBroker:
    """The broker at *url*.

    Raises:
        FieldError: it is no such address. The text has no password in it.
    """
    try:
        address = urlsplit(url)
        host, port = address.hostname, address.port
    except ValueError:
        raise FieldError(field, f"is no address like {EXAMPLE}") from None
    more = address.path.strip("/") or address.query or address.fragment
    if address.scheme != "mqtt" or not host or more or port == 0:
        raise FieldError(field, f"is no address like {EXAMPLE}")
    username = None if address.username is None else unquote(address.username)
    password = None if address.password is None else unquote(address.password)
    return HomeBroker(host=host, port=port or PORT, username=username, password=password)
