"""The options by which a twin is a VEN of a VTN of OpenADR."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contracts.errors import FieldError
from ven_twin.cli.connection import Options

if TYPE_CHECKING:
    from ven_twin.ven.openadr.callback import VtnCallback
    from ven_twin.ven.openadr.link import VtnLink

VTN_STAGE = "openadr"
"""The folder of the VENs that have no AWS, in place of a stage's."""
VtnOption = Annotated[
    str | None,
    typer.Option(
        "--vtn",
        envvar="VEN_TWIN_VTN",
        help="Base address of a VTN of OpenADR 3.1.0, whose VEN it is instead of AWS's:"
        " https://vtn.example.org/openadr3/3.1.0.",
    ),
]
ClientOption = Annotated[
    str | None,
    typer.Option("--client-id", envvar="VEN_TWIN_CLIENT_ID", help="The client that it is at the VTN."),
]
ClientSecretOption = Annotated[
    Path | None,
    typer.Option(
        "--client-secret-file",
        envvar="VEN_TWIN_CLIENT_SECRET_FILE",
        help="File with that client's secret, which only you can read.",
    ),
]
VtnCaOption = Annotated[
    Path | None,
    typer.Option(
        "--vtn-ca",
        envvar="VEN_TWIN_VTN_CA",
        help="File with the certificate of who signed the VTN's; the system's when left out.",
    ),
]
VtnPollOption = Annotated[
    str,
    typer.Option("--vtn-poll", envvar="VEN_TWIN_VTN_POLL", help="Between two looks at its events: 30s."),
]
VtnResourcesOption = Annotated[
    str,
    typer.Option(
        "--vtn-resources",
        envvar="VEN_TWIN_VTN_RESOURCES",
        help="meter: it reports of the whole house; circuits: of each circuit.",
    ),
]
VtnProgramOption = Annotated[
    str | None,
    typer.Option(
        "--vtn-program",
        envvar="VEN_TWIN_VTN_PROGRAM",
        help="The name of the program whose events it acts on; all that it sees when left out.",
    ),
]
VtnBesideOption = Annotated[
    bool,
    typer.Option(
        "--vtn-beside-aws",
        envvar="VEN_TWIN_VTN_BESIDE_AWS",
        help="Be a VEN of the stage on AWS as well.",
    ),
]
CallbackUrlOption = Annotated[
    str | None,
    typer.Option(
        "--vtn-callback-url",
        envvar="VEN_TWIN_VTN_CALLBACK_URL",
        help="Have the VTN call this address when something has changed, and poll rarely: https://home.example.org/ven.",
    ),
]
CallbackHostOption = Annotated[
    str,
    typer.Option(
        "--vtn-callback-host",
        envvar="VEN_TWIN_VTN_CALLBACK_HOST",
        help="Where those calls arrive; off loopback a certificate is needed.",
    ),
]
CallbackPortOption = Annotated[
    int,
    typer.Option(
        "--vtn-callback-port",
        envvar="VEN_TWIN_VTN_CALLBACK_PORT",
        min=1,
        max=65535,
        help="The port where those calls arrive.",
    ),
]
CallbackCertOption = Annotated[
    Path | None,
    typer.Option(
        "--vtn-callback-cert",
        envvar="VEN_TWIN_VTN_CALLBACK_CERT",
        help="File with the certificate for that address; none behind a proxy with TLS on this machine.",
    ),
]
CallbackKeyOption = Annotated[
    Path | None,
    typer.Option(
        "--vtn-callback-key",
        envvar="VEN_TWIN_VTN_CALLBACK_KEY",
        help="File with the certificate's key, where it is not in the same file.",
    ),
]
MqttWakeOption = Annotated[
    bool,
    typer.Option(
        "--vtn-mqtt",
        envvar="VEN_TWIN_VTN_MQTT",
        help="Listen to the VTN's MQTT broker, where it has one, and poll rarely.",
    ),
]
CalledPollOption = Annotated[
    str,
    typer.Option(
        "--vtn-called-poll",
        envvar="VEN_TWIN_VTN_CALLED_POLL",
        help="Between two looks at its events while the VTN tells of changes: 15m.",
    ),
]
VTN_LINK: Options = {
    "vtn": (VtnOption, None),
    "client_id": (ClientOption, None),
    "client_secret_file": (ClientSecretOption, None),
    "vtn_ca": (VtnCaOption, None),
    "vtn_poll": (VtnPollOption, "30s"),
    "vtn_resources": (VtnResourcesOption, "meter"),
    "vtn_program": (VtnProgramOption, None),
    "vtn_beside_aws": (VtnBesideOption, False),
}
CALLBACK: Options = {
    "vtn_callback_url": (CallbackUrlOption, None),
    "vtn_callback_host": (CallbackHostOption, "127.0.0.1"),
    "vtn_callback_port": (CallbackPortOption, 8443),
    "vtn_callback_cert": (CallbackCertOption, None),
    "vtn_callback_key": (CallbackKeyOption, None),
}
CALLED: Options = {
    **CALLBACK,
    "vtn_mqtt": (MqttWakeOption, False),
    "vtn_called_poll": (CalledPollOption, "15m"),
}
VTN: Options = {**VTN_LINK, **CALLED}


def vtn_link(
    *,
    vtn: str | None,
    client_id: str | None,
    client_secret_file: Path | None,
    vtn_ca: Path | None,
    vtn_poll: str,
    vtn_resources: str,
    vtn_program: str | None,
    vtn_beside_aws: bool,
    vtn_mqtt: bool = False,
    vtn_called_poll: str = "15m",
    **callback: Any,
) -> tuple[VtnLink | None, bool]:
    """The VTN that the options name, or None, and whether it is the only cloud. Raises FieldError."""
    if vtn is None:
        options: dict[str, object] = {"--client-id": client_id, "--client-secret-file": client_secret_file}
        options |= {"--vtn-ca": vtn_ca, "--vtn-program": vtn_program}
        options |= {"--vtn-beside-aws": vtn_beside_aws or None}
        options |= {"--vtn-callback-url": callback.get("vtn_callback_url"), "--vtn-mqtt": vtn_mqtt or None}
        _refuse_all(options, "--vtn")
        return None, False
    from contracts.api.event_text import parse_seconds
    from ven_twin.ven.openadr.link import read_link

    link = read_link(
        vtn,
        client_id=client_id,
        secret_file=client_secret_file,
        ca=vtn_ca,
        poll_s=parse_seconds(vtn_poll, "--vtn-poll"),
        reported_by=vtn_resources,
        program=vtn_program,
        callback=_callback(**callback) if callback else None,
        listens=vtn_mqtt,
        called_poll_s=parse_seconds(vtn_called_poll, "--vtn-called-poll"),
    )
    return link, not vtn_beside_aws


def _callback(
    *,
    vtn_callback_url: str | None,
    vtn_callback_host: str,
    vtn_callback_port: int,
    vtn_callback_cert: Path | None,
    vtn_callback_key: Path | None,
) -> VtnCallback | None:
    """The address at which the VTN calls, or None. Raises FieldError."""
    if vtn_callback_url is None:
        options = {"--vtn-callback-cert": vtn_callback_cert, "--vtn-callback-key": vtn_callback_key}
        _refuse_all(options, "--vtn-callback-url")
        return None
    from ven_twin.ven.openadr.callback import read_callback

    return read_callback(
        vtn_callback_url,
        host=vtn_callback_host,
        port=vtn_callback_port,
        cert=vtn_callback_cert,
        key=vtn_callback_key,
    )


def _refuse_all(options: Mapping[str, object], without: str) -> None:
    """Raise FieldError where one of *options* has a value, without which it is for nothing."""
    for option, value in options.items():
        if value is not None:
            raise FieldError(option, f"is for {without}, which is not given")
