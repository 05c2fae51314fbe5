"""The VTN's word of an object: its id and its times. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.openadr.ids import ObjectId
from contracts.openadr.objects import OadrObject
from contracts.openadr.times import date_time_text

RANDOM_DIGITS = 12
"""Hexadecimal digits of an id that are chance, after those of its time."""


def object_id(now: float, chance: str) -> ObjectId:
    """An id that sorts by its time of creation."""
    return ObjectId(f"{int(now * 1e6):014x}{chance}")


@dataclass(frozen=True, slots=True)
class Stamp:
    """The VTN's word of an object: its id, and when it was made and changed."""

    id: ObjectId
    created: str
    modified: str

    @classmethod
    def new(cls, now: float, chance: str) -> Stamp:
        """The stamp of an object that is made *now*."""
        text = date_time_text(now)
        return cls(object_id(now, chance), text, text)

    @classmethod
    def again(cls, before: OadrObject, now: float) -> Stamp:
        """The stamp of an object that is changed *now*."""
        return cls(before.id, before.created_date_time, date_time_text(now))
