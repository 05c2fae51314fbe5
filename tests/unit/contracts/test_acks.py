"""Acks as a backend reads them."""

from __future__ import annotations

import msgspec
import pytest

from contracts.errors import FieldError
from contracts.wire import codec
from contracts.wire.acks import Ack, read_ack

ACK = Ack(op="ping", ok=True, status="success", ts=1_800_000_000, ven_id="ven-1", correlation_id="c1")


def test_an_ack_is_read_from_the_topic_of_the_ven_that_it_names() -> None:
    """The venId in the payload and the topic's are the same."""
    assert read_ack(codec.encode(ACK), ven_id="ven-1") == ACK


def test_an_ack_of_another_ven_is_refused_by_its_field() -> None:
    """A VEN cannot answer for its neighbour: the venId in the payload has to be the topic's."""
    with pytest.raises(FieldError) as refused:
        read_ack(codec.encode(ACK), ven_id="ven-2")
    assert refused.value.field == "venId"
    with pytest.raises(FieldError, match=f"says '{'x' * 64}', but"):
        read_ack(codec.encode(msgspec.structs.replace(ACK, ven_id="x" * 65)), ven_id="ven-2")
    assert "'ven-1'" in refused.value.reason
    assert "'ven-2'" in refused.value.reason
