"""Tokens of a client of a VTN: fetched when there is none that is still good.

The client's credentials go in the form, and where that is not taken in HTTP Basic from then on. They go to
the address that `/auth/server` tells, when that is HTTPS or on this machine.

Source: RFC 6749, 2.3.1, 4.4 and 5.1; OpenADR 3.1.0, `/auth/server`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import quote_plus, urljoin

import msgspec

from contracts.openadr.external_issuer import is_fetchable
from ven_twin.ven.openadr.errors import VtnCredentialsError, VtnRefusedError, VtnUnreachableError
from ven_twin.ven.openadr.http import VtnHttp
from ven_twin.ven.openadr.link import VtnLink

GRANT = {"grant_type": "client_credentials"}
LIFE_S = 600.0
"""Of a token whose answer does not say."""
MARGIN_S = 60.0
"""A token is fetched anew so long before its end, or at nine tenths of its life."""
FORM_REFUSED = frozenset({400, 401, 415, 422})
NO_SUCH_ROUTE = frozenset({404, 405, 501})


class _Granted(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: float | None = None


class _Where(msgspec.Struct, frozen=True):
    token_url: str = msgspec.field(name="tokenURL")


class VtnTokens:
    """The token of one client; *now_s* is a steady clock."""

    def __init__(self, link: VtnLink, http: VtnHttp, now_s: Callable[[], float]) -> None:
        self._link, self._http, self._now_s = link, http, now_s
        self._token: str | None = None
        self._until_s = 0.0
        self._url: str | None = None
        self._by_basic = False

    async def bearer(self) -> str:
        """A token that is good. Raises VtnError, and FieldError where the secret's file cannot be used."""
        if self._token is None or self._now_s() >= self._until_s:
            await self._fetch()
        assert self._token is not None  # noqa: S101 - it was fetched
        return self._token

    @property
    def good_s(self) -> float:
        """For how long the token is used, s."""
        return max(0.0, self._until_s - self._now_s())

    def forget(self) -> None:
        """The token is not taken any more: fetch another, of the address as it is told then."""
        self._token = self._url = None

    async def _fetch(self) -> None:
        secret = self._link.secret()
        if self._url is None:
            self._url = await self._token_url()
        sent_s = self._now_s()
        try:
            body = await self._either_way(self._url, secret)
        except VtnRefusedError as error:
            raise VtnCredentialsError(str(error), error.status) from None
        try:
            granted = msgspec.json.decode(body, type=_Granted, strict=False)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise VtnUnreachableError("the VTN's token cannot be read") from None
        if not granted.access_token.isascii() or not granted.access_token.isprintable():
            raise VtnUnreachableError("the VTN's token cannot be read")
        life_s = LIFE_S if granted.expires_in is None else granted.expires_in
        self._until_s = sent_s + max(life_s * 0.9, life_s - MARGIN_S)
        self._token = granted.access_token

    async def _either_way(self, url: str, secret: str) -> bytes:
        """The answer in the way that was taken last, else in the other."""
        try:
            return await self._granted_by(url, secret)
        except VtnRefusedError as error:
            if error.status not in FORM_REFUSED:
                raise
        self._by_basic = not self._by_basic
        return await self._granted_by(url, secret)

    async def _granted_by(self, url: str, secret: str) -> bytes:
        client_id, secrets = self._link.client_id, (secret, quote_plus(secret))
        if not self._by_basic:
            form = {**GRANT, "client_id": client_id, "client_secret": secret}
            return (await self._http.send("POST", url, form=form, secrets=secrets)).body
        pair = f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()
        headers = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        return (await self._http.send("POST", url, headers=headers, form=GRANT, secrets=secrets)).body

    async def _token_url(self) -> str:
        """The address for tokens, as the VTN tells it; its own where it does not."""
        fallback = f"{self._link.url}/auth/token"
        try:
            body = (await self._http.send("GET", f"{self._link.url}/auth/server")).body
        except VtnRefusedError as error:
            if error.status in NO_SUCH_ROUTE:
                return fallback
            raise
        try:
            url = urljoin(f"{self._link.url}/", msgspec.json.decode(body, type=_Where).token_url)
        except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError):
            return fallback
        if not is_fetchable(url):
            raise VtnUnreachableError(
                "the VTN's address for tokens is neither https:// nor on this machine: no secret goes there"
            )
        return url
