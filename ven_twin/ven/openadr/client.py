"""A VEN as a client of a VTN: what it asks and files, each call with its token.

A list is read in pages, and a page that has not changed since is not read again (ETag). What cannot be read
of an answer is left out and logged: an object that is no event spoils no other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from contracts.openadr.ids import ObjectId
from contracts.openadr.objects import (
    OadrEvent,
    OadrProgram,
    OadrReport,
    OadrReportRequest,
    OadrResource,
    OadrSubscription,
    OadrSubscriptionRequest,
    OadrVen,
    VenResourceRequest,
    VenVenRequest,
)
from contracts.wire.plain_text import plain_line
from ven_twin.ven.openadr.errors import VtnCredentialsError, VtnRefusedError, VtnUnreachableError
from ven_twin.ven.openadr.http import NOT_MODIFIED, VtnHttp, VtnReply
from ven_twin.ven.openadr.link import VtnLink
from ven_twin.ven.openadr.tokens import VtnTokens

PAGE = 50
"""Objects of a page. Source: OpenADR 3.1.0, parameter ``limit``."""
PAGES_MAX = 20
ETAGS_MAX = 64
BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, CONFLICT = 400, 401, 403, 404, 409

T = TypeVar("T")
OnTime = Callable[[float, float], None]
"""Takes the VTN's time, UTC s, and when it was asked for by the steady clock."""

logger = logging.getLogger(__name__)


class VenOfVtn:
    """The calls; each raises VtnError, and FieldError where the secret's file cannot be used."""

    def __init__(self, link: VtnLink, http: VtnHttp, now_s: Callable[[], float], on_time: OnTime) -> None:
        self._link, self._http, self._now_s, self._on_time = link, http, now_s, on_time
        self._tokens = VtnTokens(link, http, now_s)
        self._pages: dict[str, VtnReply] = {}
        self._logged: set[str] = set()

    async def events(self) -> list[OadrEvent]:
        """All events that are not over, as far as the VTN leaves those out."""
        return await self._list("events", OadrEvent, active="true")

    async def event(self, event_id: ObjectId) -> OadrEvent | None:
        """One event; None where the VTN has it no more, or not for this VEN."""
        try:
            reply = await self._call("GET", f"events/{quote(event_id, safe='')}")
        except VtnRefusedError as error:
            if error.status == NOT_FOUND:
                return None
            raise
        return self._read(reply.body, OadrEvent)

    async def programs(self) -> list[OadrProgram]:
        """All programs."""
        return await self._list("programs", OadrProgram)

    async def register(self, ven_name: str) -> OadrVen:
        """The VEN of this name, which is made where there is none.

        Raises:
            VtnRefusedError: this client may not, or the name is another's.
        """
        for _ in range(2):
            vens = await self._list("vens", OadrVen, venName=ven_name)
            mine = next((ven for ven in vens if ven.ven_name == ven_name), None)
            if mine is not None:
                return mine
            try:
                return await self._made("vens", VenVenRequest(ven_name=ven_name), OadrVen)
            except VtnRefusedError as error:
                if error.status != CONFLICT:
                    raise
        raise VtnRefusedError(f"the VTN has a VEN {ven_name!r} of another client: name another", CONFLICT)

    async def have_resources(self, ven: OadrVen, names: Sequence[str]) -> list[OadrResource]:
        """The resources of *ven*; those of these names that it has not yet are made."""
        listed = await self._list("resources", OadrResource, venID=ven.id)
        resources = [resource for resource in listed if resource.ven_id == ven.id]
        there = {resource.resource_name for resource in resources}
        for name in names:
            if name in there:
                continue
            try:
                request = VenResourceRequest(resource_name=name, ven_id=ven.id)
                resources.append(await self._made("resources", request, OadrResource))
            except VtnRefusedError as error:
                if error.status != CONFLICT:
                    raise
        return resources

    async def file_report(self, body: bytes) -> None:
        """File a report that was written before."""
        await self._call("POST", "reports", content=body)

    async def has_report(self, report: OadrReportRequest) -> bool:
        """Tell whether a report of this name is there, of this client."""
        query = {"eventID": report.event_id, "clientName": report.client_name}
        listed = await self._list("reports", OadrReport, **query)
        wanted = (report.event_id, report.client_name, report.report_name)
        return any((row.event_id, row.client_name, row.report_name) == wanted for row in listed)

    async def subscriptions(self, client_name: str) -> list[OadrSubscription]:
        """The subscriptions of this name, of this client."""
        listed = await self._list("subscriptions", OadrSubscription, clientName=client_name)
        return [row for row in listed if row.client_name == client_name]

    async def subscribe(self, request: OadrSubscriptionRequest, token: str) -> OadrSubscription:
        """Make a subscription, whose callback is called with *token*."""
        return await self._made("subscriptions", request, OadrSubscription, secrets=(token,))

    async def resubscribe(self, object_id: ObjectId, request: OadrSubscriptionRequest, token: str) -> None:
        """Replace a subscription, which has the VTN look at its callback again."""
        path, content = f"subscriptions/{quote(object_id, safe='')}", msgspec.json.encode(request)
        await self._call("PUT", path, content=content, secrets=(token,))

    async def unsubscribe(self, object_id: ObjectId) -> None:
        """Delete a subscription."""
        await self._call("DELETE", f"subscriptions/{quote(object_id, safe='')}")

    async def document(self, path: str, kind: type[T]) -> T:
        """A document of the VTN of itself."""
        read = self._read((await self._call("GET", path)).body, kind)
        if read is None:
            raise VtnUnreachableError(f"{self._link.place} answers with no {kind.__name__} to GET /{path}")
        return read

    async def token(self) -> tuple[str, float]:
        """A token for another server of the VTN's, and for how long it is good, s."""
        return await self._tokens.bearer(), self._tokens.good_s

    def forget_token(self) -> None:
        """The token is not taken by another server of the VTN's: the next is a new one."""
        self._tokens.forget()

    async def _made(
        self, path: str, request: msgspec.Struct, kind: type[T], secrets: Sequence[str] = ()
    ) -> T:
        reply = await self._call("POST", path, content=msgspec.json.encode(request), secrets=secrets)
        made = self._read(reply.body, kind)
        if made is None:
            raise VtnUnreachableError(f"{self._link.place} answers with no {kind.__name__} to POST /{path}")
        return made

    async def _list(self, path: str, kind: type[T], **query: str) -> list[T]:
        """All objects of a collection, page by page, each once."""
        listed: dict[str, T] = {}
        for page in range(PAGES_MAX):
            parameters = {**query, "skip": str(page * PAGE), "limit": str(PAGE)}
            try:
                rows = msgspec.json.decode(await self._page(path, parameters), type=list[msgspec.Raw])
            except (msgspec.MsgspecError, UnicodeError, RecursionError):
                raise VtnUnreachableError(f"{self._link.place} answers with no list to GET /{path}") from None
            before = len(listed)
            for row in rows:
                read: Any = self._read(bytes(row), kind)
                if read is not None:
                    listed[read.id] = read
            if len(rows) < PAGE or len(listed) == before:
                return list(listed.values())
        self._log(f"{self._link.place} has more than {PAGES_MAX * PAGE} {path}: the first are read")
        return list(listed.values())

    async def _page(self, path: str, parameters: Mapping[str, str]) -> bytes:
        """The body of a page, of before where it has not changed."""
        key = f"{path}?{urlencode(parameters)}"
        before = self._pages.get(key)
        headers = {} if before is None or before.etag is None else {"If-None-Match": before.etag}
        reply = await self._call("GET", path, headers=headers, params=parameters)
        if reply.status == NOT_MODIFIED:
            if before is None:
                raise VtnUnreachableError(f"{self._link.place} answers 304 to what was not asked for")
            return before.body
        self._pages.pop(key, None)
        if reply.etag is not None:
            self._pages[key] = reply
            while len(self._pages) > ETAGS_MAX:
                self._pages.pop(next(iter(self._pages)))
        return reply.body

    async def _call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        params: Mapping[str, str] | None = None,
        secrets: Sequence[str] = (),
    ) -> VtnReply:
        """Call with a token; one that is not taken any more is fetched anew, once."""
        try:
            return await self._with_token(method, path, headers, content, params, secrets)
        except VtnCredentialsError:
            raise
        except VtnRefusedError as error:
            if error.status != UNAUTHORIZED:
                raise
        self._tokens.forget()
        return await self._with_token(method, path, headers, content, params, secrets)

    async def _with_token(  # noqa: PLR0917 - as HTTP has them in its order
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None,
        content: bytes | None,
        params: Mapping[str, str] | None,
        secrets: Sequence[str],
    ) -> VtnReply:
        token = await self._tokens.bearer()
        sent = {**(headers or {}), "Authorization": f"Bearer {token}"}
        if content is not None:
            sent["Content-Type"] = "application/json"
        sent_s = self._now_s()
        url = f"{self._link.url}/{path}"
        reply = await self._http.send(method, url, sent, content, params, secrets=(token, *secrets))
        if reply.date_ts is not None:
            self._on_time(reply.date_ts, sent_s)
        return reply

    def _read(self, body: bytes, kind: type[T]) -> T | None:
        """An object; None of what is none, which is logged once."""
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError) as error:
            self._log(
                f"{self._link.place} has a {kind.__name__} that cannot be read: {plain_line(str(error))}"
            )
            return None

    def _log(self, text: str) -> None:
        if text not in self._logged and len(self._logged) < ETAGS_MAX:
            self._logged.add(text)
            logger.warning("%s", text)
