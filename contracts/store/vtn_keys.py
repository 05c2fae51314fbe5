"""Keys of the VTN's table: what a client owns lies with the client, what all may see lies by its type.

    owner            objectKey
    #program         program#<id>          one item a program
    #event           event#<id>            one item an event
    client#<id>      client                the client: its scopes, the digests of its secrets
                     report#<id>  resource#<id>  subscription#<id>  ven#<id>
    #version         program, event        how often a collection has changed
    #id              <id>                  whose an owned object is, by its id alone
    #name            program#<name>  ven#<name>  resource#<ven's id>#<name>

A poll is two reads: all that a client owns (its grants among it), and the version of what it asks for.
The index by type lists what is owned for the business logic.
"""

from __future__ import annotations

from contracts.openadr.ids import ClientId, ObjectId
from contracts.openadr.objects import ObjectType
from contracts.store.keys import Key, TableKeys

VTN = TableKeys("owner", "objectKey")
VTN_BY_TYPE = "byType"
"""Index of the table: objects of one type by id. DynamoDB brings it up to date a moment after the table."""
VTN_INDEX = TableKeys("objectType", "id")

CLIENT_SORT_KEY = "client"
VERSION_PARTITION = "#version"
ID_PARTITION = "#id"
NAME_PARTITION = "#name"


def client_partition(client_id: ClientId) -> str:
    """Partition of what a client owns."""
    return f"client#{client_id}"


def client_key(client_id: ClientId) -> Key:
    """Key of a client's own item."""
    return Key(client_partition(client_id), CLIENT_SORT_KEY)


def shared_partition(object_type: ObjectType) -> str:
    """Partition of the programs, or of the events."""
    return f"#{object_type.lower()}"


def object_sort_key(object_type: ObjectType, object_id: ObjectId) -> str:
    """Sort key of an object, whoever owns it."""
    return f"{object_type.lower()}#{object_id}"
