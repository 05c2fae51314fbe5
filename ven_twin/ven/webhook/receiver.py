"""The receiver of a resident's notifications: its address, and the secret that signs for them."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from contracts.errors import FieldError

EXAMPLE = "https://home.example.org/ven"
SECRET_LEAST, SECRET_MOST = 16, 4096
"""Bytes of a secret. Interpretation: of 16 random ones nobody tries all."""
LINK_AFTER_S = 300.0
"""A link that is lost for less is not told. Interpretation: reconnects after a broken line take a minute."""
LINK_AFTER_LEAST_S, LINK_AFTER_MOST_S = 10.0, 86_400.0


class Receiver(msgspec.Struct, frozen=True, kw_only=True):
    """The receiver of notifications.

    Attributes:
        url: its address, which may hold a secret of the receiver's and is in no log.
        secret_file: the file whose secret signs each notification, or None for none.
        link_after_s: a lost link is told when it has lasted so long, s.
    """

    url: str
    secret_file: str | None = None
    link_after_s: float = LINK_AFTER_S

    @property
    def place(self) -> str:
        """The part of the address that a log may show."""
        address = urlsplit(self.url)
        return f"{address.scheme}://{address.netloc}"


def read_receiver(
    url: str, *, secret_file: Path | None, plain_http: bool, link_after_s: float = LINK_AFTER_S
) -> Receiver:
    """The receiver at *url*; http only with *plain_http*, and only at home.

    Raises:
        FieldError: it is no such address, or the secret cannot be used. The text has neither in it.
    """
    field = "--webhook"
    try:
        address = urlsplit(url)
        host, port = address.hostname, address.port
    except ValueError:
        raise FieldError(field, f"is no address like {EXAMPLE}") from None
    printable = url.isascii() and url.isprintable() and " " not in url
    if address.scheme not in {"http", "https"} or not host or port == 0 or not printable:
        raise FieldError(field, f"is no address like {EXAMPLE}")
    if address.username is not None or address.password is not None or address.fragment:
        raise FieldError(field, f"has a user, password or fragment in it: write it like {EXAMPLE}")
    if address.scheme == "http":
        if not plain_http:
            raise FieldError(
                field, f"http can be read on the way: write https://{host}…, or give --webhook-plain-http"
            )
        if not may_be_at_home(host):
            raise FieldError(
                field, f"http goes to this machine or a private address of the home, not to {host}"
            )
    if not LINK_AFTER_LEAST_S <= link_after_s <= LINK_AFTER_MOST_S:
        raise FieldError("--webhook-link-after", f"10 s to 24 h, got {link_after_s:g} s")
    if secret_file is not None:
        read_secret(secret_file)
    return Receiver(
        url=url, secret_file=None if secret_file is None else str(secret_file), link_after_s=link_after_s
    )


def read_secret(path: Path) -> bytes:
    """The secret in a file that no one else can read.

    Raises:
        FieldError: it is not there, others can read it, or it is too short or too long.
    """
    field = "--webhook-secret-file"
    try:
        mode, secret = path.stat().st_mode & 0o077, path.read_bytes().strip()
    except OSError as error:
        raise FieldError(field, f"{path} cannot be read: {error.strerror or error}") from None
    if mode:
        raise FieldError(field, f"others can read {path}: chmod 600 it")
    if not SECRET_LEAST <= len(secret) <= SECRET_MOST:
        raise FieldError(field, f"{path} must hold {SECRET_LEAST} to {SECRET_MOST} bytes")
    return secret


def may_be_at_home(host: str) -> bool:
    """False of an address that is on the internet; a name is judged when it is connected to."""
    try:
        return is_at_home(host)
    except ValueError:
        return True


def is_at_home(address: str) -> bool:
    """True of an IP address of this machine or of a private network. Raises ValueError for what is none."""
    ip = ip_address(address.partition("%")[0])
    return ip.is_loopback or ip.is_private or ip.is_link_local
