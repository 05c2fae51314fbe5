"""Where the CLI keeps things, and which cloud it speaks to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import FieldError

if TYPE_CHECKING:
    from ven_twin.io.cloud import Cloud

LOCAL = "local"
STAGES = (LOCAL, "dev", "prod")

StageOption = Annotated[
    str,
    typer.Option("--stage", envvar="VEN_TWIN_STAGE", help="local, or the stage deployed to AWS: dev, prod."),
]
ProfileOption = Annotated[str | None, typer.Option("--profile", help="AWS profile; not for local.")]
RegionOption = Annotated[str | None, typer.Option("--region", help="AWS region; not for local.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON on standard output.")]
VenOption = Annotated[str, typer.Option("--ven-id", help="The VEN.")]


def home() -> Path:
    """Where state is kept: ``VEN_TWIN_HOME``, else ``.ven-twin`` in the current folder."""
    return Path(os.environ.get("VEN_TWIN_HOME", ".ven-twin")).resolve()


def cloud_folder() -> Path:
    """The local cloud's folder."""
    return home() / "cloud"


def ven_folder(stage: str, ven_id: str) -> Path:
    """A twin's folder: its identity and its outbox."""
    return home() / "vens" / stage / ven_id


def connect(stage: str, profile: str | None = None, region: str | None = None) -> Cloud:
    """The stage's cloud: the local one that runs, or AWS with the caller's credentials.

    Raises:
        FieldError: an unknown stage.
        NotRunningError: the local cloud does not run.
    """
    from ven_twin.io.cloud import Access, Cloud

    if stage not in STAGES:
        raise FieldError("--stage", f"{stage!r} is none of {', '.join(STAGES)}")
    if stage != LOCAL:
        return Cloud(Access(stage, region=region, profile=profile))
    from local_cloud.runtime import MQTT_NAME, REGION, current

    runtime = current(cloud_folder())
    return Cloud(
        Access(
            LOCAL,
            region=REGION,
            endpoint_url=runtime.endpoint_url,
            access_key_id=runtime.access_key_id,
            secret_access_key=runtime.secret_access_key,
            mqtt=(MQTT_NAME, runtime.mqtt_port),
        )
    )
