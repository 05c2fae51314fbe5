"""The certificates that a VEN keeps, and the age at which one is due for rotation. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.wire.ids import VenId
from lambdas.shared.registrations import Registration

DAY_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class VenCertificates:
    """The certificates of a VEN, by their ids.

    Attributes:
        recorded: the one in force.
        used: the one that the VEN is connected with, by the broker, or reports to be; None for neither.
        secret: the one in its secret, None for a VEN without one.
        attached: those that open its thing's door.
        proven: the last one in force that the broker has seen the VEN connect with. Who has an old key can
            connect with that again, and so keep *used* what it was, but not undo this.
    """

    recorded: str
    used: str | None
    secret: str | None
    attached: frozenset[str]
    proven: str | None = None

    @property
    def under_way(self) -> bool:
        """True while the VEN has to change over to the one that is in force."""
        in_use = self.used in self.attached - {self.recorded}
        return self.recorded in self.attached and in_use and self.proven != self.recorded

    @property
    def changed_over(self) -> bool:
        """True when the VEN has connected with the one in force, so that it needs no other."""
        return self.recorded in self.attached and self.recorded in {self.proven, self.used}

    @property
    def left_over(self) -> frozenset[str]:
        """Those that nothing refers to: what an attempt that was cut short has left."""
        return self.attached - {self.recorded, self.used, self.secret, self.proven}

    @property
    def retired(self) -> frozenset[str]:
        """Those that may go: all but the one in force, once the VEN has changed over."""
        return self.attached - {self.recorded} if self.changed_over else frozenset()


def to_look_at(
    registrations: Iterable[tuple[VenId, Registration]], rotate_days: int, now: float
) -> list[tuple[VenId, Registration]]:
    """The VENs that a sweep has to look at: who has to change over, and whose certificate is due.

    Who was not looked at for longest comes first, then the oldest certificate: a sweep that ends before it
    is through is gone on with by the next, and a VEN that never gets through keeps nobody waiting.
    """
    return sorted(
        (
            (ven_id, registration)
            for ven_id, registration in registrations
            if registration.revoked_ts is None
            and (not registration.settled or is_due(registration, rotate_days, now))
        ),
        key=lambda entry: (entry[1].swept_ts, entry[1].certified_ts or 0.0, entry[0]),
    )


def is_due(registration: Registration, rotate_days: int, now: float) -> bool:
    """True for a VEN of the stack whose certificate is due for rotation; others claim anew."""
    return registration.resource_id is not None and due(registration.certified_ts, rotate_days, now)


def due(certified_ts: float | None, rotate_days: int, now: float) -> bool:
    """True when a certificate made at *certified_ts* (UTC s) is due for rotation; never, with 0 days."""
    return rotate_days > 0 and (certified_ts is None or now >= certified_ts + rotate_days * DAY_S)
