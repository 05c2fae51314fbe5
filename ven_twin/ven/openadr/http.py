"""Requests to a VTN: bounded, verified, without redirects; what goes wrong is one of three errors.

| answer | raised |
|---|---|
| 2xx, 304 | none |
| none, or one that is no HTTP, too long, or a redirect | `VtnUnreachableError` |
| 429, 503 | `VtnBusyError`, with its Retry-After |
| 408, 425, 5xx | `VtnUnreachableError` |
| any other | `VtnRefusedError` |
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self

import httpx
import msgspec

from contracts.wire.plain_text import plain_line
from ven_twin.ven.openadr.errors import VtnBusyError, VtnError, VtnRefusedError, VtnUnreachableError

TIMEOUT_S = 10.0
"""For the connection, and for each look at an answer."""
ANSWER_MAX_BYTES = 4 * 1024 * 1024
RETRY_AFTER_MAX_S = 3600.0
BUSY = frozenset({429, 503})
AGAIN = frozenset({408, 425})
NOT_MODIFIED = 304


class VtnReply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: its status, its body, and of its headers those that matter; times are UTC s."""

    status: int
    body: bytes
    etag: str | None = None
    date_ts: float | None = None
    retry_after_s: float | None = None


class _VtnProblem(msgspec.Struct, frozen=True):
    title: str | None = None
    detail: str | None = None
    error: str | None = None
    error_description: str | None = None


class VtnHttp:
    """Connections to one VTN, within an ``async with`` block."""

    def __init__(self, context: ssl.SSLContext, *, is_https: bool) -> None:
        self._client = httpx.AsyncClient(
            verify=context,
            timeout=TIMEOUT_S,
            trust_env=is_https,  # a proxy may stand before a VTN, never before this machine
            headers={"User-Agent": "ven-twin", "Accept": "application/json"},
            limits=httpx.Limits(max_connections=2, keepalive_expiry=90.0),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def send(  # noqa: PLR0917 - as HTTP has them in its order
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        secrets: Sequence[str] = (),
    ) -> VtnReply:
        """Send one request; no error has one of its *secrets* in it. Raises VtnError as the table says."""
        request = self._client.build_request(
            method, url, headers=headers, content=content, params=params, data=form
        )
        reply = await self._reply(request)
        if 200 <= reply.status < 300 or reply.status == NOT_MODIFIED:
            return reply
        raise _refusal(request, reply, secrets)

    async def _reply(self, request: httpx.Request) -> VtnReply:
        try:
            response = await self._client.send(request, stream=True, follow_redirects=False)
            try:
                body = await _bounded(response)
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise VtnUnreachableError(f"{_place(request)} {_why(error)}") from None
        date_ts = _date_ts(response.headers.get("date"))
        return VtnReply(
            status=response.status_code,
            body=body,
            etag=response.headers.get("etag"),
            date_ts=date_ts,
            retry_after_s=_retry_after_s(response.headers.get("retry-after"), date_ts),
        )


async def _bounded(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > ANSWER_MAX_BYTES:
            raise ValueError(f"answers with more than {ANSWER_MAX_BYTES} bytes")
    return bytes(body)


def _refusal(request: httpx.Request, reply: VtnReply, secrets: Sequence[str]) -> VtnError:
    status, where = reply.status, f"{_place(request)} answers {reply.status}"
    reason = _reason(reply.body)
    repeats = any(secret in reason for secret in secrets)
    text = f"{where} to {request.method} {request.url.path}{'' if repeats else reason}"
    if status in BUSY:
        return VtnBusyError(text, reply.retry_after_s)
    if 300 <= status < 400:
        return VtnUnreachableError(f"{where}, a redirect, which is not followed")
    if status in AGAIN or not 400 <= status < 500:
        return VtnUnreachableError(text)
    return VtnRefusedError(text, status)


def _reason(body: bytes) -> str:
    """The reason in an answer, as a problem or an error of OAuth has it; nothing else of it."""
    try:
        problem = msgspec.json.decode(body, type=_VtnProblem)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ""
    texts = (problem.error_description, problem.detail, problem.error, problem.title)
    reason = next((text for text in texts if text), None)
    return f": {plain_line(reason)}" if reason else ""


def _place(request: httpx.Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc.decode('ascii', 'replace')}"


def _why(error: Exception) -> str:
    """The reason in words, without anything that the other end wrote."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"has a certificate that is not trusted: {cause.verify_message}"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.TimeoutException):
        return f"gives no answer within {TIMEOUT_S:.0f} s"
    if isinstance(error, httpx.ConnectError):
        return "cannot be reached"
    return str(error) if type(error) is ValueError else f"gives no answer of HTTP ({type(error).__name__})"


def _date_ts(text: str | None) -> float | None:
    try:
        return None if text is None else parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None


def _retry_after_s(text: str | None, date_ts: float | None) -> float | None:
    """The pause that Retry-After says, s: a number, or a time after the answer's own."""
    if text is None:
        return None
    if text.strip().isdecimal() and len(text) < 12:
        return min(RETRY_AFTER_MAX_S, float(text))
    until_ts = _date_ts(text)
    if until_ts is None or date_ts is None:
        return None
    return min(RETRY_AFTER_MAX_S, max(0.0, until_ts - date_ts))
