"""The address of a page, and its token."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import FieldError

LOOPBACK = "127.0.0.1"
PORT = 8080
PORTS_TRIED = 20
"""From the usual port on, where no port is set: one for each twin on the machine."""
TOKEN_LEAST = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """The settings of a page's server.

    Attributes:
        host: the address to listen on.
        port: the port; 0 for any that is free, None for the usual one or the next that is free.
        token: the secret of callers, or None, which only loopback allows.
        usual_port: the first port to try where none is set.

    Raises:
        FieldError: a port that is none, or another address than loopback without a token.
    """

    host: str = LOOPBACK
    port: int | None = None
    token: str | None = None
    usual_port: int = PORT

    def __post_init__(self) -> None:
        """Refuse an impossible port, and an address that would open the house to the network."""
        if self.port is not None and not 0 <= self.port < 65536:
            raise FieldError("--port", f"0 to 65535, got {self.port}")
        if not self.loopback and self.token is None:
            raise FieldError(
                "--web-host", f"{self.host} is not loopback: give --web-token-file, or leave it out"
            )

    @property
    def loopback(self) -> bool:
        """True where only this machine can reach the page."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports to try, in order."""
        if self.port is not None:
            return (self.port,)
        return tuple(range(self.usual_port, self.usual_port + PORTS_TRIED))


def read_token(path: Path) -> str:
    """The token in a file that no one else can read.

    Raises:
        FieldError: it is not there, others can read it, or what it holds is too short.
    """
    field = "--web-token-file"
    try:
        mode, token = path.stat().st_mode & 0o077, path.read_text().strip()
    except OSError as error:
        raise FieldError(field, f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeError:
        raise FieldError(field, f"{path} is no text") from None
    if mode:
        raise FieldError(field, f"others can read {path}: chmod 600 it")
    if len(token) < TOKEN_LEAST or not (token.isascii() and token.isprintable()):
        raise FieldError(field, f"{path} must hold at least {TOKEN_LEAST} printable ASCII characters")
    return token
