"""The options by which a twin is a VEN of a VTN of OpenADR."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import FieldError
from ven_twin.cli.connection import Options

if TYPE_CHECKING:
    from ven_twin.ven.openadr.link import VtnLink

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
VTN: Options = {
    "vtn": (VtnOption, None),
    "client_id": (ClientOption, None),
    "client_secret_file": (ClientSecretOption, None),
    "vtn_ca": (VtnCaOption, None),
    "vtn_poll": (VtnPollOption, "30s"),
    "vtn_resources": (VtnResourcesOption, "meter"),
    "vtn_program": (VtnProgramOption, None),
    "vtn_beside_aws": (VtnBesideOption, False),
}


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
) -> tuple[VtnLink | None, bool]:
    """The VTN that the options name, or None, and whether it is the only cloud. Raises FieldError."""
    if vtn is None:
        options: dict[str, object] = {"--client-id": client_id, "--client-secret-file": client_secret_file}
        options |= {"--vtn-ca": vtn_ca, "--vtn-program": vtn_program}
        options |= {"--vtn-beside-aws": vtn_beside_aws or None}
        for option, value in options.items():
            if value is not None:
                raise FieldError(option, "is for --vtn, which is not given")
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
    )
    return link, not vtn_beside_aws
