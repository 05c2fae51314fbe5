"""Errors of the local cloud; each message is one line with the remedy."""

from __future__ import annotations

from contracts.errors import VenTwinError


class LocalCloudError(VenTwinError):
    """Root. The caller prints the message and stops; nothing was left half done."""


class NotRunningError(LocalCloudError):
    """There is no local cloud to talk to. Start it with ``ven-twin cloud start``."""


class StartError(LocalCloudError):
    """The emulator did not come up. The message names its log."""


class DeployError(LocalCloudError):
    """The stack could not be deployed. The message has CloudFormation's reason."""
