"""DynamoDB items: the plain values that have an attribute type, and the others."""

from __future__ import annotations

import pytest

from contracts.store.items import to_attribute


@pytest.mark.parametrize("value", [bytearray(b"bytes"), {1, 2}, object()])
def test_a_value_without_an_attribute_type_is_refused(value: object) -> None:
    """It is never stored as something else."""
    with pytest.raises(TypeError, match=f"{type(value).__name__} has no attribute type here"):
        to_attribute(value)
