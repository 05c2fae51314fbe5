"""The root of every error, and the refusals of something received."""

from __future__ import annotations


class VenTwinError(Exception):
    """Root of every error here. Show ``str(error)`` to the user: one line, no secret, no payload."""


class WireError(VenTwinError):
    """Root of every refusal of something received. Refuse it, say why, and change nothing else."""


class MalformedError(WireError):
    """The bytes are not the JSON that they should be. Keep the raw bytes where someone can look at them."""


class OversizeError(WireError):
    """More bytes, or deeper nesting, than the transport takes.

    Attributes:
        size: what was given.
        allowed: the most that is taken.
    """

    def __init__(self, what: str, size: int, allowed: int) -> None:
        self.what = what
        self.size = size
        self.allowed = allowed
        super().__init__(f"{what} is {size}, at most {allowed} is allowed")


class FieldError(WireError):
    """One field is missing, of the wrong type, out of range or unknown. The sender corrects that field.

    Attributes:
        field: dotted path from the message's root, in the wire's spelling (``data.reduceKw``).
        reason: what was wrong and what was allowed.
    """

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        self.reason = reason
        super().__init__(f"{field}: {reason}")


class CommandRefusedError(FieldError):
    """A command that cannot be carried out as it stands; answered by an ack with ``ok: false``.

    Attributes:
        op: the operation as far as it could be read, else ``unknown``.
        correlation_id: the sender's id as far as it could be read.
    """

    def __init__(self, cause: FieldError, op: str, correlation_id: str | None) -> None:
        super().__init__(cause.field, cause.reason)
        self.op = op
        self.correlation_id = correlation_id
