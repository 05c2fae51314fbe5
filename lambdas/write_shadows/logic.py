"""A chunk of an event's shadows, and the pace at which it is written. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contracts.api.requests import Assignment
from contracts.errors import VenTwinError
from contracts.wire import codec
from lambdas.shared.fan_out import PlanSlice, ShadowChunk

CHUNK_MAX_BYTES = 256 * 1024
"""Source: SQS, message size."""


class MovedOnError(VenTwinError):
    """The event was changed again each time that the chunk was written. SQS delivers the message again."""


def read_chunk(body: str) -> ShadowChunk | PlanSlice:
    """The chunk in an SQS body, or the slice of a plan that is one. Raises WireError."""
    value = codec.load_object(body, max_bytes=CHUNK_MAX_BYTES)
    return codec.convert(PlanSlice, value) if "planId" in value else codec.convert(ShadowChunk, value)


def seconds_of(assignments: Sequence[Assignment], per_s: int) -> Iterator[Sequence[Assignment]]:
    """*assignments*, split into no more than *per_s* for each second."""
    return (assignments[first : first + per_s] for first in range(0, len(assignments), per_s))
