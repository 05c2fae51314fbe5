"""A VEN's provisioning, as its row has it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.store.items import Item

ATTRIBUTES = (
    "venId",
    "certificateId",
    "provisionRequestId",
    "resourceId",
    "logicalResourceId",
    "certifiedTs",
    "provisionedTs",
    "changedOverTo",
    "sweptTs",
    "revokedTs",
    "connectedCertificateId",
    "provenCertificateId",
)
"""The attributes of a row that a registration is read from."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A VEN's provisioning as it is recorded.

    Attributes:
        certificate_id: the certificate in force.
        request_id: CloudFormation's request that made the resource what it is.
        resource_id: the resource's physical id; None on a VEN that is not the stack's.
        logical_id: the resource's name in the template; None where that was not recorded.
        certified_ts: when the certificate in force was made, UTC s; None where that was not recorded.
        settled: True when the VEN has changed over to it, and its thing has no other.
        swept_ts: when a sweep last looked at the VEN, UTC s; 0 when none has.
        revoked_ts: since when it is cut off, UTC s; None when it is not.
        connected_id: the certificate that it last connected with, by the broker; None where that is unknown.
        proven_id: the last certificate in force that it has connected with, whoever has connected since.
    """

    certificate_id: str | None = None
    request_id: str | None = None
    resource_id: str | None = None
    certified_ts: float | None = None
    settled: bool = False
    swept_ts: float = 0.0
    revoked_ts: float | None = None
    connected_id: str | None = None
    proven_id: str | None = None
    logical_id: str | None = None


def read_registration(row: Item) -> Registration:
    """The registration in a VEN's row."""
    certified_ts = row.get("certifiedTs", row.get("provisionedTs"))
    certificate_id = row.get("certificateId")
    # A row of an earlier release: nothing had changed the certificate but CloudFormation.
    resource_id = row.get("resourceId", certificate_id if "provisionRequestId" in row else None)
    settled = certificate_id is not None and row.get("changedOverTo") == certificate_id
    return Registration(
        certificate_id=certificate_id,
        request_id=row.get("provisionRequestId"),
        resource_id=resource_id,
        certified_ts=certified_ts,
        settled=settled,
        swept_ts=row.get("sweptTs", 0.0),
        revoked_ts=row.get("revokedTs"),
        connected_id=row.get("connectedCertificateId"),
        proven_id=row.get("provenCertificateId"),
        logical_id=row.get("logicalResourceId"),
    )
