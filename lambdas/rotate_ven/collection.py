"""The collection of certificates that a cut has left, and nothing refers to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from contracts.wire.ids import VenId
from contracts.wire.signing_request import key_digests
from lambdas.shared import clients
from lambdas.shared.certificate_journal import CertificateJournal, Entry
from lambdas.shared.invocation import logger
from lambdas.shared.registrations import Registration
from lambdas.shared.registry import Registry
from lambdas.shared.ven_identity import Certificates, Vault, certificate_id_in

COLLECT_AFTER_S = 2 * 3600.0
"""The age from which an entry is looked at, s. Interpretation: by then nothing is under way that began it. A
function runs for ten minutes and is started again twice; a claim's ownership token holds for an hour."""
CLOCKS_S = 300.0
"""The difference between the clocks of AWS IoT and of a function, s, at the most. Interpretation."""
LAST_ENTRY_S = 40.0
"""No entry is begun with less of the function's time left, s."""


@dataclass(frozen=True, slots=True)
class Collection:
    """The certificates and the entries of those that were being made or taken away.

    Attributes:
        resume: goes on with a rotation of a VEN that was cut after its secret was written.
    """

    certificates: Certificates
    journal: CertificateJournal
    registry: Registry
    vault: Vault
    resume: Callable[[VenId], None]

    def collect(self, *, now: float, left_s: Callable[[], float]) -> int:
        """Take away what the entries that are due have left; returns how many certificates."""
        entries, collected = self.journal.due(now - COLLECT_AFTER_S), 0
        made = [entry for entry in entries if entry.key_digest is not None]
        by_key = self._by_key(made, left_s) if made else {}
        for entry in entries:
            if left_s() < LAST_ENTRY_S or (by_key is None and entry.key_digest is not None):
                continue  # the next sweep's
            try:
                collected += self._collect(entry, by_key or {})
            except Exception as error:  # noqa: BLE001 - the others are looked at all the same
                logger.error("leftover not collected", entry=entry.key, reason=clients.error_code(error))
        return collected

    def _collect(self, entry: Entry, by_key: Mapping[str, set[str]]) -> int:
        digest, gone = entry.key_digest, entry.certificate_id
        if entry.claimed and not self.certificates.is_pending(str(gone)):
            self.journal.close(entry.key)
            return 0
        certificates = {str(gone)} if digest is None else by_key.get(digest, set())
        in_secret = certificate_id_in(self.vault.read(entry.secret_id)) if entry.secret_id else None
        recorded = self.registry.find(entry.ven_id) if entry.ven_id is not None else None
        left = certificates - _in_force(entry, recorded, in_secret)
        stays = in_secret in certificates - left
        for certificate_id in left:
            self.certificates.remove(certificate_id, thing=entry.ven_id)
            logger.info("leftover collected", ven_id=entry.ven_id, certificate_id=certificate_id)
        if entry.ven_id and recorded is not None and stays and in_secret != recorded.certificate_id:
            self.resume(entry.ven_id)
        self.journal.close(entry.key)
        return len(left)

    def _by_key(self, made: list[Entry], left_s: Callable[[], float]) -> dict[str, set[str]] | None:
        """The certificates by those of their keys that entries have; None when the time ran out before.

        AWS IoT lists the newest first, so that what is older than the entries costs nothing.
        """
        digests, by_key = {entry.key_digest for entry in made}, defaultdict[str, set[str]](set)
        for certificate_id, pem in self._since(made[0].opened_ts - CLOCKS_S, left_s):
            if pem is None:
                return None
            for digest in key_digests(pem) & digests:
                by_key[digest].add(certificate_id)
        return by_key

    def _since(self, since_ts: float, left_s: Callable[[], float]) -> Iterator[tuple[str, str | None]]:
        """The certificates made since *since_ts*; the last without its PEM when the time is up."""
        iot = self.certificates.client
        for page in iot.get_paginator("list_certificates").paginate(ascendingOrder=False):
            for listed in page["certificates"]:
                if listed["creationDate"].timestamp() < since_ts:
                    return
                certificate_id = listed["certificateId"]
                if left_s() < LAST_ENTRY_S:
                    yield certificate_id, None
                    return
                try:
                    answer = iot.describe_certificate(certificateId=certificate_id)
                except iot.exceptions.ResourceNotFoundException:
                    continue
                yield certificate_id, answer["certificateDescription"]["certificatePem"]


def _in_force(entry: Entry, recorded: Registration | None, in_secret: str | None) -> set[str | None]:
    """The certificates that something refers to. The secret of a VEN that is none does not count."""
    if recorded is None:
        return {in_secret}
    if recorded.certificate_id is None:
        return set()
    if entry.certificate_id is not None:
        return {recorded.certificate_id}
    return {recorded.certificate_id, recorded.connected_id, recorded.proven_id, in_secret}
