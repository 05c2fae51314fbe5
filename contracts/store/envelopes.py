"""The message that a topic rule hands to a function: any bytes, with where and when they came.

Every rule selects the same, so that a payload that is no JSON arrives whole and can be looked at:
the payload in base64, the topic, the client id and the receipt time. Each listens to VENs alone: AWS IoT
tells of every MQTT client and every thing of the account, and what cannot be a VEN's starts no action.
"""

from __future__ import annotations

import base64

import msgspec

from contracts.errors import MalformedError
from contracts.wire import codec
from contracts.wire.ids import VEN_ID, VEN_ID_MAX_CHARACTERS
from contracts.wire.topics import usual_topic

RULE_SELECT = (
    "SELECT encode(*, 'base64') AS payload, topic() AS topic, "
    "clientid() AS clientId, timestamp() AS receivedMs"
)
_VEN_ID_IN_SQL = VEN_ID.pattern.removesuffix(r"(?!\n)")
"""Without the guard against a newline, which no topic has."""


def rule_sql(topic_filter: str, ven_id_prefix: str = "") -> str:
    """The SQL of a topic rule on *topic_filter*, in which ``+`` stands where the VEN's id does.

    Ids begin with *ven_id_prefix*, which may begin an id by the grammar.
    """
    place = topic_filter.split("/").index("+") + 1  # topic() counts from 1
    rest = f"[A-Za-z0-9_-]{{0,{VEN_ID_MAX_CHARACTERS - len(ven_id_prefix)}}}"
    ids = f"^{ven_id_prefix}{rest}$" if ven_id_prefix else _VEN_ID_IN_SQL
    return f"{RULE_SELECT} FROM '{topic_filter}' WHERE regexp_matches(topic({place}), '{ids}')"


ENVELOPE_MAX_BYTES = 4 * -(-codec.PAYLOAD_MAX_BYTES // 3) + 4096
"""Largest envelope: the base64 of the largest payload is a third longer, and is not all that is in it.

Interpretation: 4 KB hold a topic of 256 bytes, a client id of 128 and the time, however they are escaped.
"""


class Envelope(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """One message as a topic rule passed it on. *received_ms* is the cloud's receipt time, UTC ms."""

    payload: str
    topic: str
    received_ms: int
    client_id: str | None = None

    def __post_init__(self) -> None:
        """Take the topic as it is without Basic Ingest, whichever of the two a rule's ``topic()`` has."""
        if self.topic.startswith("$"):
            msgspec.structs.force_setattr(self, "topic", usual_topic(self.topic))

    @property
    def raw(self) -> bytes:
        """The payload's bytes.

        Raises:
            MalformedError: the payload is not base64.
        """
        try:
            return base64.b64decode(self.payload, validate=True)
        except ValueError as error:  # binascii's own, or that of a character beyond ASCII
            raise MalformedError(f"payload is not base64: {error}") from None

    @property
    def received_ts(self) -> float:
        """Receipt time, UTC s."""
        return self.received_ms / 1000.0


def read_envelope(body: str) -> Envelope:
    """The envelope in an SQS body. Raises as `contracts.wire.codec.decode`."""
    return codec.convert(Envelope, codec.load_object(body, max_bytes=ENVELOPE_MAX_BYTES))
