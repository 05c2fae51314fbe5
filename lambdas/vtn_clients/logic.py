"""A client changed: its row before and after, and how it is shown. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from contracts.openadr.client_requests import ClientOp, ClientRequest, VtnClient
from contracts.openadr.ids import ClientId
from contracts.openadr.scopes import Scope, scopes_text
from contracts.store.vtn_clients import SECRETS_MAX, ClientRow, StoredSecret, secret_digest
from lambdas.shared import answers


def new_client(client_id: ClientId, scopes: Iterable[Scope], secret: str, *, now: float) -> ClientRow:
    """A client with one secret."""
    return ClientRow(
        client_id=client_id,
        scopes=scopes_text(frozenset(scopes)),
        secrets=(StoredSecret(digest=secret_digest(secret)),),
        created_ts=now,
    )


def rotated(row: ClientRow, secret: str, *, grace_s: int, now: float) -> ClientRow:
    """*row* with another secret; those of before are good for *grace_s* more at the most, 0 for no longer.

    Raises:
        RequestRefusedError: as many are good as may be.
    """
    until_ts = now + grace_s
    old = [
        msgspec.structs.replace(one, until_ts=min(one.until_ts or until_ts, until_ts))
        for one in row.secrets
        if grace_s and one.good(now)
    ]
    if len(old) >= SECRETS_MAX:
        raise answers.conflict(
            f"{len(old)} secrets are good still: wait for the end of their grace, or end them now", "clientId"
        )
    secrets = (StoredSecret(digest=secret_digest(secret)), *old)
    return msgspec.structs.replace(row, secrets=secrets, rotated_ts=now)


def changed(row: ClientRow, request: ClientRequest) -> ClientRow:
    """*row* with other scopes, disabled, or enabled again."""
    if request.op is ClientOp.SCOPES:
        return msgspec.structs.replace(row, scopes=scopes_text(request.wanted()))
    return msgspec.structs.replace(row, disabled=request.op is ClientOp.DISABLE)


def shown(row: ClientRow, *, now: float) -> VtnClient:
    """The client as it stands at *now*, without a digest."""
    client = row.client()
    good = [one for one in row.secrets if one.good(now)]
    return VtnClient(
        client_id=row.client_id,
        role=client.role,
        scopes=tuple(scope for scope in Scope if scope in client.scopes),
        disabled=row.disabled,
        secrets=len(good),
        created_ts=row.created_ts,
        rotated_ts=row.rotated_ts,
        old_until_ts=max((one.until_ts for one in good if one.until_ts is not None), default=None),
    )
