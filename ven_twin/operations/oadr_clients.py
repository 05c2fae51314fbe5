"""The clients of a stage's VTN, their secrets in files, and tokens to try it with."""

from __future__ import annotations

import base64
import contextlib
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote_plus, urlencode

import msgspec

from contracts.api.requests import Refused
from contracts.errors import FieldError, VenTwinError
from contracts.openadr.client_requests import (
    ClientAnswer,
    ClientList,
    ClientOp,
    ClientRequest,
    VtnClient,
    is_client_id,
)
from contracts.openadr.external_issuer import is_fetchable
from contracts.openadr.ids import ClientId
from contracts.openadr.scopes import Role, Scope
from contracts.openadr.tokens import AuthError, TokenAnswer
from contracts.store.stack import StackOutput
from contracts.wire import codec
from ven_twin.operations.aggregator.cloud import Cloud
from ven_twin.operations.aggregator.cloud_errors import CloudError
from ven_twin.operations.aggregator.protocol import RefusedError

T = TypeVar("T", bound=msgspec.Struct)
SECRET_FILE_MODE = 0o600
SECRET_MAX_CHARS = 1024
TOKEN_TIMEOUT_S = 30.0
ANSWER_MAX_BYTES = 64 * 1024


def check_client_id(text: str) -> ClientId:
    """*text* as a client's id. Raises FieldError."""
    if not is_client_id(text):
        raise FieldError(
            "CLIENT", f"{text!r} is no id: 1 to 64 of A-Z a-z 0-9 . _ -, the first a letter or digit"
        )
    return ClientId(text)


@dataclass(frozen=True, slots=True)
class OadrClients:
    """The clients of a stage's VTN. Each method raises RefusedError when the cloud side says no."""

    cloud: Cloud

    def make(
        self, client_id: ClientId, role: Role | None, scopes: tuple[Scope, ...] | None
    ) -> tuple[VtnClient, str]:
        """Make a client; its secret, this once."""
        request = ClientRequest(op=ClientOp.MAKE, client_id=client_id, role=role, scopes=scopes)
        return self._with_secret(request)

    def rotate(self, client_id: ClientId, grace_s: int) -> tuple[VtnClient, str]:
        """Give a client another secret; that of before is good for *grace_s* more."""
        return self._with_secret(ClientRequest(op=ClientOp.ROTATE, client_id=client_id, grace_s=grace_s))

    def all(self) -> tuple[VtnClient, ...]:
        """Every client."""
        return self._invoke(ClientRequest(op=ClientOp.LIST), ClientList).clients

    def change(self, op: ClientOp, client_id: ClientId) -> VtnClient:
        """Show, disable, enable or remove a client."""
        return self._invoke(ClientRequest(op=op, client_id=client_id), ClientAnswer).client

    def set_scopes(
        self, client_id: ClientId, role: Role | None, scopes: tuple[Scope, ...] | None
    ) -> VtnClient:
        """Give a client these scopes in place of its own."""
        request = ClientRequest(op=ClientOp.SCOPES, client_id=client_id, role=role, scopes=scopes)
        return self._invoke(request, ClientAnswer).client

    def _with_secret(self, request: ClientRequest) -> tuple[VtnClient, str]:
        answer = self._invoke(request, ClientAnswer)
        if answer.client_secret is None:
            raise CloudError("the cloud has answered without a secret: rotate the client")
        return answer.client, answer.client_secret

    def _invoke(self, request: ClientRequest, kind: type[T]) -> T:
        answer = self.cloud.invoke(StackOutput.VTN_CLIENTS, codec.without_nulls(msgspec.to_builtins(request)))
        if answer.get("ok") is False:
            refused = codec.convert(Refused, answer)
            raise RefusedError(refused.field or "CLIENT", refused.error, refused.code)
        return codec.convert(kind, answer)


class SecretFile:
    """A file for a secret that is to be made, which nobody else can read and that was not there before."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @contextlib.contextmanager
    def reserved(self) -> Iterator[SecretFile]:
        """Make the file before there is a secret, so that none is made that cannot be written.

        Raises:
            FieldError: it is there already, or cannot be made.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        try:
            self._descriptor = os.open(self.path, flags, SECRET_FILE_MODE)
        except FileExistsError:
            raise FieldError("--secret-file", f"{self.path} is there already: name another file") from None
        except OSError as error:
            raise FieldError(
                "--secret-file", f"{self.path} cannot be made: {error.strerror or error}"
            ) from None
        try:
            yield self
        finally:
            os.close(self._descriptor)
            if self.path.stat().st_size == 0:
                self.path.unlink()

    def write(self, secret: str) -> None:
        """Write *secret* into the reserved file."""
        if self._descriptor is None:
            raise RuntimeError("the file is not reserved")
        os.write(self._descriptor, f"{secret}\n".encode("ascii"))
        os.fsync(self._descriptor)


def read_secret(path: Path) -> str:
    """The secret in a file. Raises FieldError."""
    try:
        secret = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise FieldError("--secret-file", f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise FieldError("--secret-file", f"{path} has no secret in it") from None
    if not 0 < len(secret) <= SECRET_MAX_CHARS or not secret.isprintable():
        raise FieldError("--secret-file", f"{path} has no secret in it")
    return secret


def vtn_url(cloud: Cloud) -> str:
    """The base URL of the stage's VTN. Raises CloudError when it is none."""
    url = cloud.optional_output(StackOutput.VTN_URL)
    if url is None:
        raise CloudError("this stage is no VTN: deploy it without -c openadr=off")
    return url


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the secret would go along."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """No request."""
        return


def fetch_token(base_url: str, client_id: ClientId, secret: str) -> TokenAnswer:
    """A token of the VTN at *base_url*, by HTTP Basic.

    Raises:
        VenTwinError: it was refused, or the VTN cannot be reached.
    """
    url = f"{base_url}/auth/token"
    if not is_fetchable(url):
        raise VenTwinError(
            f"{base_url} is neither https:// nor http:// on this machine: no secret goes there"
        )
    credentials = f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()
    request = urllib.request.Request(  # noqa: S310 - it is HTTPS, or on this machine
        url,
        data=urlencode({"grant_type": "client_credentials"}).encode(),
        headers={
            "Authorization": f"Basic {base64.b64encode(credentials).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )
    proxies = urllib.request.ProxyHandler({}) if url.startswith("http:") else urllib.request.ProxyHandler()
    try:
        opener = urllib.request.build_opener(proxies, _NoRedirect)
        with opener.open(request, timeout=TOKEN_TIMEOUT_S) as answer:
            return codec.decode(TokenAnswer, answer.read(ANSWER_MAX_BYTES))
    except urllib.error.HTTPError as error:
        raise VenTwinError(f"no token: {_reason(error)}") from None
    except OSError as error:
        raise VenTwinError(f"no token: {url} cannot be reached ({type(error).__name__})") from None


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        refused = codec.decode(AuthError, error.read(ANSWER_MAX_BYTES))
    except VenTwinError:
        return f"the VTN answered {error.code}"
    return f"{refused.error}: {refused.error_description or error.code}"
