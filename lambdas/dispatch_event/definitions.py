"""Groups and programs as an operator changes them, each on condition of what the operator has seen.

Nothing is taken away that an event which is not over needs: its redispatch goes by its groups, and a revision
by its program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from contracts.api.groups import GROUP_VENS_MAX, GROUPS_MAX, ChangeGroup, GroupChanged
from contracts.api.programs import PROGRAMS_MAX, ChangeProgram, ProgramBody, ProgramChanged
from contracts.api.requests import DEFAULT_PROGRAM, RefusalCode, Refused
from contracts.errors import FieldError
from contracts.store.definitions import GroupRow, ProgramRow
from contracts.wire.events import MAX_DURATION_S
from contracts.wire.ids import GroupName, VenId
from lambdas.dispatch_event.adapters import DispatchAdapters, new_token
from lambdas.shared import answers
from lambdas.shared.answers import RequestRefusedError
from lambdas.shared.rows import EventRow

T = TypeVar("T")
ANY = "*"
COMMITS = 20
"""Repeats of a change because another was made in between."""
PAGE = 100
SPREAD_S = 3600
"""The most that starts are spread by, s."""
NAMED_EVENTS = 3
"""So many events are named where more are in the way."""
_HOLIDAYS = frozenset({"auto", "nerc", "none"})


def change_group(adapters: DispatchAdapters, request: ChangeGroup, *, now: float) -> GroupChanged:
    """Set, change or delete a group. Raises RequestRefusedError, FieldError."""
    change = _deleted_group if request.group_action == "delete" else _changed_group
    return _committed(lambda: change(adapters, request, now=now), "group")


def change_program(adapters: DispatchAdapters, request: ChangeProgram, *, now: float) -> ProgramChanged:
    """Set or delete a program; events keep their rules. Raises RequestRefusedError, FieldError."""
    rules = request.rules
    if rules is None:
        return _committed(lambda: _deleted_program(adapters, request, now=now), "program")
    _check_holidays(rules)
    return _committed(lambda: _changed_program(adapters, request, rules, now=now), "program")


def _committed(change: Callable[[], T | None], field: str) -> T:
    """The answer of *change*, made anew while others are faster; its condition is judged each time."""
    for _ in range(COMMITS):
        changed = change()
        if changed is not None:
            return changed
    raise answers.conflict("is being changed: try again", field)


def _changed_group(adapters: DispatchAdapters, request: ChangeGroup, *, now: float) -> GroupChanged | None:
    """Set or change the group; None when another change was faster."""
    stored, row = _group(adapters, request)
    if row is None and request.group_action == "change":
        raise answers.not_found(f"no group {request.group!r}", "group")
    members = () if row is None else adapters.groups.members(row)
    vens = _wanted(request, members)
    if row is not None and vens == frozenset(members):  # a repeat, or nothing to do
        return GroupChanged(group=row.group, ven_count=row.ven_count, etag=row.version)
    _check_match(row, request.if_match, makes=request.group_action == "set")
    if row is None:
        _check_new_group(adapters, request.group)
    if len(vens) > GROUP_VENS_MAX:
        raise FieldError("add", f"make a group of {len(vens)} VENs, at most {GROUP_VENS_MAX} are allowed")
    _check_vens(adapters, request, frozenset(members))
    new = GroupRow(group=request.group, version=_version(), changed_ts=now)
    written = adapters.groups.put(new, tuple(vens), instead_of=stored)
    if written is None:
        return None
    return GroupChanged(group=written.group, ven_count=written.ven_count, etag=written.version)


def _deleted_group(adapters: DispatchAdapters, request: ChangeGroup, *, now: float) -> GroupChanged | None:
    """Delete the group; None when another change was faster."""
    _, row = _group(adapters, request)
    if row is None:
        raise answers.not_found(f"no group {request.group!r}", "group")
    _check_match(row, request.if_match)
    events = (event for event in _events_to_come(adapters, now) if request.group in event.targets)
    _check_free(events, "group", "targeted by")
    gone = adapters.groups.drop(row, _version(), now=now)
    return GroupChanged(group=row.group, ven_count=0) if gone else None


def _changed_program(
    adapters: DispatchAdapters, request: ChangeProgram, rules: ProgramBody, *, now: float
) -> ProgramChanged | None:
    """Set the program; None when another change was faster."""
    stored, row = _program(adapters, request)
    if row is not None and (row.baseline, row.holidays) == (rules.baseline, rules.holidays):
        return ProgramChanged(program=row.program, etag=row.version)
    _check_match(row, request.if_match, makes=True)
    if row is None and len(adapters.programs.all()) >= PROGRAMS_MAX:
        raise answers.conflict(f"there are {PROGRAMS_MAX} programs already", "program")
    new = ProgramRow(
        program=request.program,
        baseline=rules.baseline,
        holidays=rules.holidays,
        version=_version(),
        changed_ts=now,
    )
    written = adapters.programs.put(new, instead_of=stored)
    return ProgramChanged(program=new.program, etag=new.version) if written else None


def _deleted_program(
    adapters: DispatchAdapters, request: ChangeProgram, *, now: float
) -> ProgramChanged | None:
    """Delete the program; None when another change was faster."""
    _, row = _program(adapters, request)
    if row is None and request.program == DEFAULT_PROGRAM:
        raise answers.conflict("is always there, and as it was made", "program")
    if row is None:
        raise answers.not_found(f"no program {request.program!r}", "program")
    _check_match(row, request.if_match)
    if request.program != DEFAULT_PROGRAM:  # which goes back to what it was, and stays
        events = (event for event in _events_to_come(adapters, now) if event.program == request.program)
        _check_free(events, "program", "used by")
    gone = adapters.programs.drop(row, _version(), now=now)
    return ProgramChanged(program=row.program) if gone else None


def _group(adapters: DispatchAdapters, request: ChangeGroup) -> tuple[GroupRow | None, GroupRow | None]:
    """The group's header as it is stored, and again unless it is deleted."""
    stored = adapters.groups.find(request.group)
    return stored, None if stored is None or stored.deleted_ts is not None else stored


def _program(
    adapters: DispatchAdapters, request: ChangeProgram
) -> tuple[ProgramRow | None, ProgramRow | None]:
    """The program's row as it is stored, and again unless it is deleted."""
    stored = adapters.programs.find(request.program)
    return stored, None if stored is None or stored.deleted_ts is not None else stored


def _wanted(request: ChangeGroup, members: Sequence[VenId]) -> frozenset[VenId]:
    """The members that the request leads to."""
    if request.group_action == "set":
        return frozenset(request.vens)
    return frozenset(members).union(request.add).difference(request.remove)


def _check_new_group(adapters: DispatchAdapters, group: GroupName) -> None:
    """Refuse a name that is a VEN's, which would go before it, and one group too many."""
    if adapters.vens.get_many((group,), ("venId",)):
        raise answers.conflict("is a VEN's id: an event that targets it calls the VEN", "group")
    if len(adapters.groups.rows()) >= GROUPS_MAX:
        raise answers.conflict(f"there are {GROUPS_MAX} groups already", "group")


def _check_vens(adapters: DispatchAdapters, request: ChangeGroup, members: frozenset[VenId]) -> None:
    """Refuse the first name that comes in and is no VEN; *members* were VENs when they came."""
    field, vens = ("vens", request.vens) if request.group_action == "set" else ("add", request.add)
    new = frozenset(vens) - members
    new -= {item["venId"] for item in adapters.vens.get_many(new, ("venId",))}
    for index, ven_id in enumerate(vens):
        if ven_id in new:
            raise answers.not_found(f"no VEN {ven_id!r}", f"{field}[{index}]")


def _check_holidays(rules: ProgramBody) -> None:
    """Refuse a calendar that settlement could not read. Raises FieldError."""
    if rules.holidays is None or rules.holidays in _HOLIDAYS:
        return
    from holidays import list_supported_countries  # noqa: PLC0415 - a second, for those who name a country

    country, _, division = rules.holidays.partition("-")
    divisions = list_supported_countries(include_aliases=False).get(country)
    if divisions is None or (division and division not in divisions):
        allowed = "none of auto, nerc, none, and no country with its part, like US or GB-ENG"
        raise FieldError("holidays", f"{rules.holidays!r} is {allowed}")


def _check_match(row: GroupRow | ProgramRow | None, if_match: str | None, *, makes: bool = False) -> None:
    """Refuse a change of something else than the caller has seen; *makes* is true of what can make it."""
    if row is None:
        wrong = None if if_match is None else "there is none any more"
    elif if_match is None:
        wrong = f"is there already, with etag {row.version}" if makes else None
    else:
        wrong = None if if_match in {row.version, ANY} else f"the etag is {row.version} by now"
    if wrong is not None:
        code = RefusalCode.PRECONDITION_FAILED
        raise RequestRefusedError(Refused(error=wrong, field="ifMatch", code=code))


def _check_free(events: Iterable[EventRow], field: str, how: str) -> None:
    """Refuse to take away what *events* need."""
    named = sorted(event.event_id for event in events)
    if named:
        more = len(named) - NAMED_EVENTS
        listed = ", ".join(named[:NAMED_EVENTS]) + (f" and {more} more" if more > 0 else "")
        raise answers.conflict(f"is {how} {listed}: revise, cancel or delete the event before", field)


def _events_to_come(adapters: DispatchAdapters, now: float) -> Iterator[EventRow]:
    """The events that are not over; what the index by start has, which may be a moment old."""
    after = None
    while True:
        rows, after = adapters.book.page(after, PAGE)
        for row in rows:
            if row.start_ts < now - MAX_DURATION_S - SPREAD_S:
                return
            if row.cancelled_ts is None and row.over_ts > now:
                yield row
        if after is None:
            return


def _version() -> str:
    return new_token() + new_token()
