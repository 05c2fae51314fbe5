"""All subscriptions in the memory of a warm function, read again only as far as they have changed.

Their versions are read each time, by one query. A subscription counts in its version before its client is
answered, so that whoever subscribes is told of the next change.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache

import msgspec

from contracts.openadr.ids import ObjectId
from contracts.store.vtn_keys import VERSION_PARTITION, type_range
from lambdas.shared.subscribers import Subscriber, read_subscriber
from lambdas.shared.tables import Table
from lambdas.shared.vtn_bodies import VtnBodies
from lambdas.shared.vtn_writes import FEW, CollectionVersion

VERSION_ATTRIBUTES = ("objectKey", "version", "changes")


@dataclass
class WarmSubscribers:
    """The subscriptions of *table*, by id in the order of creation, as of these versions or newer."""

    table: Table
    versions: dict[str, int] | None = None
    subscribers: dict[ObjectId, Subscriber] = field(default_factory=dict)

    def now(self) -> Collection[Subscriber]:
        """The subscriptions as they are at this call, or later. Errors of AWS pass through."""
        versions = {
            str(item["objectKey"]): msgspec.convert(item, CollectionVersion)
            for item in self.table.query(VERSION_PARTITION, type_range("SUBSCRIPTION"), VERSION_ATTRIBUTES)
        }
        changed = self._changed(versions)
        bodies = VtnBodies(self.table)
        if changed is None:
            subscribers = map(read_subscriber, bodies.all("SUBSCRIPTION"))
            self.subscribers = {subscriber.id: subscriber for subscriber in subscribers}
        elif changed:
            read = {object_id: bodies.find("SUBSCRIPTION", object_id) for object_id in changed}
            left = {key: subscriber for key, subscriber in self.subscribers.items() if key not in read}
            left |= {object_id: read_subscriber(body) for object_id, body in read.items() if body is not None}
            self.subscribers = dict(sorted(left.items()))
        self.versions = {name: version.version for name, version in versions.items()}
        return self.subscribers.values()

    def _changed(self, versions: Mapping[str, CollectionVersion]) -> set[ObjectId] | None:
        """The ids that have changed since those in memory were read; None where all must be read."""
        if self.versions is None or not self.versions.keys() <= versions.keys():
            return None
        changed: set[ObjectId] = set()
        for name, version in versions.items():
            ids = version.changed_since(self.versions.get(name, 0))
            if ids is None:
                return None
            changed.update(map(ObjectId, ids))
        return changed if len(changed) <= FEW else None


@cache
def warm_subscribers(table: Table) -> WarmSubscribers:
    """The subscriptions, remembered for as long as the sandbox is warm."""
    return WarmSubscribers(table)
