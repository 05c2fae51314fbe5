"""The options by which a resident is shown a twin elsewhere: in Home Assistant, by a webhook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from contracts.errors import FieldError
from ven_twin.cli.connection import Options

if TYPE_CHECKING:
    from ven_twin.ven.home_assistant.broker import HomeBroker
    from ven_twin.ven.webhook.receiver import Receiver

HomeAssistantOption = Annotated[
    str | None,
    typer.Option(
        "--home-assistant",
        envvar="VEN_TWIN_HOME_ASSISTANT",
        help="Show it in Home Assistant by this broker: mqtt://127.0.0.1:1883, or mqtts with TLS.",
    ),
]
CaOption = Annotated[
    Path | None,
    typer.Option(
        "--home-assistant-ca",
        envvar="VEN_TWIN_HOME_ASSISTANT_CA",
        help="File with the certificate of who signed that broker's; the system's when left out.",
    ),
]
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
RESIDENT: Options = {
    "home_assistant": (HomeAssistantOption, None),
    "home_assistant_ca": (CaOption, None),
    "webhook": (WebhookOption, None),
    "webhook_secret_file": (SecretOption, None),
    "webhook_plain_http": (PlainHttpOption, False),
    "webhook_link_after": (LinkAfterOption, "5m"),
}


class ShownElsewhere(NamedTuple):
    """A resident's Home Assistant and webhook; None where there is none."""

    home: HomeBroker | None
    receiver: Receiver | None


def shown_elsewhere(
    *,
    home_assistant: str | None,
    home_assistant_ca: Path | None,
    webhook: str | None,
    webhook_secret_file: Path | None,
    webhook_plain_http: bool,
    webhook_link_after: str,
) -> ShownElsewhere:
    """The ones that the options name. Raises FieldError."""
    home = _home_broker(home_assistant, home_assistant_ca)
    if webhook is None:
        if webhook_secret_file is not None:
            raise FieldError("--webhook-secret-file", "is for --webhook, which is not given")
        return ShownElsewhere(home, None)
    from contracts.api.event_text import parse_seconds
    from ven_twin.ven.webhook.receiver import read_receiver

    receiver = read_receiver(
        webhook,
        secret_file=webhook_secret_file,
        plain_http=webhook_plain_http,
        link_after_s=parse_seconds(webhook_link_after, "--webhook-link-after"),
    )
    return ShownElsewhere(home, receiver)


def variables(**options: Any) -> dict[str, str]:
    """The options as variables of a further ``ven-twin run``. Raises FieldError.

    An address can have a password, which a list of processes would show.
    """
    shown_elsewhere(**options)
    return {f"VEN_TWIN_{name.upper()}": str(value) for name, value in options.items() if value is not None}


def _home_broker(url: str | None, ca: Path | None) -> HomeBroker | None:
    if url is None:
        if ca is not None:
            raise FieldError("--home-assistant-ca", "is for --home-assistant, which is not given")
        return None
    import ssl

    from ven_twin.ven.home_assistant.broker import read_broker

    broker = read_broker(url, None if ca is None else str(ca.absolute()))
    try:
        ssl.create_default_context(cafile=broker.ca_file)
    except OSError:  # among them what ssl says of a file of something else
        raise FieldError("--home-assistant-ca", f"{ca} is no file with certificates in PEM") from None
    return broker
