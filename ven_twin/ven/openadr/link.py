"""The link to a VTN: its address, the client that the VEN is there, and how often it asks."""

from __future__ import annotations

import ssl
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from contracts.errors import FieldError
from contracts.openadr.external_issuer import is_fetchable
from ven_twin.ven.openadr.callback import VtnCallback

POLL_S = 30.0
POLL_LEAST_S, POLL_MOST_S = 1.0, 3600.0
CALLED_POLL_S, CALLED_POLL_MOST_S = 900.0, 86_400.0
SECRET_MAX_CHARS = 1024


class ReportedBy(StrEnum):
    """The resources by which a VEN reports."""

    METER = "meter"
    CIRCUITS = "circuits"


class VtnLink(msgspec.Struct, frozen=True, kw_only=True):
    """A VTN, and this VEN as a client of it.

    Attributes:
        url: its base address, without a slash at its end.
        client_id: the client.
        secret_file: the file with the client's secret, which is read each time that a token is asked for.
        ca_file: the file with the certificates that its TLS is verified by; None for the system's.
        poll_s: between two looks at its events, s.
        reported_by: the resources.
        program: the name of the program whose events are acted on; None for all.
        shares_client: whether other VENs are the same client, whose events the VTN lists as well.
        callback: the address at which the VTN calls this VEN; None where it does not.
        listens: whether its broker is listened to, where it has one.
        called_poll_s: between two looks at its events while it calls, or its broker is listened to, s.
    """

    url: str
    client_id: str
    secret_file: str
    ca_file: str | None = None
    poll_s: float = POLL_S
    reported_by: ReportedBy = ReportedBy.METER
    program: str | None = None
    shares_client: bool = False
    callback: VtnCallback | None = None
    listens: bool = False
    called_poll_s: float = CALLED_POLL_S

    @property
    def place(self) -> str:
        """The part of the address that a log may show."""
        address = urlsplit(self.url)
        return f"{address.scheme}://{address.netloc}"

    @property
    def key(self) -> str:
        """The VTN and the client, by which what was remembered of them is told from that of others."""
        return f"{self.url} {self.client_id}"

    def secret(self) -> str:
        """The client's secret. Raises FieldError, without it."""
        field, path = "--client-secret-file", Path(self.secret_file)
        try:
            mode, secret = path.stat().st_mode & 0o077, path.read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise FieldError(field, f"{path} cannot be read: {reason}") from None
        if mode:
            raise FieldError(field, f"others can read {path}: chmod 600 it")
        if not 0 < len(secret) <= SECRET_MAX_CHARS or not secret.isprintable():
            raise FieldError(field, f"{path} has no secret in it, of one line and up to {SECRET_MAX_CHARS}")
        return secret

    def tls(self) -> ssl.SSLContext:
        """TLS 1.2 or newer; the VTN's certificate and name are verified. Raises FieldError.

        Interpretation: as for AWS IoT, a private authority needs no KeyUsage.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except OSError:  # among them what ssl says of a file of something else
            raise FieldError("--vtn-ca", f"{self.ca_file} is no file with certificates in PEM") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context


def read_link(
    url: str,
    *,
    client_id: str | None,
    secret_file: Path | None,
    ca: Path | None = None,
    poll_s: float = POLL_S,
    reported_by: str = ReportedBy.METER,
    program: str | None = None,
    callback: VtnCallback | None = None,
    listens: bool = False,
    called_poll_s: float = CALLED_POLL_S,
) -> VtnLink:
    """The link that these options describe; its files are looked at. Raises FieldError."""
    if not is_fetchable(url) or not url.isascii() or not url.isprintable() or "?" in url or "#" in url:
        raise FieldError("--vtn", "is no https:// address, nor http:// on this machine")
    if client_id is None or not 0 < len(client_id) <= 128 or not client_id.isprintable():
        raise FieldError("--client-id", "name the client that this VEN is at the VTN, 1 to 128 characters")
    if secret_file is None:
        raise FieldError("--client-secret-file", "name the file with the client's secret")
    if not POLL_LEAST_S <= poll_s <= POLL_MOST_S:
        raise FieldError("--vtn-poll", f"1 s to 1 h, got {poll_s:g} s")
    if not POLL_LEAST_S <= called_poll_s <= CALLED_POLL_MOST_S:
        raise FieldError("--vtn-called-poll", f"1 s to 24 h, got {called_poll_s:g} s")
    if listens and callback is not None:
        raise FieldError("--vtn-mqtt", "either this or --vtn-callback-url")
    if reported_by not in set(ReportedBy):
        raise FieldError("--vtn-resources", f"{reported_by!r} is none of {', '.join(ReportedBy)}")
    link = VtnLink(
        url=url.rstrip("/"),
        client_id=client_id,
        secret_file=str(secret_file.absolute()),
        ca_file=None if ca is None else str(ca.absolute()),
        poll_s=poll_s,
        reported_by=ReportedBy(reported_by),
        program=program,
        callback=callback,
        listens=listens,
        called_poll_s=called_poll_s,
    )
    link.secret()
    link.tls()
    return link
