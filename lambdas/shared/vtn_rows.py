"""Objects as items of the table: the JSON that is answered, and what is searched for. Pure.

`body` is the object as the business logic is answered it, times and durations as its client wrote them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from contracts.openadr.ids import ClientId, ObjectId
from contracts.openadr.objects import (
    OadrEvent,
    OadrObject,
    OadrProgram,
    OadrReport,
    OadrResource,
    OadrSubscription,
    OadrVen,
    ObjectType,
)
from contracts.store.keys import TTL_ATTRIBUTE, Key
from contracts.store.vtn_keys import name_key, owned_key, shared_key
from contracts.wire import codec
from contracts.wire.codec import JsonDict
from contracts.wire.ids import EventId
from lambdas.shared.oadr_problems import VtnProblemKind
from lambdas.shared.vtn_problems import VtnProblemError

O_co = TypeVar("O_co", bound=OadrObject, covariant=True)
ETAG_CHARACTERS = 32
STORED_MAX_BYTES = 380_000
"""An item of DynamoDB has 400 KB with all its attributes."""
KINDS: dict[ObjectType, type[OadrObject]] = {
    "PROGRAM": OadrProgram,
    "EVENT": OadrEvent,
    "REPORT": OadrReport,
    "SUBSCRIPTION": OadrSubscription,
    "VEN": OadrVen,
    "RESOURCE": OadrResource,
}
_DECODERS = {name: msgspec.json.Decoder(kind) for name, kind in KINDS.items()}
_NAMES: dict[type, ObjectType] = {kind: name for name, kind in KINDS.items()}


def etag_of(*values: object) -> str:
    """A tag that is another one as soon as any of *values* is."""
    digest = hashlib.sha256()
    for value in values:
        raw = value if isinstance(value, bytes) else codec.encode(value)
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()[:ETAG_CHARACTERS]


class BodyRow(msgspec.Struct, frozen=True, rename="camel"):
    """An object's item; see `StoredObject`. *total* is its `is_total`."""

    object_key: str
    body: str
    program: str | None = None
    total: bool | None = None
    share_of: EventId | None = None


@dataclass(frozen=True, slots=True)
class StoredObject(Generic[O_co]):
    """An object as it is stored.

    Attributes:
        value: the object.
        body: it as the business logic is answered it.
        program_id: of a report's event.
        is_total: true of an event whose values are the fleet's total: no VEN is to take them for its own.
        share_of: the DR event of which an event is one VEN's share; None of what clients have made.
        expires_ts: when DynamoDB deletes it, UTC s; None of what stays until somebody deletes it.
    """

    value: O_co
    body: bytes
    program_id: ObjectId | None = None
    is_total: bool = False
    share_of: EventId | None = None
    expires_ts: int | None = None

    @property
    def tag(self) -> str:
        """A digest that tells it from what was there before."""
        return etag_of(self.body)

    def of_client(self, client_id: ClientId) -> StoredObject[OadrObject]:
        """The same owned object as another client's."""
        return stored(msgspec.structs.replace(self.value, client_id=client_id), self.program_id)


def read_row(object_type: ObjectType, row: BodyRow) -> StoredObject[OadrObject]:
    """The object of *row*."""
    program_id = None if row.program is None else ObjectId(row.program)
    value = _DECODERS[object_type].decode(row.body)
    return StoredObject(value, row.body.encode(), program_id, is_total=bool(row.total), share_of=row.share_of)


def stored(
    value: OadrObject, program_id: ObjectId | None = None, *, share_of: EventId | None = None
) -> StoredObject[OadrObject]:
    """*value* as it will be stored.

    Raises:
        VtnProblemError: it is larger than can be.
    """
    body = codec.encode(value)
    if len(body) > STORED_MAX_BYTES:
        detail = f"body: as it is stored it has {len(body)} bytes, at most {STORED_MAX_BYTES} are allowed"
        raise VtnProblemError(VtnProblemKind.BAD_REQUEST, detail)
    return StoredObject(value, body, program_id, share_of=share_of)


def type_of(value: OadrObject) -> ObjectType:
    """The type of an object."""
    return _NAMES[type(value)]


def owner_of(value: OadrObject) -> ClientId | None:
    """The client that owns an object; None for a program or an event."""
    return None if isinstance(value, OadrProgram | OadrEvent) else value.client_id


def program_of(record: StoredObject[OadrObject]) -> ObjectId | None:
    """The program that an object belongs to, or is."""
    match record.value:
        case OadrProgram():
            return record.value.id
        case OadrEvent() | OadrSubscription():
            return record.value.program_id
        case _:
            return record.program_id


def main_key(value: OadrObject) -> Key:
    """Key of an object among all of its type."""
    return shared_key(type_of(value), value.id)


def client_copy_key(value: OadrObject) -> Key | None:
    """Key of an object among what its client owns."""
    owner = owner_of(value)
    return None if owner is None else owned_key(owner, type_of(value), value.id)


def item_of(record: StoredObject[OadrObject]) -> JsonDict:
    """The attributes of its items, without the key."""
    return {
        "body": record.body.decode(),
        "tag": record.tag,
        "client": owner_of(record.value),
        "program": record.program_id,
        "total": record.is_total or None,
        "shareOf": record.share_of,
        TTL_ATTRIBUTE: record.expires_ts,
    }


def name_of(value: OadrObject) -> Key | None:
    """Key of the name that it alone has."""
    match value:
        case OadrProgram():
            return name_key("PROGRAM", value.program_name)
        case OadrVen():
            return name_key("VEN", value.ven_name)
        case OadrResource():
            return name_key("RESOURCE", value.resource_name, ven_id=value.ven_id)
        case _:
            return None


def references_of(value: OadrObject) -> Iterator[tuple[str, Key, ClientId | None]]:
    """All that must be there as long as it is: the field that names it, its key, and whose it must be."""
    match value:
        case OadrEvent():
            yield "programID", shared_key("PROGRAM", value.program_id), None
        case OadrResource():
            yield "venID", shared_key("VEN", value.ven_id), value.client_id
        case _:
            return
