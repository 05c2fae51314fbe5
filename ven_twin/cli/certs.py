"""``ven-twin certs``: a VEN's identity fetched, rotated, or taken away."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.api.event_text import parse_seconds
from contracts.api.requests import RotationOp, RotationRequest
from contracts.errors import FieldError, VenTwinError
from contracts.store.stack import (
    SECRET_CA,
    SECRET_CERTIFICATE,
    SECRET_PRIVATE_KEY,
    SECRET_RULES,
    StackOutput,
    tls_secret_name,
)
from contracts.wire.ids import VenId
from contracts.wire.topics import check_ven_id
from ven_twin.cli.connection import JsonOption, VenArgument, ven_folder, with_cloud
from ven_twin.cli.console import print_answer
from ven_twin.cli.tree import CommandGroup

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.cloud import Cloud

CHANGE_OVER_S = 120.0
app = CommandGroup("A VEN's certificate and key: fetched, rotated, claimed, revoked.")
OutOption = Annotated[
    Path | None, typer.Option("--out", help="Folder to write to, 0700; the VEN's when left out.")
]


@app.command()
@with_cloud
def fetch(
    ven_id: VenArgument,
    *,
    secret: Annotated[
        str | None,
        typer.Option("--secret", help="Secret with the VEN's identity; the stack's when left out."),
    ] = None,
    out: OutOption = None,
    cloud: Callable[[], Cloud],
    json_output: JsonOption = False,
) -> None:
    """Write the VEN's CA, certificate and key into a folder that only you can read.

    Examples:
        ven-twin certs fetch ven-1 --out tls
    """
    ven_id = check_ven_id(ven_id, "VEN")
    stack = cloud()
    folder = out or ven_folder(stack.stage, ven_id) / "tls"
    tls = stack.tls(secret or tls_secret_name(stack.stage, ven_id))
    endpoint, port = save_tls(stack, tls, folder)
    answer = {"folder": str(folder), "endpoint": endpoint, "port": port}
    print_answer(
        {**answer, "rules": tls[SECRET_RULES]} if SECRET_RULES in tls else answer,
        f"{folder} holds the identity of {ven_id}. Its broker is {endpoint}:{port}.",
        json_output=json_output,
    )


def save_identity(cloud: Cloud, ven_id: VenId, folder: Path, secret: str | None = None) -> tuple[str, int]:
    """Write a VEN's identity from *cloud* into *folder*; where its broker is."""
    return save_secret(cloud, secret or tls_secret_name(cloud.stage, ven_id), folder)


def save_secret(cloud: Cloud, secret: str, folder: Path) -> tuple[str, int]:
    """Write the identity in *secret* into *folder*; where its broker is."""
    return save_tls(cloud, cloud.tls(secret), folder)


def save_tls(cloud: Cloud, tls: Mapping[str, str], folder: Path) -> tuple[str, int]:
    """Write the identity of a secret's fields into *folder*; where its broker is."""
    from ven_twin.ven.identity import identity_files

    where = cloud.mqtt()
    identity_files.save(folder, tls[SECRET_CA], tls[SECRET_CERTIFICATE], tls[SECRET_PRIVATE_KEY])
    return where


@app.command()
@with_cloud
def rotate(
    ven_id: VenArgument,
    *,
    out: OutOption = None,
    wait: Annotated[str, typer.Option("--wait", help="How long the VEN has to change over.")] = "2m",
    cloud: Callable[[], Cloud],
    json_output: JsonOption = False,
) -> None:
    """Give a VEN another certificate while it runs; the old one goes when it is connected with the new one.

    Cut short anywhere, the VEN can still connect: run it again.

    Examples:
        ven-twin certs rotate ven-1
    """
    ven_id = check_ven_id(ven_id, "VEN")
    wait_s, stack = parse_seconds(wait, "--wait"), cloud()
    certificate_id = rotate_ven(stack, ven_id, out or ven_folder(stack.stage, ven_id) / "tls", wait_s)
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
def revoke(
    ven_id: VenArgument,
    *,
    now: Annotated[
        bool, typer.Option("--now", help="Cut any VEN off at once, also the stack's; it can come back.")
    ] = False,
    cloud: Callable[[], Cloud],
    json_output: JsonOption = False,
) -> None:
    """Take a VEN that came by claim out: its certificates, its thing, its row. Or cut any VEN off.

    Examples:
        ven-twin certs revoke ven-9
        ven-twin certs revoke ven-1 --now
    """
    ven_id = check_ven_id(ven_id, "VEN")
    if now:
        answer, text = cut_off_ven(cloud(), ven_id)
        print_answer(answer, text, json_output=json_output)
        return
    revoke_ven(cloud(), ven_id)
    text = f"{ven_id} is out: what it had opens nothing any more."
    print_answer({"venId": ven_id}, text, json_output=json_output)


def cut_off_ven(stack: Cloud, ven_id: VenId) -> tuple[dict[str, object], str]:
    """Cut a VEN off at once; the answer, and the same for people. Raises VenTwinError."""
    begun_s = time.monotonic()
    answer = _rotation(stack, RotationOp.CUT_OFF, ven_id)
    took_s = time.monotonic() - begun_s
    ended_s = answer.get("connectionEndedS")
    ended = "it was not connected, or AWS ends its connection within minutes"
    if isinstance(ended_s, float | int):
        ended = f"its connection ended after {ended_s:.2f} s"
    back = f"rotate {ven_id}" if answer["ofStack"] else f"allow {ven_id} --again"
    text = (
        f"{ven_id} is cut off, in {took_s:.2f} s: its certificates are inactive after"
        f" {answer['certificatesOffS']:.2f} s, {ended}; no event calls it. It comes back with another"
        f" identity: ven-twin certs {back}."
    )
    return {"venId": ven_id, "tookS": took_s} | {k: v for k, v in answer.items() if k.endswith("S")}, text


def revoke_ven(stack: Cloud, ven_id: VenId) -> None:
    """Take a VEN that came by claim out. Raises VenTwinError when there is none."""
    _rotation(stack, RotationOp.REVOKE, ven_id)


def _rotation(cloud: Cloud, op: RotationOp, ven_id: VenId) -> dict[str, object]:
    """The answer of the function that rotates.

    Raises:
        FieldError: it refuses the VEN, and has changed nothing.
        VenTwinError: with any other refusal.
    """
    answer = cloud.invoke(StackOutput.ROTATE_VEN, RotationRequest(op=op, ven_id=ven_id))
    if not answer.get("ok", True):
        error = str(answer.get("error"))
        raise FieldError("VEN", error) if answer.get("field") == "venId" else VenTwinError(error)
    return answer
