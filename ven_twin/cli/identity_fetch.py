"""The fetch of a VEN's identity by a process of its own, and the answer of the last one."""

from __future__ import annotations

import asyncio
import logging
import subprocess
from pathlib import Path

import msgspec

from contracts.errors import VenTwinError
from ven_twin.installation import cli_command

logger = logging.getLogger("ven_twin")


class FetchedIdentity(msgspec.Struct, frozen=True):
    """The answer of ``certs fetch``: the folder of the VEN's identity, its broker, the rules of its stage."""

    folder: str
    endpoint: str
    port: int
    rules: str | None = None


def fetch_identity(options: list[str], folder: Path, *, at_once: bool) -> FetchedIdentity:
    """Identity and endpoint from the cloud; those of the last fetch, when the cloud is out of reach.

    A VEN that has them does not wait for a cloud that may be out of reach, unless that is told *at_once*: its
    events start on time. What is new is fetched when the cloud desires it, or takes the certificate no more.
    """
    stored = folder / "endpoint.json"
    before = _read_endpoint(stored)
    if not at_once and before is not None and (folder / "tls").exists():
        return before
    try:
        finished = subprocess.run(_fetch_command(options), capture_output=True, text=True, check=False)
        complaint = _last_line(finished.stderr)
        if finished.returncode == 0:
            return _write_endpoint(stored, finished.stdout)
    except (OSError, VenTwinError) as error:
        complaint = str(error)
    if before is None:
        raise VenTwinError(complaint)
    logger.warning("%s; going on with what was fetched before", complaint)
    return before


def _read_endpoint(stored: Path) -> FetchedIdentity | None:
    """The identity that was fetched before; None when there is none, or none that can be read."""
    try:
        return msgspec.json.decode(stored.read_bytes(), type=FetchedIdentity)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        logger.warning("%s cannot be read: %s", stored, error)
        return None


async def fetch_again(options: list[str], folder: Path) -> None:
    """Put the VEN's certificate of now into its folder. Raises VenTwinError with the reason."""
    process = await asyncio.create_subprocess_exec(
        *_fetch_command(options), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        output, complaint = await process.communicate()
    finally:
        if process.returncode is None:  # nobody waits for its answer any more
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise VenTwinError(_last_line(complaint.decode(errors="replace")))
    _write_endpoint(folder / "endpoint.json", output.decode())


def _fetch_command(options: list[str]) -> list[str]:
    """By a process of its own: boto3 would double the twin."""
    return [*cli_command(), "certs", "fetch", "--json", *options]


def _write_endpoint(stored: Path, answer: str) -> FetchedIdentity:
    """Write down what was fetched, for a start without the cloud. Raises VenTwinError when it is nothing."""
    try:
        fetched = msgspec.json.decode(answer, type=FetchedIdentity)
    except msgspec.DecodeError as error:
        raise VenTwinError(f"what was fetched cannot be read: {error}") from None
    draft = stored.with_suffix(".partial")
    try:
        draft.write_text(answer)
        draft.replace(stored)
    except OSError as error:
        logger.warning("%s cannot be written: %s", stored, error)
    return fetched


def _last_line(complaint: str) -> str:
    lines = complaint.strip().removeprefix("ven-twin: ").splitlines()
    return lines[-1] if lines else "the cloud could not be asked"
