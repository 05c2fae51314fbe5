"""The address at which a VTN calls this VEN when something has changed, and what remembers it.

The address is the VTN's way in, and the port is where a call arrives: a router or a proxy may be between.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import secrets
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from contracts.errors import FieldError
from contracts.openadr.objects import URL_PATTERN

LOOPBACK = "127.0.0.1"
PORT = 8443
URL_MAX_CHARS = 2000
FILE = "vtn-callback.secret"
TOKEN_BYTES = 32


class VtnCallback(msgspec.Struct, frozen=True, kw_only=True):
    """A callback of this VEN.

    Attributes:
        url: the address that the VTN calls.
        host: the address of this machine that is listened on.
        port: the port.
        cert_file: the certificate, and those between it and its authority; None behind a proxy with TLS.
        key_file: the certificate's key, where it is in a file of its own.
    """

    url: str
    host: str = LOOPBACK
    port: int = PORT
    cert_file: str | None = None
    key_file: str | None = None

    @property
    def path(self) -> str:
        """The path of the address, without a slash at its end."""
        return urlsplit(self.url).path.rstrip("/")

    @property
    def place(self) -> str:
        """The part of the address that a log may show."""
        address = urlsplit(self.url)
        return f"{address.scheme}://{address.netloc}"

    def tls(self) -> ssl.SSLContext | None:
        """TLS 1.2 or newer, the certificate as it is now; None where a proxy has it. Raises FieldError."""
        if self.cert_file is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.cert_file, self.key_file, password=_no_password)
        except (OSError, ValueError):  # among them what ssl says of a file of something else
            key = "" if self.key_file is None else f" and {self.key_file}"
            reason = f"{self.cert_file}{key} are no certificate and its key in PEM, without a password"
            raise FieldError("--vtn-callback-cert", reason) from None
        return context


def read_callback(
    url: str,
    *,
    host: str = LOOPBACK,
    port: int = PORT,
    cert: Path | None = None,
    key: Path | None = None,
) -> VtnCallback:
    """The callback that these options describe; its files are looked at. Raises FieldError."""
    if not _is_address(url):
        raise FieldError(
            "--vtn-callback-url", "is no https:// address without a query, such as https://h.example/ven"
        )
    if not is_loopback(host) and cert is None:
        reason = f"{host} is not loopback: give --vtn-callback-cert, or leave it out behind a proxy with TLS"
        raise FieldError("--vtn-callback-host", reason)
    if key is not None and cert is None:
        raise FieldError("--vtn-callback-key", "is for --vtn-callback-cert, which is not given")
    callback = VtnCallback(
        url=url,
        host=host,
        port=port,
        cert_file=None if cert is None else str(cert.absolute()),
        key_file=None if key is None else str(key.absolute()),
    )
    callback.tls()
    return callback


def is_loopback(host: str) -> bool:
    """True where only this machine can reach *host*."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class CallbackMemory(msgspec.Struct, frozen=True, kw_only=True):
    """The token that the VTN calls with, and the subscription's id, at the VTN and client of *link*."""

    link: str
    token: str
    subscription_id: str | None = None


class CallbackFile:
    """The file in *folder* that only its user can read; a token that cannot be read again is made anew."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def read(self, link: str) -> CallbackMemory:
        """The memory of an earlier run with the same *link*, or a new one."""
        with contextlib.suppress(OSError, msgspec.MsgspecError, ValueError):
            if not self._path.stat().st_mode & 0o077:
                memory = msgspec.json.decode(self._path.read_bytes(), type=CallbackMemory)
                if memory.link == link and len(memory.token) >= TOKEN_BYTES:
                    return memory
        return CallbackMemory(link=link, token=secrets.token_urlsafe(TOKEN_BYTES))

    def write(self, memory: CallbackMemory) -> None:
        """Remember *memory*; where the disk refuses, the next run makes another."""
        new = self._path.with_suffix(".new")
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
            with os.fdopen(os.open(new, flags, 0o600), "wb") as file:
                file.write(msgspec.json.encode(memory))
            new.replace(self._path)


def _is_address(url: str) -> bool:
    try:
        address = urlsplit(url)
        port = address.port
    except ValueError:
        return False
    return (
        address.scheme == "https"
        and bool(address.hostname)
        and port != 0
        and address.username is None
        and not (address.query or address.fragment or "?" in url or "#" in url)
        and len(url) <= URL_MAX_CHARS
        and re.search(URL_PATTERN, url) is not None
    )


def _no_password() -> str:
    """A key with a password would ask for it on the terminal."""
    raise ValueError
