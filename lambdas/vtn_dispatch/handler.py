"""Stands between the VTN and the stage's events: what changes on one side is brought to the other.

Events of the VTN are dispatched to the fleet, VENs of OpenADR get their shares, and what they report is
heard: each as it changes. Every few minutes the sweep brings in what no order has come for, the next windows
of events that go on for ever, and targets that have become VENs or groups since. It takes away shares that
nobody needs any more, has no VEN counted on that has gone quiet, and files the reports of the stage's own.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.api.oadr_events import OadrEventState
from contracts.openadr.ids import ObjectId
from contracts.store.oadr_events import DispatchOrder
from contracts.wire.ids import EventId
from lambdas.shared import batches, clients, clock, settings
from lambdas.shared.invocation import Event, count, entry, logger
from lambdas.vtn_dispatch.adapters import VtnDispatchAdapters, open_adapters
from lambdas.vtn_dispatch.hearing import Hearing
from lambdas.vtn_dispatch.joining import Joining, is_settled, tag_of
from lambdas.vtn_dispatch.reporting import Reporting
from lambdas.vtn_dispatch.settings import VtnDispatchSettings
from lambdas.vtn_dispatch.sharing import Sharing

clients.at_init(__package__, clients.dynamodb, clients.functions)
_orders = msgspec.json.Decoder(DispatchOrder)
SPARE_S = 20.0
"""A sweep begins nothing more with less time left; the next one goes on."""


@entry
def handler(event: Event, context: LambdaContext) -> dict[str, object]:
    """Carry out a batch of orders, or sweep."""
    adapters = open_adapters(settings.read(VtnDispatchSettings))
    if "Records" in event:
        return _carried_out(event, adapters)
    return _swept(adapters, context)


def _carried_out(event: Event, adapters: VtnDispatchAdapters) -> dict[str, object]:
    failed: dict[str, Exception] = {}
    for record in event["Records"]:
        try:
            _carry_out(_orders.decode(record["body"]), adapters)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others of the batch are done
            failed[record["messageId"]] = error
    count(OadrOrders=len(event["Records"]))
    return batches.answer(event, failed)


def _carry_out(order: DispatchOrder, adapters: VtnDispatchAdapters) -> None:
    now_ts = clock.utc_now()
    match order.object_type:
        case "DR_EVENT":
            Sharing(adapters, now_ts).bring(EventId(order.id))
        case "REPORT" if order.client_id is not None:
            Hearing(adapters, now_ts).report(ObjectId(order.id), order.client_id)
        case "VEN":
            Hearing(adapters, now_ts).ven(ObjectId(order.id))
        case _:
            for object_id in _event_ids(order, adapters):
                _bring(adapters, object_id)


def _event_ids(order: DispatchOrder, adapters: VtnDispatchAdapters) -> Iterator[ObjectId]:
    """The events that *order* is about: one, or all of a program, which is among the stage's first."""
    object_id = ObjectId(order.id)
    if order.object_type == "EVENT":
        yield object_id
        return
    program = adapters.program(object_id)
    if program is not None:
        Joining(adapters, clock.utc_now()).define(program)
    for event in adapters.all_events():
        if event.program_id == object_id:
            yield event.id


def _swept(adapters: VtnDispatchAdapters, context: LambdaContext) -> dict[str, object]:
    """Bring in all events that are not as they were looked at last; the next sweep takes what fails."""
    due = list(_due(adapters, clock.utc_now()))
    count(OadrEventsDue=len(due))
    failed = left = 0
    for place, object_id in enumerate(due):
        if not _is_time_left(context):
            left = len(due) - place
            break
        try:
            _bring(adapters, object_id)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are brought in
            failed += 1
            logger.warning("not brought in", extra={"event_id": object_id, **batches.loggable(error)})
    _sweep_the_rest(adapters, context)
    return {"due": len(due), "failed": failed, "left": left}


def _sweep_the_rest(adapters: VtnDispatchAdapters, context: LambdaContext) -> None:
    """End shares, count on no quiet VENs, file reports: each, whatever becomes of another."""
    now_ts = clock.utc_now()
    sweeps = (
        Sharing(adapters, now_ts).sweep,
        Hearing(adapters, now_ts).sweep,
        Reporting(adapters, now_ts, lambda: _is_time_left(context)).sweep,
    )
    errors: list[Exception] = []
    for sweep in sweeps:
        try:
            sweep()
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are done
            logger.warning("not swept", extra=batches.loggable(error))
            errors.append(error)
    if errors:
        raise errors[0]


def _is_time_left(context: LambdaContext) -> bool:
    return context.get_remaining_time_in_millis() >= SPARE_S * 1000


def _due(adapters: VtnDispatchAdapters, now_ts: float) -> Iterator[ObjectId]:
    """The events whose rows are not of what they are now, or that are to be looked at again."""
    rows = {row.oadr_event_id: row for row in adapters.rows.all()}
    programs = adapters.all_programs()
    gone = tag_of(None, None)
    for event in adapters.all_events():
        row = rows.pop(event.id, None)
        if row is None or not is_settled(row, tag_of(event, programs.get(event.program_id)), now_ts):
            yield event.id
    yield from (object_id for object_id, row in rows.items() if not is_settled(row, gone, now_ts))


def _bring(adapters: VtnDispatchAdapters, object_id: ObjectId) -> None:
    """Bring one event in, and say what became of it, unless that is as it was."""
    before = adapters.rows.find(object_id)
    row = Joining(adapters, clock.utc_now()).bring(object_id)
    changed = row is not None and (before is None or before.changed_ts != row.changed_ts)
    dispatched = changed and row is not None and row.state is OadrEventState.DISPATCHED
    count(OadrEventsLookedAt=1, OadrEventsDispatched=int(dispatched))
    if row is not None and changed:
        fields = {"state": row.state, "dr_event_id": row.event_id, "reason": row.reason}
        logger.info("event looked at", extra={"event_id": object_id, **fields})
