"""``ven-twin certs``: a VEN's identity fetched, rotated, or claimed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.api.event_text import parse_duration
from contracts.api.requests import RotationOp, RotationRequest
from contracts.errors import FieldError, VenTwinError
from contracts.store.keys import ALLOWED_VENS, TTL_ATTRIBUTE, VENS
from contracts.store.stack import (
    SECRET_CA,
    SECRET_CERTIFICATE,
    SECRET_PRIVATE_KEY,
    StackOutput,
    claim_secret_name,
    claim_template_name,
    fits_stage,
    tls_secret_name,
)
from contracts.wire.ids import VenId
from contracts.wire.topics import check_ven_id
from ven_twin.cli.connection import LOCAL, JsonOption, StageOption, VenOption, ven_folder, with_cloud
from ven_twin.cli.console import echo, print_answer

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.cloud import Cloud

CHANGE_OVER_S = 120.0
app = typer.Typer(help="A VEN's certificate and key: fetched, rotated, claimed.", no_args_is_help=True)
OutOption = Annotated[Path | None, typer.Option("--out", help="The VEN's folder, 0700.")]


@app.command()
@with_cloud
def fetch(
    ven_id: VenOption,
    *,
    secret: Annotated[
        str | None, typer.Option("--secret", help="The secret's name; the stack's when left out.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write to, 0700.")] = None,
    cloud: Callable[[], Cloud],
    json_output: JsonOption = False,
) -> None:
    """Write the VEN's CA, certificate and key into a folder that only you can read."""
    ven_id = check_ven_id(ven_id, "--ven-id")
    stack = cloud()
    folder = out or ven_folder(stack.stage, ven_id) / "tls"
    endpoint, port = save_identity(stack, ven_id, folder, secret)
    print_answer(
        {"folder": str(folder), "endpoint": endpoint, "port": port},
        f"{folder} holds the identity of {ven_id}. Its broker is {endpoint}:{port}.",
        json_output=json_output,
    )


def save_identity(cloud: Cloud, ven_id: VenId, folder: Path, secret: str | None = None) -> tuple[str, int]:
    """Write a VEN's identity from *cloud* into *folder*; where its broker is."""
    return save_secret(cloud, secret or tls_secret_name(cloud.stage, ven_id), folder)


def save_secret(cloud: Cloud, secret: str, folder: Path) -> tuple[str, int]:
    """Write the identity in *secret* into *folder*; where its broker is."""
    from ven_twin.ven.identity import identity_files

    tls = cloud.tls(secret)
    where = cloud.mqtt()
    identity_files.save(folder, tls[SECRET_CA], tls[SECRET_CERTIFICATE], tls[SECRET_PRIVATE_KEY])
    return where


@app.command()
@with_cloud
def rotate(
    ven_id: VenOption,
    *,
    out: OutOption = None,
    wait: Annotated[
        float, typer.Option("--wait", help="How long the VEN has to change over, s.")
    ] = CHANGE_OVER_S,
    cloud: Callable[[], Cloud],
    json_output: JsonOption = False,
) -> None:
    """Give a VEN another certificate while it runs; the old one goes when it is connected with the new one.

    Cut short anywhere, the VEN can still connect: run it again.
    """
    ven_id = check_ven_id(ven_id, "--ven-id")
    stack = cloud()
    certificate_id = rotate_ven(stack, ven_id, out or ven_folder(stack.stage, ven_id) / "tls", wait)
    print_answer(
        {"venId": ven_id, "certificateId": certificate_id},
        f"{ven_id} is connected with certificate {certificate_id[:12]}…; the old one is gone.",
        json_output=json_output,
    )


def rotate_ven(stack: Cloud, ven_id: VenId, folder: Path, wait_s: float) -> str:
    """Give a VEN another certificate and wait until it has changed over; its id. Raises VenTwinError."""
    certificate_id = str(_rotation(stack, RotationOp.BEGIN, ven_id)["certificateId"])
    if folder.is_dir():  # this is the VEN's own host; elsewhere the VEN fetches it
        save_identity(stack, ven_id, folder)
    until_s = time.monotonic() + wait_s
    while not _rotation(stack, RotationOp.FINISH, ven_id)["changedOver"]:
        if time.monotonic() > until_s:
            raise VenTwinError(
                f"VEN {ven_id} has not changed over within {wait_s:g} s: both certificates stay valid;"
                " run this again when it is connected"
            )
        time.sleep(1.0)
    return certificate_id


@app.command()
@with_cloud
def allow(
    ven_id: Annotated[str, typer.Argument(help="The VEN.")],
    *,
    within: Annotated[str, typer.Option("--for", help="How long the VEN may claim.")] = "24h",
    again: Annotated[
        bool, typer.Option("--again", help="Although it has a certificate: it has lost its key.")
    ] = False,
    cloud: Callable[[], Cloud],
    json_output: JsonOption = False,
) -> None:
    """Put a VEN that is not in the stack on the list of those that may claim a certificate, once."""
    ven_id = check_ven_id(ven_id, "VEN_ID")
    stack = cloud()
    check_of_stage(stack, ven_id)
    row = stack.item(StackOutput.VENS_TABLE, {VENS.partition: ven_id}) or {}
    if row.get("certificateId") and not again:
        raise FieldError("VEN_ID", f"{ven_id} has a certificate; --again when it has lost its key")
    expires_ts = allow_ven(stack, ven_id, parse_duration(within, "--for"))
    print_answer(
        {"venId": ven_id, "expiresTs": expires_ts},
        f"{ven_id} may claim a certificate, once, within {within}.",
        json_output=json_output,
    )


def check_of_stage(stack: Cloud, ven_id: VenId) -> None:
    """Raise FieldError for a VEN that the stage's functions could not reach by its id."""
    pattern = stack.output(StackOutput.VEN_ID_PATTERN)
    if not fits_stage(ven_id, pattern):
        raise FieldError("VEN_ID", f"ids of this stage's VENs are {pattern}: {ven_id} could not claim")


def allow_ven(stack: Cloud, ven_id: VenId, within_s: float) -> int:
    """Put a VEN on the list of those that may claim; until when it is on it, UTC s."""
    expires_ts = int(time.time() + within_s)
    stack.put_items(StackOutput.ALLOWED_VENS, [{ALLOWED_VENS.partition: ven_id, TTL_ATTRIBUTE: expires_ts}])
    return expires_ts


@app.command("claim-kit")
@with_cloud
def claim_kit(
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder to write to, 0700.")],
    cloud: Callable[[], Cloud],
    json_output: JsonOption = False,
) -> None:
    """Write the claim certificate and its key, which a device carries until it has one of its own."""
    stack = cloud()
    endpoint, port = save_secret(stack, claim_secret_name(stack.stage), out)
    print_answer(
        {"folder": str(out), "endpoint": endpoint, "port": port},
        f"{out} holds the claim certificate. Its broker is {endpoint}:{port}.",
        json_output=json_output,
    )


@app.command()
def claim(
    ven_id: VenOption,
    *,
    claim: Annotated[Path, typer.Option("--claim", help="Folder with the claim certificate.")],
    endpoint: Annotated[str, typer.Option("--endpoint", help="MQTT host.")],
    port: Annotated[int, typer.Option("--port", help="MQTT port.")] = 8883,
    out: OutOption = None,
    stage: StageOption = LOCAL,
    json_output: JsonOption = False,
) -> None:
    """Get the VEN a certificate of its own, over MQTT and without AWS credentials."""
    ven_id = check_ven_id(ven_id, "--ven-id")
    folder = out or ven_folder(stage, ven_id) / "tls"
    certificate_id = claim_identity(ven_id, claim, (endpoint, port), folder, stage)
    print_answer(
        {"folder": str(folder), "certificateId": certificate_id},
        f"{folder} holds the identity of {ven_id}.",
        json_output=json_output,
    )


@app.command()
@with_cloud
def revoke(ven_id: VenOption, *, cloud: Callable[[], Cloud]) -> None:
    """Take a VEN that came by claim out: its certificates, its thing, its row."""
    ven_id = check_ven_id(ven_id, "--ven-id")
    revoke_ven(cloud(), ven_id)
    echo(f"{ven_id} is out: what it had opens nothing any more.")


def revoke_ven(stack: Cloud, ven_id: VenId) -> None:
    """Take a VEN that came by claim out. Raises VenTwinError when there is none."""
    _rotation(stack, RotationOp.REVOKE, ven_id)


def claim_identity(ven_id: VenId, claim: Path, broker: tuple[str, int], folder: Path, stage: str) -> str:
    """Claim a certificate for *ven_id* with the kit in *claim* and write it into *folder*; its id."""
    import asyncio

    from ven_twin.ven.identity import identity_files
    from ven_twin.ven.identity.claiming import Claiming

    kit = identity_files.load(claim)

    async def exchange() -> str:
        template = claim_template_name(stage)
        claimed = await Claiming(*broker, kit, ven_id, template).claim()
        ca_pem = kit.ca.read_text(encoding="ascii")
        identity_files.save(folder, ca_pem, claimed.certificate_pem, claimed.private_key_pem)
        return claimed.certificate_id

    return asyncio.run(exchange())


def _rotation(cloud: Cloud, op: RotationOp, ven_id: VenId) -> dict[str, object]:
    """The answer of the function that rotates. Raises VenTwinError with its refusal."""
    answer = cloud.invoke(StackOutput.ROTATE_VEN, RotationRequest(op=op, ven_id=ven_id))
    if not answer.get("ok", True):
        raise VenTwinError(str(answer.get("error")))
    return answer
