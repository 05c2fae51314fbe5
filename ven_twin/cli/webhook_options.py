"""The options of a twin's webhook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import FieldError
from ven_twin.cli.connection import Options

if TYPE_CHECKING:
    from ven_twin.ven.webhook.receiver import Receiver

WebhookOption = Annotated[
    str | None,
    typer.Option(
        "--webhook",
        envvar="VEN_TWIN_WEBHOOK",
        help="Post what becomes of its events to this address: https://home.example.org/ven.",
    ),
]
SecretOption = Annotated[
    Path | None,
    typer.Option(
        "--webhook-secret-file",
        envvar="VEN_TWIN_WEBHOOK_SECRET_FILE",
        help="File with the secret that signs each notification.",
    ),
]
PlainHttpOption = Annotated[
    bool,
    typer.Option(
        "--webhook-plain-http",
        envvar="VEN_TWIN_WEBHOOK_PLAIN_HTTP",
        help="Take http to this machine or a private address of the home.",
    ),
]
LinkAfterOption = Annotated[
    str,
    typer.Option(
        "--webhook-link-after",
        envvar="VEN_TWIN_WEBHOOK_LINK_AFTER",
        help="Tell of a lost link to the cloud when it has lasted so long: 5m.",
    ),
]
WEBHOOK: Options = {
    "webhook": (WebhookOption, None),
    "webhook_secret_file": (SecretOption, None),
    "webhook_plain_http": (PlainHttpOption, False),
    "webhook_link_after": (LinkAfterOption, "5m"),
}


def webhook_receiver(
    url: str | None, *, secret_file: Path | None, plain_http: bool, link_after: str
) -> Receiver | None:
    """The receiver that the options name; None without one. Raises FieldError."""
    if url is None:
        if secret_file is not None:
            raise FieldError("--webhook-secret-file", "is for --webhook, which is not given")
        return None
    from contracts.api.event_text import parse_seconds
    from ven_twin.ven.webhook.receiver import read_receiver

    link_after_s = parse_seconds(link_after, "--webhook-link-after")
    return read_receiver(url, secret_file=secret_file, plain_http=plain_http, link_after_s=link_after_s)
