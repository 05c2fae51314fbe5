"""Errors of the VEN, each with the one line that its user reads."""

from __future__ import annotations

from pathlib import Path

from contracts.errors import VenTwinError
from contracts.wire.ids import VenId


class IdentityError(VenTwinError):
    """The VEN's certificate, key or CA cannot be used. Do not connect; show the message.

    Attributes:
        path: the file or folder at fault.
    """

    def __init__(self, path: Path, message: str) -> None:
        self.path = path
        super().__init__(message)


class IdentityMissingError(IdentityError):
    """Raised when a file of the identity is not there. Fetch the identity from the cloud, then try again."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, f"{path} is missing: fetch this VEN's credentials first")


class IdentityExposedError(IdentityError):
    """Raised when others may read the key or enter its folder. The user runs the chmod in the message.

    Attributes:
        mode: the permission bits found.
        wanted: the permission bits that are accepted.
    """

    def __init__(self, path: Path, mode: int, wanted: int) -> None:
        self.mode = mode
        self.wanted = wanted
        super().__init__(
            path, f"{path} is open to other users (mode {mode:04o}): run  chmod {wanted:o} '{path}'"
        )


class IdentityForeignError(IdentityError):
    """Raised when another user owns a file of the identity, or its folder. The user runs the chown.

    Attributes:
        owner: the user id found.
    """

    def __init__(self, path: Path, owner: int, wanted: int) -> None:
        self.owner = owner
        super().__init__(path, f"{path} belongs to user {owner}: run  sudo chown {wanted} '{path}'")


class IdentityLinkError(IdentityError):
    """Raised when a file of the identity is a link. The user puts the file itself there."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path,
            f"{path} is a link: run  cp --remove-destination \"$(readlink -f '{path}')\" '{path}'",
        )


class IdentityInvalidError(IdentityError):
    """Raised when the files are no certificate, key or CA, or do not belong together. Fetch them again."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, f"{path}: {reason}; fetch this VEN's credentials again")


class ClaimRefusedError(VenTwinError):
    """Raised when a VEN gets no certificate by its claim. Put it on the list, then try again."""

    def __init__(self, ven_id: VenId, reason: str) -> None:
        super().__init__(f"VEN {ven_id} gets no certificate: {reason}; is it on the list (certs allow)?")


class OutboxError(VenTwinError):
    """Raised when the outbox cannot be opened: the file is locked, damaged or not writable.

    Nothing was lost or changed. The caller shows the message and ends; it does not run without an outbox.

    Attributes:
        path: the database file.
    """

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        super().__init__(f"outbox {path}: {reason}")


class OutboxDamagedError(OutboxError):
    """Raised when the outbox's file is no database any more. Set it aside and start with an empty one."""


class NotStoredError(VenTwinError):
    """Raised when the disk does not take what came in. Do not acknowledge it, so that it comes again."""
