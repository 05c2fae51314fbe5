"""The services around an event's life in memory: tables, shadows, schedules, a queue. Their calls can fail.

The functions' own code runs over it. Every call is counted: at any of them the process can be killed, before
or after the call took effect, or be told that the service is too busy.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from types import SimpleNamespace
from typing import Any, TypeVar

from contracts.api.topic_message import NO_TOPIC
from contracts.store.items import Item, from_item, to_item
from contracts.store.keys import EVENTS, TELEMETRY, VENS, Key, TableKeys
from contracts.wire import codec
from contracts.wire.shadow import STATE_MAX_BYTES, merge
from lambdas.dispatch_event.adapters import DispatchAdapters
from lambdas.dispatch_event.booked_days import BookedDays
from lambdas.settle_event.adapters import SettleAdapters
from lambdas.shared.event_book import EventBook
from lambdas.shared.fan_out import MapRuns, ShadowQueue
from lambdas.shared.group_book import GroupBook
from lambdas.shared.notifications import Notifier
from lambdas.shared.program_book import ProgramBook
from lambdas.shared.schedules import EventSchedules
from lambdas.shared.shadows import Shadows
from lambdas.shared.share_orders import NO_VTN, ShareOrders
from lambdas.shared.tables import Condition, Put
from lambdas.write_shadows.adapters import ShadowAdapters

T = TypeVar("T")
SETTLE_DELAY_S = 120
MAP_ABOVE_VENS = 4
"""Plans of more VENs go by a map run."""


class KilledError(BaseException):
    """The function's process ended: nothing catches this."""


class BusyError(Exception):
    """The service is too busy."""


class Fault(Enum):
    """The end of a call that goes wrong."""

    KILLED_BEFORE = auto()
    KILLED_AFTER = auto()
    BUSY = auto()


@dataclass
class Calls:
    """The calls of one invocation; once *left* are made, the next one goes wrong by *fault*."""

    left: int | None = None
    fault: Fault = Fault.BUSY

    def __call__(self, effect: Callable[[], T]) -> T:
        """Make a call, or fail."""
        if self.left is None:
            return effect()
        if self.left > 0:
            self.left -= 1
            return effect()
        if self.fault is Fault.BUSY:
            self.left = None
            raise BusyError
        if self.left == 0 and self.fault is Fault.KILLED_AFTER:
            effect()
        self.left = -1
        raise KilledError


@dataclass
class MemoryTable:
    """A table in memory, with the few conditions that the functions write on."""

    keys: TableKeys
    calls: Calls
    items: dict[tuple[str, str], Item] = field(default_factory=dict)

    def _at(self, key: Mapping[str, object]) -> tuple[str, str]:
        return str(key[self.keys.partition]), str(key.get(self.keys.sort or "", ""))

    def _holds(self, stored: Item | None, when: Condition | None) -> bool:
        if when is None:
            return True
        return all(_clause_holds(clause, when, stored or {}) for clause in when.expression.split(" AND "))

    def get(self, key: Key) -> Item | None:
        """The item, or None."""
        return self.calls(lambda: deepcopy(self.items.get((key.partition, key.sort or ""))))

    def put_new(self, item: Mapping[str, object]) -> bool:
        """Write *item* unless its key is taken."""
        return self.replace(item, when=Condition("attribute_not_exists(#p)", {"#p": self.keys.partition}))

    def replace(self, item: Mapping[str, object], *, when: Condition) -> bool:
        """Write *item* on a condition."""

        def write() -> bool:
            at = self._at(item)
            if not self._holds(self.items.get(at), when):
                return False
            self.items[at] = from_item(to_item(item))
            return True

        return self.calls(write)

    def put_all(self, puts: Sequence[Put]) -> bool:
        """Write all or none."""

        def write() -> bool:
            if not all(self._holds(self.items.get(self._at(put.item)), put.when) for put in puts):
                return False
            self.items |= {self._at(put.item): from_item(to_item(put.item)) for put in puts}
            return True

        return self.calls(write)

    def update(
        self,
        key: Key,
        values: Mapping[str, object],
        *,
        once: Mapping[str, object] | None = None,
        when: Condition | None = None,
    ) -> bool:
        """Set *values*, and *once* where absent, on a condition."""

        def write() -> bool:
            at = key.partition, key.sort or ""
            stored = self.items.get(at)
            if not self._holds(stored, when):
                return False
            item = {self.keys.partition: key.partition, **(stored or {})}
            if self.keys.sort is not None:
                item[self.keys.sort] = key.sort
            merged = {**(once or {}), **item, **values}
            self.items[at] = from_item(to_item(merged))
            return True

        return self.calls(write)

    def query(self, partition: str, between: tuple[str, str], _: Collection[str] = ()) -> Iterator[Item]:
        """Items of a partition in the order of their sort keys."""

        def read() -> list[Item]:
            here = [(at, item) for at, item in sorted(self.items.items()) if at[0] == partition]
            return [deepcopy(item) for (_, sort), item in here if between[0] <= sort <= between[1]]

        return iter(self.calls(read))

    def query_rows(self, *_: object, **__: object) -> Iterator[list[Any]]:
        """No rows: nothing was ever measured here."""
        return iter(self.calls(list))

    def scan(self, _: Collection[str]) -> Iterator[Item]:
        """Every item."""
        return iter(self.calls(lambda: deepcopy(list(self.items.values()))))

    def get_many(
        self, partitions: Iterable[str], _: Collection[str], *, sort: str | None = None
    ) -> list[Item]:
        """The items that are there."""
        keys = [(partition, sort or "") for partition in dict.fromkeys(partitions)]
        return self.calls(lambda: [deepcopy(self.items[key]) for key in keys if key in self.items])


def _clause_holds(clause: str, when: Condition, stored: Item) -> bool:
    """One clause of a condition: an attribute that is there, is not, or equals a value."""
    for function, present in (("attribute_exists", True), ("attribute_not_exists", False)):
        if clause.startswith(f"{function}("):
            return (when.names[clause[len(function) + 1 : -1]] in stored) is present
    name, value = clause.split(" = ")
    return bool(stored.get(when.names[name]) == when.values[value])


@dataclass
class MemoryShadows:
    """The shadows' service: 8 KB a shadow, in which *ballast_bytes* stand that are not ours."""

    calls: Calls
    desired: dict[str, dict[str, Any]] = field(default_factory=dict)
    ballast_bytes: dict[str, int] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    writes: int = 0

    class exceptions:  # noqa: N801 - as boto3 names it
        """Errors of the service."""

        class RequestEntityTooLargeException(Exception):  # noqa: N818 - as boto3 names it
            """No room."""

        class ResourceNotFoundException(Exception):  # noqa: N818 - as boto3 names it
            """No thing."""

    def update_thing_shadow(self, *, thingName: str, payload: bytes) -> dict[str, Any]:  # noqa: N803
        """Merge, when there is room."""

        def write() -> dict[str, Any]:
            self.writes += 1
            if thingName in self.removed:
                raise self.exceptions.ResourceNotFoundException
            before = self.desired.get(thingName, {})
            after = merge(before, json.loads(payload)["state"]["desired"])
            size = len(codec.encode(after)) + self.ballast_bytes.get(thingName, 0)
            if size > STATE_MAX_BYTES:
                raise self.exceptions.RequestEntityTooLargeException
            self.desired[thingName] = after
            return {"payload": SimpleNamespace(read=bytes)}

        return self.calls(write)

    def fill(self, ven_id: str, left_bytes: int) -> None:
        """Leave no more than *left_bytes* of room in a shadow."""
        size = len(codec.encode(self.desired.get(ven_id, {})))
        self.ballast_bytes[ven_id] = max(0, STATE_MAX_BYTES - size - left_bytes)

    def events(self, ven_id: str) -> dict[str, Any]:
        """``desired.drEvents`` of a VEN."""
        events: dict[str, Any] = self.desired.get(ven_id, {}).get("drEvents", {})
        return events


@dataclass
class MemoryScheduler:
    """The Scheduler: one-time schedules by the time they are due, recurring ones by their window, UTC s."""

    calls: Calls
    due: dict[str, tuple[float, str]] = field(default_factory=dict)
    recurring: dict[str, tuple[float, float, str]] = field(default_factory=dict)

    class exceptions:  # noqa: N801 - as boto3 names it
        """Errors of the service."""

        class ConflictException(Exception):  # noqa: N818 - as boto3 names it
            """There is one of that name."""

        class ResourceNotFoundException(Exception):  # noqa: N818 - as boto3 names it
            """There is none of that name."""

    def create_schedule(self, **schedule: Any) -> None:
        """A new schedule."""
        self.calls(lambda: self._put(schedule, new=True))

    def update_schedule(self, **schedule: Any) -> None:
        """Another time for a schedule."""
        self.calls(lambda: self._put(schedule, new=False))

    def delete_schedule(self, *, GroupName: str, Name: str) -> None:  # noqa: ARG002, N803
        """A schedule less."""

        def drop() -> None:
            if self.recurring.pop(Name, None) is None and self.due.pop(Name, None) is None:
                raise self.exceptions.ResourceNotFoundException

        self.calls(drop)

    def _put(self, schedule: Mapping[str, Any], *, new: bool) -> None:
        name, text = schedule["Name"], schedule["Target"]["Input"]
        if (name in self.due or name in self.recurring) is new:
            raise self.exceptions.ConflictException if new else self.exceptions.ResourceNotFoundException
        expression = schedule["ScheduleExpression"]
        if expression.startswith("at("):
            at = datetime.strptime(expression[3:-1], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
            self.due[name] = at.timestamp(), text
        else:
            self.recurring[name] = schedule["StartDate"].timestamp(), schedule["EndDate"].timestamp(), text


class EventCloud:
    """An account, and the three functions that an event lives by."""

    def __init__(self) -> None:
        calls = self.calls = Calls()
        self.events, self.vens = MemoryTable(EVENTS, calls), MemoryTable(VENS, calls)
        self.telemetry = MemoryTable(TELEMETRY, calls)
        self.shadows, self.scheduler = MemoryShadows(calls), MemoryScheduler(calls)
        self.queue: list[str] = []
        shadows: Any = Shadows(self.shadows)  # type: ignore[arg-type]
        events: Any = self.events
        book = EventBook(events)
        sqs: Any = SimpleNamespace(send_message=self._send)
        states: Any = SimpleNamespace(start_execution=self._start)
        scheduler: Any = self.scheduler
        self.dispatch = DispatchAdapters(
            vens=self.vens,  # type: ignore[arg-type]
            telemetry=self.telemetry,  # type: ignore[arg-type]
            book=book,
            shadows=shadows,
            queue=ShadowQueue(sqs, "queue"),
            shares=ShareOrders(NO_VTN),
            map_runs=MapRuns(lambda: states, "machine", MAP_ABOVE_VENS),
            schedules=EventSchedules(scheduler, "group", "settle", "dispatch", "role", "dead"),
            days=BookedDays(book),
            groups=GroupBook(events),
            programs=ProgramBook(events),
            notifier=Notifier(sqs, NO_TOPIC, events),
            settle_delay_s=SETTLE_DELAY_S,
            redispatch_min=1,
            retention_days=30,
        )
        self.settle = SettleAdapters(
            events=events,
            telemetry=self.telemetry,  # type: ignore[arg-type]
            vens=self.vens,  # type: ignore[arg-type]
            shadows=shadows,
            programs=ProgramBook(events),
            groups=GroupBook(events),
            notifier=self.dispatch.notifier,
            time_zone="UTC",
            holidays="auto",
            weather={},
        )
        self.write = ShadowAdapters(book, shadows, per_s=100)

    def add_ven(self, ven_id: str, offer_kw: float) -> None:
        """A VEN that is online."""
        row = {"venId": ven_id, "online": True, "enabled": True, "shedAvailabilityKw": offer_kw}
        self.vens.items[ven_id, ""] = row

    def _send(self, *, QueueUrl: str, MessageBody: str) -> None:  # noqa: ARG002, N803 - as boto3 names it
        self.calls(lambda: self.queue.append(MessageBody))

    def _start(self, *, stateMachineArn: str, input: str) -> None:  # noqa: A002, ARG002, N803 - as boto3 names it
        """A map run: its children come in any order, some twice, as the queue's messages do."""
        execution = json.loads(input)
        places = execution.pop("slices")
        children = [json.dumps({**execution, "place": place}) for place in places]
        self.calls(lambda: self.queue.extend(children))
