"""The part of a fleet that runs here: named, or the one that an array job of AWS Batch says."""

from __future__ import annotations

import os
import re

from contracts.errors import FieldError

SHARD = re.compile(r"([0-9]{1,5})/([0-9]{1,5})")
ARRAY_INDEX = "AWS_BATCH_JOB_ARRAY_INDEX"
"""Source: AWS Batch User Guide, array jobs: from 0, in every job of an array, and in no other job."""


def named_shard(shard: str | None) -> tuple[int, int]:
    """The part that ``--shard`` names, and of how many. Raises FieldError."""
    if shard is None:
        return 0, 1
    matched = SHARD.fullmatch(shard)
    first, shards = (int(matched[1]), int(matched[2])) if matched else (0, 0)
    if first >= shards:
        raise FieldError("--shard", f"write a part and how many there are, from 0/4 to 3/4, not {shard}")
    return first, shards


def array_shard(shards: int, shard: str | None) -> tuple[int, int]:
    """The part that AWS Batch gives this job of an array of *shards*; one is no array. Raises FieldError."""
    if shard is not None:
        raise FieldError(
            "--shards", "is of an array job, whose part AWS Batch says; --shard names it: give one"
        )
    index = os.environ.get(ARRAY_INDEX, "0" if shards == 1 else "")
    if not index.isdecimal():
        reason = f"is of an array job, in which AWS Batch sets {ARRAY_INDEX}: elsewhere write --shard 3/40"
        raise FieldError("--shards", reason)
    if int(index) >= shards:
        raise FieldError("--shards", f"{shards} parts have no number {index}, which {ARRAY_INDEX} is")
    return int(index), shards
