"""The cloud side reached by its HTTP API, every call signed as the caller (AWS Signature Version 4)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import boto3
import msgspec
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, HTTPClientError, ProfileNotFound
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.httpsession import URLLib3Session

from contracts.api.fleet import Fleet
from contracts.api.groups import GroupBody, GroupChange, GroupChanged, GroupDetail, GroupPage, GroupSummary
from contracts.api.oadr_events import OadrEventPage, OadrEventStatus
from contracts.api.parameters import PAGE_MAX
from contracts.api.problems import JSON, PROBLEM_TYPE
from contracts.api.programs import Program, ProgramBody, ProgramChanged, ProgramList
from contracts.api.reports import EventReport, VenReport
from contracts.api.requests import CommandIssued, EventDispatched, VenQuarantined
from contracts.api.resources import (
    Circuits,
    Event,
    EventBody,
    EventPage,
    EventSummary,
    FleetHistory,
    FleetSample,
    NewCommand,
    NewEvent,
    SentCommand,
    TelemetryPage,
    TelemetryRow,
    VenDetail,
)
from contracts.errors import FieldError
from contracts.wire import codec
from contracts.wire.ids import CorrelationId, EventId, GroupName, ProgramId, VenId
from ven_twin.operations.aggregator.cloud import Access, environment_region
from ven_twin.operations.aggregator.cloud_errors import CloudError
from ven_twin.operations.aggregator.protocol import RefusedError

T = TypeVar("T")
SERVICE = "execute-api"
CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 5, 35
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
REFUSED = frozenset({400, 404, 409, 412, 413, 415, 428})
_REGION = re.compile(r"\.execute-api\.([a-z0-9-]+)\.amazonaws\.com")


class ApiAggregator:
    """An `Aggregator` over the API at *url*."""

    def __init__(self, url: str, access: Access) -> None:
        self._url = _checked(url)
        try:
            session = boto3.Session(
                profile_name=access.profile,
                aws_access_key_id=access.access_key_id,
                aws_secret_access_key=access.secret_access_key,
            )
        except ProfileNotFound as error:
            raise CloudError(str(error)) from None
        credentials = session.get_credentials()
        if credentials is None:
            raise CloudError("no AWS credentials: run aws configure, or set AWS_PROFILE or AWS_ACCESS_KEY_ID")
        match = _REGION.search(self._url)
        here = environment_region() or session.region_name
        region = access.region or (match[1] if match else here)
        if region is None:
            raise CloudError("no AWS region: give --region, or set AWS_REGION")
        self._signer = SigV4Auth(credentials, SERVICE, region)
        timeout: Any = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)  # as urllib3 takes it; the types know one alone
        self._http = URLLib3Session(timeout=timeout)

    def create_event(self, event: NewEvent) -> EventDispatched:
        """POST /events."""
        return self._call("POST", "/events", EventDispatched, body=event)

    def revise_event(self, event_id: EventId, body: EventBody, *, etag: str) -> EventDispatched:
        """PUT /events/{id} with If-Match."""
        path = _path("events", event_id)
        return self._call("PUT", path, EventDispatched, body=body, headers=_if_match(etag))

    def cancel_event(self, event_id: EventId, *, etag: str | None = None) -> EventDispatched:
        """POST /events/{id}/cancel."""
        path = _path("events", event_id, "cancel")
        return self._call("POST", path, EventDispatched, headers=_if_match(etag))

    def delete_event(self, event_id: EventId, *, etag: str | None = None) -> None:
        """DELETE /events/{id}."""
        self._send("DELETE", _path("events", event_id), headers=_if_match(etag))

    def event(self, event_id: EventId) -> Event:
        """GET /events/{id}, every page of its VENs."""
        path = _path("events", event_id)
        event = page = self._call("GET", path, Event, query={"limit": PAGE_MAX})
        while page.next is not None:
            page = self._call("GET", path, Event, query={"limit": PAGE_MAX, "cursor": page.next})
            event = msgspec.structs.replace(event, vens=(*event.vens, *page.vens))
        return msgspec.structs.replace(event, next=None)

    def events(
        self, from_ts: int | None = None, to_ts: int | None = None, *, page: int = PAGE_MAX
    ) -> Iterator[EventSummary]:
        """GET /events, page by page."""
        times = {"from": from_ts, "to": to_ts}
        query: dict[str, str | int] = {name: ts for name, ts in times.items() if ts is not None}
        query["limit"] = page
        while True:
            match = self._call("GET", "/events", EventPage, query=query)
            yield from match.items
            if match.next is None:
                return
            query["cursor"] = match.next

    def report(self, event_id: EventId) -> EventReport:
        """POST /events/{id}/report."""
        return self._call("POST", _path("events", event_id, "report"), EventReport)

    def ven_reports(self, event_id: EventId) -> Iterator[VenReport]:  # noqa: ARG002 - as the Protocol
        """Nothing: the API hands out the report as it stands."""
        return iter(())

    def send_command(self, ven_id: VenId, command: NewCommand) -> CommandIssued:
        """POST /vens/{id}/commands."""
        return self._call("POST", _path("vens", ven_id, "commands"), CommandIssued, body=command)

    def quarantine(self, ven_id: VenId, *, quarantined: bool) -> VenQuarantined:
        """POST or DELETE /vens/{id}/quarantine."""
        method = "POST" if quarantined else "DELETE"
        return self._call(method, _path("vens", ven_id, "quarantine"), VenQuarantined)

    def command(self, ven_id: VenId, correlation_id: CorrelationId) -> SentCommand | None:
        """GET /vens/{id}/commands/{correlationId}."""
        try:
            return self._call("GET", _path("vens", ven_id, "commands", correlation_id), SentCommand)
        except RefusedError as error:
            if error.code == "notFound":
                return None
            raise

    def groups(self) -> Iterator[GroupSummary]:
        """GET /groups, every page."""
        query: dict[str, str | int] = {"limit": PAGE_MAX}
        while True:
            page = self._call("GET", "/groups", GroupPage, query=query)
            yield from page.items
            if page.next is None:
                return
            query["cursor"] = page.next

    def group(self, group: GroupName) -> GroupDetail:
        """GET /groups/{group}, every page of its VENs."""
        path = _path("groups", group)
        whole = page = self._call("GET", path, GroupDetail, query={"limit": PAGE_MAX})
        while page.next is not None:
            page = self._call("GET", path, GroupDetail, query={"limit": PAGE_MAX, "cursor": page.next})
            whole = msgspec.structs.replace(whole, vens=(*whole.vens, *page.vens))
        return msgspec.structs.replace(whole, next=None)

    def set_group(self, group: GroupName, body: GroupBody, *, etag: str | None) -> GroupChanged:
        """PUT /groups/{group}."""
        return self._call("PUT", _path("groups", group), GroupChanged, body=body, headers=_if_match(etag))

    def change_group(self, group: GroupName, change: GroupChange) -> GroupChanged:
        """POST /groups/{group}/members."""
        return self._call("POST", _path("groups", group, "members"), GroupChanged, body=change)

    def delete_group(self, group: GroupName, *, etag: str | None = None) -> None:
        """DELETE /groups/{group}."""
        self._send("DELETE", _path("groups", group), headers=_if_match(etag))

    def programs(self) -> tuple[Program, ...]:
        """GET /programs."""
        return self._call("GET", "/programs", ProgramList).items

    def set_program(self, program: ProgramId, rules: ProgramBody, *, etag: str | None) -> ProgramChanged:
        """PUT /programs/{program}."""
        path = _path("programs", program)
        return self._call("PUT", path, ProgramChanged, body=rules, headers=_if_match(etag))

    def delete_program(self, program: ProgramId, *, etag: str | None = None) -> None:
        """DELETE /programs/{program}."""
        self._send("DELETE", _path("programs", program), headers=_if_match(etag))

    def oadr_events(self) -> Iterator[OadrEventStatus]:
        """GET /openadr/events, page by page."""
        query: dict[str, str | int] = {"limit": PAGE_MAX}
        while True:
            page = self._call("GET", "/openadr/events", OadrEventPage, query=query)
            yield from page.items
            if page.next is None:
                return
            query["cursor"] = page.next

    def fleet(self) -> Fleet:
        """GET /fleet."""
        return self._call("GET", "/fleet", Fleet)

    def fleet_history(self, from_ts: int, to_ts: int) -> Iterator[FleetSample]:
        """GET /fleet/history, page by page."""
        return self._items("/fleet/history", FleetHistory, from_ts, to_ts)

    def telemetry(
        self, ven_id: VenId, from_ts: int, to_ts: int, *, circuits: bool = False
    ) -> Iterator[TelemetryRow]:
        """GET /vens/{id}/telemetry, page by page."""
        more = {"circuits": "true"} if circuits else {}
        return self._items(_path("vens", ven_id, "telemetry"), TelemetryPage, from_ts, to_ts, more)

    def circuits(self, ven_id: VenId) -> Circuits | None:
        """GET /vens/{id}."""
        return self._call("GET", _path("vens", ven_id), VenDetail).circuits

    def _items(
        self, path: str, kind: type[Any], from_ts: int, to_ts: int, more: Mapping[str, str] = {}
    ) -> Iterator[Any]:
        """The items of a listing between two times."""
        query: dict[str, str | int] = {"from": from_ts, "to": to_ts, "limit": PAGE_MAX, **more}
        while True:
            page = self._call("GET", path, kind, query=query)
            yield from page.items
            if page.next is None:
                return
            query["cursor"] = page.next

    def dead_letters(self) -> None:
        """Nothing: the API has no route to the queues."""

    def _call(
        self,
        method: str,
        path: str,
        kind: type[T],
        *,
        query: Mapping[str, str | int] | None = None,
        body: msgspec.Struct | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> T:
        """The answer to a call as a *kind*. Raises RefusedError, CloudError."""
        raw = self._send(method, f"{path}?{urlencode(query)}" if query else path, body, headers)
        try:
            return msgspec.json.decode(raw, type=kind)
        except msgspec.MsgspecError as error:
            raise CloudError(f"{self._url} answers something else than this version reads: {error}") from None

    def _send(
        self,
        method: str,
        target: str,
        body: msgspec.Struct | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        sent = {"Accept": JSON, **(headers or {})} | ({"Content-Type": JSON} if body is not None else {})
        data = b"" if body is None else codec.encode(body)
        request = AWSRequest(method, f"{self._url}{target}", data=data, headers=sent)
        try:
            self._signer.add_auth(request)
            answer = self._http.send(request.prepare())
            content: bytes = answer.content
        except (HTTPClientError, NoConnectionError) as error:
            raise CloudError(f"cannot reach {self._url}: check --api and the network") from error
        except BotoCoreError as error:
            raise CloudError(f"the call cannot be signed: {error}") from error
        if answer.status_code >= 400:
            raise self._refusal(answer.status_code, content)
        return content

    def _refusal(self, status: int, content: bytes) -> Exception:
        """A problem as the error that it is: one line that names the field."""
        try:
            problem = json.loads(content)
        except ValueError:
            problem = {}
        problem = problem if isinstance(problem, dict) else {}
        says = str(
            problem.get("detail") or problem.get("message") or problem.get("Message") or "no reason given"
        )
        if status in REFUSED and str(problem.get("type", "")).startswith(PROBLEM_TYPE):
            code = str(problem["type"]).removeprefix(PROBLEM_TYPE)
            return RefusedError(str(problem.get("field") or "request"), says, code)
        if status == 403:
            return CloudError(f"the API does not take this call from these credentials: {says}")
        match = f" (request {problem['requestId']})" if problem.get("requestId") else ""
        return CloudError(f"the API answers {status}: {says}{match}")


def is_loopback(url: str) -> bool:
    """True for an address of this machine."""
    return urlsplit(url).hostname in LOOPBACK


def _checked(url: str) -> str:
    address = urlsplit(url)
    if address.scheme not in {"https", "http"} or not address.netloc or address.query:
        raise FieldError(
            "--api", f"{url!r} is no address, such as https://….execute-api.eu-west-1.amazonaws.com"
        )
    if address.scheme == "http" and not is_loopback(url):
        raise FieldError("--api", "takes plain http on this machine alone")
    return url.rstrip("/")


def _if_match(etag: str | None) -> dict[str, str]:
    """The header that makes a change conditional; none without *etag*."""
    return {} if etag is None else {"If-Match": f'"{etag}"'}


def _path(*names: str) -> str:
    return "".join(f"/{quote(name, safe='')}" for name in names)
