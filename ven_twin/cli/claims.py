"""``ven-twin certs allow|claim-kit|claim``: an identity for a VEN that is not in the stack, once."""

from __future__ import annotations

import getpass
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.api.event_text import parse_duration
from contracts.errors import FieldError
from contracts.store.claim_codes import (
    CODE_BYTES,
    HASH_ATTRIBUTE,
    SALT_ATTRIBUTE,
    SALT_BYTES,
    code_hash,
    code_of,
)
from contracts.store.keys import ALLOWED_VENS, TTL_ATTRIBUTE, VENS
from contracts.store.stack import StackOutput, claim_secret_name, claim_template_name, fits_stage
from contracts.wire.ids import VenId
from contracts.wire.topics import check_ven_id
from ven_twin.cli.certs import OutOption, app, save_secret
from ven_twin.cli.connection import (
    LOCAL,
    JsonOption,
    MqttPortOption,
    StageOption,
    VenArgument,
    ven_folder,
    with_cloud,
)
from ven_twin.cli.console import print_answer

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.cloud import Cloud
    from ven_twin.ven.identity.identity_files import Identity

MQTT_PORT = 8883
CODE_VARIABLE = "VEN_TWIN_CLAIM_CODE"


@app.command()
@with_cloud
def allow(
    ven_id: VenArgument,
    *,
    within: Annotated[str, typer.Option("--for", help="How long the VEN may claim.")] = "24h",
    again: Annotated[
        bool, typer.Option("--again", help="Although it has a certificate: it has lost its key.")
    ] = False,
    cloud: Callable[[], Cloud],
    json_output: JsonOption = False,
) -> None:
    """Put a VEN that is not in the stack on the list of those that may claim a certificate, once.

    The claim code that it prints is the VEN's alone, and is printed this once: only its hash is stored.

    Examples:
        ven-twin certs allow ven-9 --for 2h
    """
    ven_id = check_ven_id(ven_id, "VEN")
    stack = cloud()
    check_of_stage(stack, ven_id)
    row = stack.item(StackOutput.VENS_TABLE, {VENS.partition: ven_id}) or {}
    if row.get("certificateId") and not again:
        raise FieldError("VEN", f"{ven_id} has a certificate; --again when it has lost its key")
    code, expires_ts = allow_ven(stack, ven_id, parse_duration(within, "--for"))
    print_answer(
        {"venId": ven_id, "expiresTs": expires_ts, "claimCode": code},
        f"{ven_id} may claim a certificate, once, within {within}, with the claim code {code}",
        json_output=json_output,
    )


def check_of_stage(stack: Cloud, ven_id: VenId) -> None:
    """Raise FieldError for a VEN that the stage's functions could not reach by its id."""
    pattern = stack.output(StackOutput.VEN_ID_PATTERN)
    if not fits_stage(ven_id, pattern):
        raise FieldError("VEN", f"ids of this stage's VENs are {pattern}: {ven_id} could not claim")


def allow_ven(stack: Cloud, ven_id: VenId, within_s: float) -> tuple[str, int]:
    """Put a VEN on the list of those that may claim; its claim code, and until when it holds, UTC s.

    A code of before opens nothing any more.
    """
    codes, expires_ts = allow_vens(stack, [ven_id], within_s)
    return codes[ven_id], expires_ts


def allow_vens(stack: Cloud, ven_ids: Iterable[VenId], within_s: float) -> tuple[dict[VenId, str], int]:
    """The same for several; the claim code of each, and until when they hold, UTC s."""
    expires_ts = int(time.time() + within_s)
    codes, rows = {}, []
    for ven_id in ven_ids:
        codes[ven_id], salt = code_of(secrets.token_bytes(CODE_BYTES)), secrets.token_hex(SALT_BYTES)
        hashed = {HASH_ATTRIBUTE: code_hash(codes[ven_id], salt), SALT_ATTRIBUTE: salt}
        rows.append({ALLOWED_VENS.partition: ven_id, TTL_ATTRIBUTE: expires_ts} | hashed)
    stack.put_items(StackOutput.ALLOWED_VENS, rows)
    return codes, expires_ts


@app.command("claim-kit")
@with_cloud
def claim_kit(
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder to write to, 0700.")],
    cloud: Callable[[], Cloud],
    json_output: JsonOption = False,
) -> None:
    """Write the claim certificate and its key, which a device carries until it has one of its own.

    Examples:
        ven-twin certs claim-kit --out claim
    """
    stack = cloud()
    endpoint, port = save_secret(stack, claim_secret_name(stack.stage), out)
    print_answer(
        {"folder": str(out), "endpoint": endpoint, "port": port},
        f"{out} holds the claim certificate. Its broker is {endpoint}:{port}.",
        json_output=json_output,
    )


@app.command()
def claim(
    ven_id: VenArgument,
    *,
    claim: Annotated[Path, typer.Option("--claim", help="Folder with the claim certificate.")],
    endpoint: Annotated[str, typer.Option("--endpoint", help="MQTT host.")],
    mqtt_port: MqttPortOption = None,
    code_file: Annotated[
        Path | None,
        typer.Option("--code-file", help=f"File with the claim code, - for stdin; or set {CODE_VARIABLE}."),
    ] = None,
    cloud_key: Annotated[
        bool, typer.Option("--cloud-key", help="Let AWS make the key, instead of making it here.")
    ] = False,
    out: OutOption = None,
    stage: StageOption = LOCAL,
    json_output: JsonOption = False,
) -> None:
    """Get the VEN a certificate of its own, over MQTT and without AWS credentials.

    Its private key is made here and leaves this machine never. The claim code, by which the operator has
    allowed this VEN, is asked for where no file or variable has it: on a command line others could read it.

    Examples:
        ven-twin certs claim ven-9 --claim claim --endpoint localhost
    """
    ven_id = check_ven_id(ven_id, "VEN")
    folder = out or ven_folder(stage, ven_id) / "tls"
    code = read_claim_code(code_file)
    certificate_id = claim_identity(
        ven_id, claim, (endpoint, mqtt_port or MQTT_PORT), folder, stage, code=code, cloud_key=cloud_key
    )
    print_answer(
        {"folder": str(folder), "certificateId": certificate_id},
        f"{folder} holds the identity of {ven_id}.",
        json_output=json_output,
    )


def read_claim_code(code_file: Path | None) -> str:
    """The claim code: from its file, else from the environment, else typed without an echo.

    Raises:
        FieldError: there is none, and nobody to type it.
    """
    if code_file is not None:
        try:
            text = sys.stdin.readline() if str(code_file) == "-" else code_file.read_text(encoding="ascii")
        except OSError as error:
            raise FieldError("--code-file", f"cannot be read: {error.strerror or error}") from None
        except ValueError:
            raise FieldError("--code-file", "holds no claim code") from None
        return text.strip()
    code = os.environ.get(CODE_VARIABLE)
    if code is None and sys.stdin.isatty():
        code = getpass.getpass("Claim code: ")
    if code is None:
        hint = f"required; ven-twin certs allow prints it. - reads it from stdin; {CODE_VARIABLE} works too"
        raise FieldError("--code-file", hint)
    return code.strip()


def claim_identity(
    ven_id: VenId,
    claim: Path,
    broker: tuple[str, int],
    folder: Path,
    stage: str,
    *,
    code: str,
    cloud_key: bool = False,
) -> str:
    """Claim a certificate for *ven_id* with the kit in *claim* and write it into *folder*; its id.

    With *cloud_key* AWS makes the private key; otherwise it is made here, and is nowhere else.
    """
    import asyncio

    from ven_twin.ven.identity import identity_files

    kit = identity_files.load(claim)
    return asyncio.run(claiming_identity(ven_id, kit, broker, folder, stage, code=code, cloud_key=cloud_key))


async def claiming_identity(
    ven_id: VenId,
    kit: Identity,
    broker: tuple[str, int],
    folder: Path,
    stage: str,
    *,
    code: str,
    cloud_key: bool = False,
) -> str:
    """As `claim_identity`, in a loop that runs. Raises ClaimRefusedError."""
    from contracts.wire.signing_request import key_request
    from ven_twin.ven.identity import identity_files
    from ven_twin.ven.identity.claiming import Claiming

    key = None if cloud_key else key_request(ven_id)
    template, request_pem = claim_template_name(stage), None if key is None else key.request_pem
    claimed = await Claiming(*broker, kit, ven_id, template, code=code, request_pem=request_pem).claim()
    ca_pem = kit.ca.read_text(encoding="ascii")
    key_pem = claimed.private_key_pem if key is None else key.private_key_pem
    identity_files.save(folder, ca_pem, claimed.certificate_pem, str(key_pem))
    return claimed.certificate_id
