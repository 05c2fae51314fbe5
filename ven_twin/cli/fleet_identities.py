"""Identities for many VENs that are not in the stack: each claims its own, some at once."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.errors import FieldError, VenTwinError
from contracts.store.stack import StackOutput, claim_secret_name, fits_stage
from contracts.wire.ids import VenId, counting_key
from contracts.wire.topics import check_ven_id
from ven_twin.cli.certs import revoke_ven, save_secret
from ven_twin.cli.claims import allow_vens, claiming_identity
from ven_twin.cli.connection import ven_folder

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.cloud import Cloud
    from ven_twin.ven.identity.identity_files import Identity

CLAIMS_AT_ONCE = 8
CLAIMS_PER_S = 5.0
"""Interpretation: half of the things that AWS IoT lets an account register in a second by default."""
LEAST_CLAIMS_PER_S, MOST_CLAIMS_PER_S = 0.1, 500.0
ALLOWED_AT_ONCE, ALLOWED_S = 100, 3600.0
"""So many are put on the list of those that may claim at a time, and for so long."""
TRIES = 3
NAME = "twin-"


def numbered_vens(cloud: Cloud, count: int) -> list[VenId]:
    """The ids of *count* VENs that are not in the stack: ``twin-1`` and on, after the stage's prefix."""
    pattern = cloud.output(StackOutput.VEN_ID_PATTERN)
    name = NAME if fits_stage(VenId(NAME), pattern) else pattern.removesuffix("*") + NAME
    return counted_vens(count, name)


def counted_vens(count: int, name: str = NAME) -> list[VenId]:
    """The ids of *count* VENs, ``twin-1`` and on."""
    return [check_ven_id(f"{name}{number}", "--count") for number in range(1, count + 1)]


def without_identity(cloud: Cloud, ven_ids: Sequence[VenId]) -> list[VenId]:
    """Those of *ven_ids* that have no identity here that the cloud knows, of this stage as it is now."""
    certificates = {item["venId"]: item.get("certificateId") for item in cloud.items(StackOutput.VENS_TABLE)}
    return [ven_id for ven_id in ven_ids if not _is_certified(cloud.stage, ven_id, certificates)]


def _is_certified(stage: str, ven_id: VenId, certificates: Mapping[str, object]) -> bool:
    from ven_twin.ven.errors import IdentityError
    from ven_twin.ven.identity import identity_files

    try:
        identity = identity_files.load(ven_folder(stage, ven_id) / "tls")
        return certificates.get(ven_id) == identity_files.fingerprint(identity)
    except IdentityError:
        return False


def check_claims_per_s(per_s: float) -> None:
    """Raise FieldError for a rate of claims that no account takes, or that never ends."""
    if not LEAST_CLAIMS_PER_S <= per_s <= MOST_CLAIMS_PER_S:
        allowed = f"{LEAST_CLAIMS_PER_S:g} to {MOST_CLAIMS_PER_S:g}"
        raise FieldError(
            "--claims-per-s", f"write {allowed}, and no more than half of your quota, not {per_s:g}"
        )


def claim_all(
    cloud: Cloud, ven_ids: Sequence[VenId], made: Callable[[], None], *, per_s: float | None
) -> None:
    """Have each VEN claim an identity into its folder, and call *made* after each; *per_s* of them a second.

    A second call goes on where one that was cut short had come to: a VEN whose key was lost by that is taken
    out first, and what is on the list goes by itself after an hour.

    Raises:
        VenTwinError: some were refused; how many, and why the first was.
    """
    with tempfile.TemporaryDirectory() as folder:
        kit_folder = Path(folder) / "claim"
        broker = save_secret(cloud, claim_secret_name(cloud.stage), kit_folder)
        refused = asyncio.run(_Claims(cloud, broker, made, per_s).all(ven_ids, kit_folder))
    if refused:
        ven_id, why = next(iter(refused.items()))
        raise VenTwinError(
            f"{len(refused)} of {len(ven_ids)} VENs have no identity, the first of them {ven_id}: {why};"
            " run this again, it goes on with those"
        )


def remove_all(cloud: Cloud, ven_ids: Sequence[VenId], done: Callable[[], None]) -> int:
    """Take VENs out of the stack, with their folders, and call *done* after each; so many were there.

    Raises VenTwinError where the stack does not let go of one.
    """
    there = {item["venId"] for item in cloud.items(StackOutput.VENS_TABLE)}.intersection(ven_ids)
    for ven_id in sorted(there, key=counting_key):
        revoke_ven(cloud, ven_id)
        shutil.rmtree(ven_folder(cloud.stage, ven_id), ignore_errors=True)
        done()
    return len(there)


def _revoke_recorded(cloud: Cloud, ven_ids: Sequence[VenId]) -> None:
    """Take out those that were admitted although their host has no identity: nobody has that key any more.

    A claim that was cut short after it was registered leaves such a VEN, with a certificate that would stay.
    """
    recorded = {item["venId"] for item in cloud.items(StackOutput.VENS_TABLE) if item.get("certificateId")}
    for ven_id in sorted(recorded.intersection(ven_ids), key=counting_key):
        revoke_ven(cloud, ven_id)


def allowed_at_once(wait_s: float) -> int:
    """The VENs that are put on the list at a time, when a claim follows the one before after *wait_s*.

    The last of them claims within half of the time for which it may.
    """
    return ALLOWED_AT_ONCE if not wait_s else max(1, min(ALLOWED_AT_ONCE, int(ALLOWED_S / 2 / wait_s)))


class _Claims:
    """The claims of many VENs, `CLAIMS_AT_ONCE` at a time and *per_s* in a second."""

    def __init__(
        self, cloud: Cloud, broker: tuple[str, int], made: Callable[[], None], per_s: float | None
    ) -> None:
        self._cloud, self._broker, self._made = cloud, broker, made
        self._wait_s = 0.0 if per_s is None else 1.0 / per_s
        self._gate = asyncio.Semaphore(CLAIMS_AT_ONCE)
        self._refused: dict[VenId, str] = {}

    async def all(self, ven_ids: Sequence[VenId], kit_folder: Path) -> dict[VenId, str]:
        """Those that were refused at each of `TRIES`, with why."""
        from ven_twin.ven.identity import identity_files

        kit = identity_files.load(kit_folder)
        left = list(ven_ids)
        for _ in range(TRIES):
            self._refused = {}
            await asyncio.to_thread(_revoke_recorded, self._cloud, left)
            at_once = allowed_at_once(self._wait_s)
            for first in range(0, len(left), at_once):
                await self._some(left[first : first + at_once], kit)
            left = list(self._refused)
            if not left:
                break
        return self._refused

    async def _some(self, ven_ids: Sequence[VenId], kit: Identity) -> None:
        codes, _ = await asyncio.to_thread(allow_vens, self._cloud, ven_ids, ALLOWED_S)
        async with asyncio.TaskGroup() as claims:
            for ven_id, code in codes.items():
                await self._gate.acquire()
                claims.create_task(self._one(ven_id, kit, code))
                await asyncio.sleep(self._wait_s)

    async def _one(self, ven_id: VenId, kit: Identity, code: str) -> None:
        from ven_twin.ven.errors import ClaimRefusedError

        folder = ven_folder(self._cloud.stage, ven_id) / "tls"
        try:
            await claiming_identity(ven_id, kit, self._broker, folder, self._cloud.stage, code=code)
            self._made()
        except ClaimRefusedError as error:
            self._refused[ven_id] = str(error)
        finally:
            self._gate.release()
