"""Certificates that are being made or taken away, noted before it is begun, so that none is left by a cut.

AWS IoT has no word for whose a certificate is. A certificate that was made, and whose id never arrived, is
known by its key: that is made first, and its digest noted here.
"""

from __future__ import annotations

from dataclasses import dataclass

from contracts.store.keys import Key
from contracts.wire.ids import VenId
from lambdas.shared import clock
from lambdas.shared.tables import Condition, Table

MADE, GONE, CLAIMED = "made.", "gone.", "claimed."
"""Begin the keys of entries, which are among the VENs that may claim: no VEN's id has a dot."""
_ATTRIBUTES = "venId", "openedTs", "ofVen", "secretId"
_THERE = Condition("attribute_exists(#ven)", {"#ven": "venId"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A certificate that is being made, or taken away.

    Attributes:
        key: the entry's, with the digest of the public key, or the certificate's id, after the first dot.
        opened_ts: when it was noted, UTC s.
        ven_id: the VEN that it is for; None for the claim's.
        secret_id: the secret that it goes into; None for one that is taken away.
    """

    key: str
    opened_ts: float
    ven_id: VenId | None
    secret_id: str | None

    @property
    def key_digest(self) -> str | None:
        """The digest of the public key of a certificate that was made; None for one that is taken away."""
        return self.key.removeprefix(MADE) if self.key.startswith(MADE) else None

    @property
    def certificate_id(self) -> str | None:
        """The certificate that is taken away; None for one that was made."""
        return None if self.key.startswith(MADE) else self.key.partition(".")[2]

    @property
    def claimed(self) -> bool:
        """True for a claim's certificate, which is left over only while it is pending."""
        return self.key.startswith(CLAIMED)


@dataclass(frozen=True, slots=True)
class CertificateJournal:
    """The entries, in the table of the VENs that may claim."""

    table: Table

    def note(self, key: str, ven_id: VenId | None = None, secret_id: str | None = None) -> str:
        """Note what is about to be done; its key."""
        self.table.update(Key(key), {"openedTs": clock.utc_now(), "ofVen": ven_id, "secretId": secret_id})
        return key

    def close(self, key: str) -> None:
        """It is done."""
        self.table.delete(Key(key), when=_THERE)

    def due(self, until_ts: float) -> list[Entry]:
        """The entries of before *until_ts*, the oldest first."""
        rows = [row for row in self.table.scan(_ATTRIBUTES) if row.get("openedTs", until_ts) < until_ts]
        entries = [Entry(r["venId"], r["openedTs"], r.get("ofVen"), r.get("secretId")) for r in rows]
        return sorted(entries, key=lambda entry: entry.opened_ts)
