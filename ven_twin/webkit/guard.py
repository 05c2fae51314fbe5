"""Guards the pages: against other sites, rebound names, and off loopback callers without the token.

A browser sends any page's requests to loopback, so that alone protects nothing. The Host header must name
this machine (a name that an attacker's DNS points here does not), a call that changes something must come
from this very origin, and its JSON content type makes a browser ask first, which is never answered.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import socket
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from math import ceil

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ven_twin.webkit.problems import PageProblemError
from ven_twin.webkit.settings import WebSettings
from ven_twin.webkit.token_tries import TokenTries, source_of

COOKIE = "ven-twin"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN = frozenset({"/live", "/login"})
"""Paths that need no token, beside the login page's files."""
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HOST = re.compile(
    r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[^\x00-\x20\x7f:/?#@\[\]\\]{0,255})(?::[0-9]{1,5})?", re.ASCII
)
"""A name or an address, and a port. Source: RFC 9110, 7.2; RFC 3986, 3.2.2."""
_PORT = re.compile(r"[0-9]{1,5}")
HEADERS = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


SecurityHeaders = tuple[tuple[bytes, bytes], ...]


class Guard:
    """The outermost layer: refuses, and puts the security headers on every answer.

    *headers_of* has those of a path that are others than `HEADERS`, whether it is answered or refused.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: WebSettings,
        refuse: Callable[[PageProblemError], ASGIApp],
        headers_of: Callable[[str], SecurityHeaders] = lambda _: (),
    ) -> None:
        self._app = app
        self._settings = settings
        self._refuse = refuse
        self._headers_of = headers_of
        self._tries = TokenTries()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a call through, or answer it with what is wrong."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                for more in (self._headers_of(scope["path"]), HEADERS):
                    present = {name.lower() for name, _ in message["headers"]}
                    message["headers"] = [*message["headers"], *(h for h in more if h[0] not in present)]
            await send(message)

        app = self._app
        try:
            self.check(scope)
        except PageProblemError as error:
            app = self._refuse(error)
        await app(scope, receive, send_guarded)

    def check(self, scope: Scope) -> None:
        """Raises: ProblemError, where the call is not to be let through."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        if not _HOST.fullmatch(host):
            raise PageProblemError(400, "that is no host and port", field="Host")
        if not host_allowed(host, scope.get("server"), self._settings):
            raise PageProblemError(421, f"no page is served at {host[:80]!r}", field="Host")
        if scope["method"] not in SAFE:
            self._check_origin(headers, scope.get("scheme", "http"), host)
        path = scope["path"]
        if self._settings.token is None or path in OPEN or path.startswith("/static/"):
            return
        if not self._has_token(headers, scope.get("client")):
            if path == "/" and scope["method"] in SAFE:
                raise PageProblemError(303, "log in first", headers={"location": "/login"})
            raise PageProblemError(
                401, "the token is needed: Authorization: Bearer …", headers={"www-authenticate": "Bearer"}
            )

    @staticmethod
    def _check_origin(headers: dict[str, str], scheme: str, host: str) -> None:
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin is not None and origin.lower() != f"{scheme}://{host}".lower():
            raise PageProblemError(403, "the call comes from another site", field="Origin")
        if site not in {None, "same-origin", "none"}:
            raise PageProblemError(403, "the call comes from another site", field="Sec-Fetch-Site")

    def log_in(self, token: str, client: tuple[str, int] | None) -> str:
        """The session of a browser whose form has the *token*. Raises: ProblemError for a wrong one."""
        if not self._is_token(token, source_of(client, "form")):
            raise PageProblemError(401, "that is not the token", field="token")
        return session_of(token)

    def _has_token(self, headers: dict[str, str], client: tuple[str, int] | None) -> bool:
        """Look for the session's cookie, which nobody guesses, then for the token. Raises: ProblemError."""
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            cookie = None
        if cookie is not None and _same(cookie.value, session_of(self._settings.token or "")):
            return True
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self._is_token(bearer.strip(), source_of(client, "bearer"))

    def _is_token(self, token: str, source: str) -> bool:
        """Compare *token* with the settings'. Raises: ProblemError where too many were wrong of late."""
        wait_s = self._tries.wait_s(source)
        if wait_s:
            retry = {"retry-after": str(ceil(wait_s))}
            raise PageProblemError(429, "too many wrong tokens; wait, then try again", headers=retry)
        if not _same(token, self._settings.token or ""):
            self._tries.failed(source)
            return False
        self._tries.succeeded(source)
        return True


def session_of(token: str) -> str:
    """The cookie of a browser that has logged in; it does not contain the token."""
    return hmac.new(token.encode(), b"ven-twin page", hashlib.sha256).hexdigest()


def host_allowed(host: str, server: tuple[str, int | None] | None, settings: WebSettings) -> bool:
    """Check that a Host header names this server.

    On loopback that is loopback and the port; elsewhere it is any address, which no DNS can rebind, or this
    machine's own name.
    """
    name, port = _split(host)
    if port != (server[1] if server else None):
        return False
    names = {"127.0.0.1", "localhost", "[::1]"}
    if settings.loopback:
        return name in names | {settings.host}
    return name in names | {settings.host, socket.gethostname().lower()} or _is_address(name)


def _split(host: str) -> tuple[str, int | None]:
    name, colon, port = host.lower().rpartition(":")
    if not colon or name.endswith(":") or "]" in port:
        return host.lower(), 80
    return (name, int(port)) if _PORT.fullmatch(port) else (host.lower(), None)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _same(value: str, expected: str) -> bool:
    return bool(expected) and hmac.compare_digest(value.encode(), expected.encode())
