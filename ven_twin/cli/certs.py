"""``ven-twin certs``: a VEN's identity from Secrets Manager into files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.names import SECRET_CA, SECRET_CERTIFICATE, SECRET_PRIVATE_KEY, check_ven_id
from ven_twin.cli.console import print_json
from ven_twin.cli.places import (
    LOCAL,
    JsonOption,
    ProfileOption,
    RegionOption,
    StageOption,
    VenOption,
    connect,
    ven_folder,
)

if TYPE_CHECKING:
    from ven_twin.io.cloud import Cloud

app = typer.Typer(help="A VEN's certificate and key.", no_args_is_help=True)


@app.command()
def fetch(
    ven_id: VenOption,
    *,
    secret: Annotated[
        str | None, typer.Option("--secret", help="The secret's name; the stack's when left out.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write to, 0700.")] = None,
    stage: StageOption = LOCAL,
    profile: ProfileOption = None,
    region: RegionOption = None,
    json_output: JsonOption = False,
) -> None:
    """Write the VEN's CA, certificate and key into a folder that only you can read."""
    check_ven_id(ven_id, "--ven-id")
    folder = out or ven_folder(stage, ven_id) / "tls"
    endpoint, port = save_identity(connect(stage, profile, region), ven_id, folder, secret)
    if json_output:
        print_json({"folder": str(folder), "endpoint": endpoint, "port": port})
    else:
        typer.echo(f"{folder} holds the identity of {ven_id}. Its broker is {endpoint}:{port}.")


def save_identity(cloud: Cloud, ven_id: str, folder: Path, secret: str | None = None) -> tuple[str, int]:
    """Write a VEN's identity from *cloud* into *folder*; where its broker is."""
    from ven_twin.io import identity

    tls = cloud.tls(ven_id, secret)
    where = cloud.mqtt()
    identity.save(folder, tls[SECRET_CA], tls[SECRET_CERTIFICATE], tls[SECRET_PRIVATE_KEY])
    return where
