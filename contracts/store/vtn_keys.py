"""Keys of the VTN's table: what a client owns lies with the client, and once more with all of its type.

    owner            objectKey
    #program         program#<id>          one item a program
    #event           event#<id>            one item an event
    client#<id>      client                the client: its scopes, the digests of its secrets
                     client#resource#<id>  client#ven#<id>
                     report#<id>  subscription#<id>
    #ven             ven#<id>              a copy of each owned object, in the order of creation;
    #resource  #report  #subscription      `client` is whose it is
    #version         program, event        how often a collection has changed, and what changed last
                     subscription#<00…15>  the same of each sixteenth of the subscriptions
    #name            program#<name>  ven#<name>  resource#<ven's id>#<name>

A poll is two reads: `GRANTS`, one range of a client's partition in which no report lies, and the version of
what it asks for. Ids are in the order of creation, and so are the items of a partition. The index has the
clients alone: no object has its attributes.
"""

from __future__ import annotations

from zlib import crc32

from contracts.openadr.ids import ClientId, ObjectId
from contracts.openadr.objects import ObjectType
from contracts.store.keys import Key, TableKeys, sort_keys_below

VTN = TableKeys("owner", "objectKey")
VTN_BY_TYPE = "byType"
"""Index of the table: clients by id. DynamoDB brings it up to date a moment after the table."""
VTN_INDEX = TableKeys("objectType", "id")

CLIENT_SORT_KEY = "client"
GRANTS = (CLIENT_SORT_KEY, f"{CLIENT_SORT_KEY}$")
"""Sort keys between which lie a client's own item, its VENs and their resources, and nothing else."""
VERSION_PARTITION = "#version"
NAME_PARTITION = "#name"
SUBSCRIPTION_VERSIONS = 16
"""A version is written by one at a time, and thousands of VENs may subscribe in one minute."""
SHARED_TYPES: tuple[ObjectType, ...] = ("PROGRAM", "EVENT")
"""Types whose objects no client owns."""
GRANTING_TYPES: tuple[ObjectType, ...] = ("VEN", "RESOURCE")
"""Types of owned objects that say what a client may see."""


def client_partition(client_id: ClientId) -> str:
    """Partition of what a client owns."""
    return f"client#{client_id}"


def client_key(client_id: ClientId) -> Key:
    """Key of a client's own item."""
    return Key(client_partition(client_id), CLIENT_SORT_KEY)


def shared_partition(object_type: ObjectType) -> str:
    """Partition of all objects of a type."""
    return f"#{object_type.lower()}"


def object_sort_key(object_type: ObjectType, object_id: ObjectId) -> str:
    """Sort key of an object among all of its type."""
    return f"{object_type.lower()}#{object_id}"


def shared_key(object_type: ObjectType, object_id: ObjectId) -> Key:
    """Key of an object among all of its type."""
    return Key(shared_partition(object_type), object_sort_key(object_type, object_id))


def owned_key(client_id: ClientId, object_type: ObjectType, object_id: ObjectId) -> Key:
    """Key of an object among what its client owns."""
    prefix = f"{CLIENT_SORT_KEY}#" if object_type in GRANTING_TYPES else ""
    return Key(client_partition(client_id), prefix + object_sort_key(object_type, object_id))


def type_range(object_type: ObjectType) -> tuple[str, str]:
    """Sort keys between which lie all objects of a type: of all clients, or a client's reports, say."""
    return sort_keys_below(f"{object_type.lower()}#")


def version_key(object_type: ObjectType) -> Key:
    """Key of the version of all programs, or of all events."""
    return Key(VERSION_PARTITION, object_type.lower())


def subscription_version_key(subscription_id: ObjectId) -> Key:
    """Key of the version in which a subscription counts."""
    number = crc32(subscription_id.encode()) % SUBSCRIPTION_VERSIONS
    return Key(VERSION_PARTITION, object_sort_key("SUBSCRIPTION", ObjectId(f"{number:02d}")))


def name_key(object_type: ObjectType, name: str, *, ven_id: ObjectId | None = None) -> Key:
    """Key of a name, which one object has: a resource's within its VEN."""
    scope = f"{ven_id}#" if ven_id is not None else ""
    return Key(NAME_PARTITION, f"{object_type.lower()}#{scope}{name}")
