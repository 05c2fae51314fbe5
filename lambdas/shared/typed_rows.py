"""Answers of DynamoDB's Query, decoded from their bytes without botocore's parser.

botocore walks an answer shape by shape, 30 µs an item; msgspec decodes the same bytes into Structs in 1 µs.
Settlement reads a hundred thousand items and more, so that this is most of its time.
"""

from __future__ import annotations

from functools import cache
from itertools import starmap
from operator import attrgetter
from types import NoneType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, get_args, get_type_hints

import msgspec

from contracts.wire.codec import JsonDict

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

R = TypeVar("R", bound=msgspec.Struct)
LastKey = dict[str, "AttributeValueTypeDef"]
"""Where a page ends, as DynamoDB wants it back to go on there."""

BODY = "RawBody"
OK = 200
KINDS = {float: "N", int: "N", str: "S", bool: "BOOL"}
"""DynamoDB's name for the type of an attribute."""


def leave_queries_unparsed(client: DynamoDBClient) -> None:
    """Have *client* hand out the bytes of a Query's answer; refusals are parsed as ever."""
    client.meta.events.register("before-parse.dynamodb.Query", _keep_body)


def _keep_body(
    response_dict: dict[str, object], customized_response_dict: dict[str, object], **_: object
) -> None:
    """Take the body of a good answer out of what botocore is about to parse."""
    if response_dict["status_code"] == OK:
        customized_response_dict[BODY] = response_dict["body"]
        response_dict["body"] = b"{}"


class ItemPage(msgspec.Struct):
    """A page of items as DynamoDB writes them, and where it ends when there may be more."""

    items: list[JsonDict] = msgspec.field(name="Items")
    last: JsonDict | None = msgspec.field(name="LastEvaluatedKey", default=None)


_item_pages = msgspec.json.Decoder(ItemPage)


def read_items(body: bytes) -> ItemPage:
    """Read a page whose items may be anything."""
    return _item_pages.decode(body)


class RowReader(Generic[R]):
    """Reads pages of one kind of row: a Struct of numbers, texts and booleans, its fields by position.

    An attribute that is absent, or NULL where the field may be None, is the field's default.
    """

    def __init__(self, kind: type[R]) -> None:
        self._kind = cast("Callable[..., R]", kind)
        fields, types = msgspec.structs.fields(kind), get_type_hints(kind)
        stored = [_stored_field(field, types[field.name]) for field in fields]
        row = msgspec.defstruct(f"Stored{kind.__name__}", stored, frozen=True, gc=False)
        page = msgspec.defstruct(
            "RowPage",
            [
                ("items", list[row], msgspec.field(name="Items")),  # type: ignore[valid-type]
                ("last", JsonDict | None, msgspec.field(name="LastEvaluatedKey", default=None)),
            ],
        )
        # Not strict: DynamoDB writes a number as text.
        self._pages = msgspec.json.Decoder(page, strict=False)
        self._lists = msgspec.json.Decoder(list[row], strict=False)  # type: ignore[valid-type]
        self.attributes = tuple(field.encode_name for field in fields)
        self._values = [attrgetter(f"{field.name}.value") for field in fields]

    def read(self, body: bytes) -> tuple[list[R], LastKey | None]:
        """The rows of a page, and where it ends. Raises msgspec.ValidationError: an item is no such row."""
        page: Any = self._pages.decode(body)
        return self._of(page.items), page.last

    def read_items(self, items: bytes) -> list[R]:
        """The rows of items that are joined by commas. Raises as `read`."""
        return self._of(self._lists.decode(b"[" + items + b"]"))

    def _of(self, items: list[Any]) -> list[R]:
        columns = [map(value, items) for value in self._values]
        return list(starmap(self._kind, zip(*columns, strict=True)))


@cache
def reader(kind: type[R]) -> RowReader[R]:
    """The reader of *kind*, made once."""
    return RowReader(kind)


def _stored_field(field: msgspec.structs.FieldInfo, annotation: object) -> tuple[str, type, object]:
    """A field of the stored row: its attribute, which holds the value under the name of its type."""
    kinds = [kind for kind in get_args(annotation) or (annotation,) if kind is not NoneType]
    optional = NoneType in get_args(annotation)
    (value,) = kinds
    plain = getattr(value, "__supertype__", value)
    stored: list[Any] = [("value", value, msgspec.field(name=KINDS[plain]))]
    if optional:
        null = ("null", bool, msgspec.field(name="NULL", default=False))
        stored = [("value", annotation, msgspec.field(name=KINDS[plain], default=None)), null]
    attribute = msgspec.defstruct(
        "StoredAttribute", stored, frozen=True, gc=False, forbid_unknown_fields=True
    )
    if field.required:
        return field.name, attribute, msgspec.field(name=field.encode_name)
    default = attribute(field.default)
    return field.name, attribute, msgspec.field(name=field.encode_name, default=default)
