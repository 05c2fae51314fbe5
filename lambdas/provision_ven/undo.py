"""What is left when even the undoing fails."""

from __future__ import annotations

from contracts.errors import VenTwinError


class UndoFailedError(VenTwinError):
    """A certificate could neither be put to use nor taken away. Deleting it is tried again later.

    Attributes:
        certificate_id: the certificate that is left.
    """

    def __init__(self, certificate_id: str) -> None:
        self.certificate_id = certificate_id
        super().__init__(f"certificate {certificate_id} is left")
