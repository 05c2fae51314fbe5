"""Claims that a stranger with the claim's certificate can make: the hook's events and what is like them."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

from contracts.errors import FieldError
from contracts.store.claim_codes import CODE_PARAMETER, HASH_ATTRIBUTE, SALT_ATTRIBUTE, code_hash, code_of
from contracts.store.keys import TTL_ATTRIBUTE, Key
from contracts.wire.topics import check_ven_id, claim_client_id
from lambdas.admit_ven.handler import handler
from lambdas.shared.certificate_journal import CLAIMED
from lambdas.shared.tables import Table
from tests.support.hostile_messages import changed
from ven_twin.testing.function_world import NOW, Context, World

LISTED, USED, RUNNING, STRANGER = "ven-listed", "ven-used", "ven-good", "ven-nobody"
"""A VEN that may claim, one that has, one that runs, and none."""
SECRET = "hunter2\x1b[2J"
"""Text of a stranger's, which is to be in no log."""
CODE = code_of(bytes(range(12)))


def claim(rng: random.Random) -> dict[str, Any]:
    """An event of the hook, with some of its values in another's place."""
    ven_id = rng.choice([LISTED, USED, RUNNING, STRANGER, SECRET])
    client = rng.choice([claim_client_id(ven_id)] * 4 + [ven_id, claim_client_id(LISTED), SECRET])
    code = rng.choice([CODE] * 6 + [code_of(bytes(12)), SECRET])
    event: Any = {
        "claimCertificateId": "c" * 64,
        "certificateId": rng.choice(["a", "b", "d"]) * 64,
        "certificatePem": f"-----BEGIN CERTIFICATE-----{SECRET}",
        "templateArn": "arn:aws:iot:us-east-1:1:provisioningtemplate/ven-twin-test",
        "clientId": client,
        "parameters": {
            "SerialNumber": ven_id,
            "AWS::IoT::Certificate::Id": "a" * 64,
            CODE_PARAMETER: code,
            "Other": SECRET,
        },
    }
    for _ in range(rng.choice([0, 0, 1, 1, 2, 5])):
        event = changed(event, rng)
    loaded: dict[str, Any] = json.loads(json.dumps(event)) if isinstance(event, dict) else {"event": event}
    return loaded


def list_of_allowed(world: World) -> Table:
    """The table of VENs that may claim, with two on it, of which one has."""
    table, hashed = world.allowed, {HASH_ATTRIBUTE: code_hash(CODE, "salt"), SALT_ATTRIBUTE: "salt"}
    for ven_id in (LISTED, USED):
        table.put_new({"venId": ven_id, TTL_ATTRIBUTE: int(NOW) + 3600, **hashed})
    table.update(Key(USED), {"usedBy": "e" * 64, "usedTs": NOW})
    for ven_id in (USED, RUNNING):
        world.add_ven(ven_id, certificateId="e" * 64)
    return table


def objections(world: World, allowed: Table, event: Mapping[str, Any]) -> list[str]:
    """The harm that a claim does: to another VEN, to its place, or by an admission that the list has not."""
    others = _stored(world, allowed)
    admitted = handler(dict(event), Context())  # type: ignore[arg-type]
    wrong = [] if set(admitted) == {"allowProvisioning"} else ["the hook has no answer"]
    if _stored(world, allowed) != others:
        wrong.append("the row or the place of another VEN is changed")
    if admitted["allowProvisioning"] and not _is_whole(event):
        wrong.append("a claim is admitted that is none")
    return wrong


def _stored(world: World, allowed: Table) -> list[Any]:
    """All items, but for row and place of the VEN that may claim, and notes of certificates to collect."""
    tables = (allowed, world.vens)
    items = [table.client.scan(TableName=table.name)["Items"] for table in tables]
    return [sorted(str(item) for item in some if _is_of_another(item["venId"]["S"])) for some in items]


def _is_of_another(key: str) -> bool:
    return key != LISTED and not key.startswith(CLAIMED)


def _is_whole(event: Mapping[str, Any]) -> bool:
    parameters = event.get("parameters")
    serial = parameters.get("SerialNumber") if isinstance(parameters, dict) else None
    try:
        is_listed = check_ven_id(str(serial)) == LISTED and event.get("clientId") == claim_client_id(LISTED)
    except FieldError:
        return False
    return is_listed and isinstance(parameters, dict) and parameters.get(CODE_PARAMETER) == CODE
