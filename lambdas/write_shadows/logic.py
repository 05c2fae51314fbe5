"""A chunk of an event's shadows, and the pace at which it is written. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contracts.api.requests import Assignment
from contracts.errors import VenTwinError
from contracts.wire import codec
from lambdas.shared.fan_out import ShadowChunk

CHUNK_MAX_BYTES = 256 * 1024
"""Source: SQS, message size."""


class MovedOnError(VenTwinError):
    """The event was changed again each time that the chunk was written. SQS delivers the message again."""


def read_chunk(body: str) -> ShadowChunk:
    """The chunk in an SQS body. Raises WireError."""
    return codec.convert(ShadowChunk, codec.load_object(body, max_bytes=CHUNK_MAX_BYTES))


def seconds_of(assignments: Sequence[Assignment], per_s: int) -> Iterator[Sequence[Assignment]]:
    """*assignments*, split into no more than *per_s* for each second."""
    return (assignments[first : first + per_s] for first in range(0, len(assignments), per_s))
