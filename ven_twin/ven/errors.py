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
        super().__init__(
            f"VEN {ven_id} gets no certificate: {reason}; are list and code right (certs allow)?"
        )


class OutboxError(VenTwinError):
    """Raised when the outbox's file cannot be opened. Nothing was lost or changed.

    The caller goes on in memory, says so, and tries the file again.

    Attributes:
        path: the database file.
    """

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        super().__init__(f"outbox {path}: {reason}")


class OutboxLockedError(OutboxError):
    """Raised when another process uses the outbox's file. Show the message and end: two VENs would be one."""


class OutboxDamagedError(OutboxError):
    """Raised when the outbox's file is damaged. Set it aside and take over what is whole of it."""


class OutboxNewerError(OutboxError):
    """Raised when a later release wrote the outbox's file. Set it aside for that release, and start anew.

    Attributes:
        version: the version of the file.
    """

    def __init__(self, path: str, version: int, readable: int) -> None:
        self.version = version
        super().__init__(path, f"has version {version}, and this release reads up to {readable}")


class NotStoredError(VenTwinError):
    """Raised when the disk does not take what came in. Do not acknowledge it, so that it comes again."""
