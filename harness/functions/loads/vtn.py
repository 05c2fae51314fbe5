"""Loads of the function that answers OpenADR: long lists, large objects, a program with all its events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache

import msgspec
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from contracts.openadr.ids import ClientId, ObjectId
from contracts.openadr.objects import OadrEvent, OadrObject, OadrProgram, OadrVen
from contracts.openadr.scopes import ROLE_SCOPES, Client, Role, scopes_text
from contracts.store.keys import Key
from contracts.store.vtn_clients import ClientRow, client_item
from contracts.store.vtn_keys import VTN, version_key
from contracts.wire import codec
from contracts.wire.codec import JsonDict
from harness.functions.account import CannedAccount
from harness.functions.load import Calls, WorstLoad
from harness.functions.loads import fleet
from harness.functions.loads.openadr import SETTINGS, http_call, private_key, public_key
from harness.functions.tables import CannedTable
from lambdas.shared.vtn_rows import client_copy_key, item_of, main_key, stored
from lambdas.shared.vtn_stamps import object_id
from lambdas.vtn.logic.calls import BODY_MAX_BYTES
from lambdas.vtn_token.logic import claims_of, signing_input, token_of

EVENTS, VENS = 2_000, 5_000
OPERATOR, HOUSE = ClientId("operator"), ClientId("house")
GROUPS = 20
MADE = "2026-01-01T00:00:00Z"
INTERVALS = [{"id": number, "payloads": [{"type": "PRICE", "values": [0.17]}]} for number in range(24)]
SENT: JsonDict = {
    "programID": "program",
    "intervalPeriod": {"start": "2030-01-01T00:00:00Z", "duration": "PT1H"},
    "intervals": INTERVALS,
}


@cache
def token_for(client_id: ClientId, role: Role) -> str:
    """A token as the stage issues it, for now."""
    client = Client(client_id, ROLE_SCOPES[role])
    claims = claims_of(client, issuer=SETTINGS["VTN_URL"], now=fleet.NOW, token_id="one")
    signed = signing_input(claims, SETTINGS["TOKEN_KEY"])
    return token_of(signed, private_key().sign(signed, padding.PKCS1v15(), SHA256()))


def _items(records: Iterable[OadrObject]) -> Iterator[JsonDict]:
    """The items of *records*: one of each, and the copy with its client."""
    for record in records:
        row = stored(record)
        for key in (main_key(record), client_copy_key(record)):
            if key is not None:
                yield _keyed(key, item_of(row))


def _keyed(key: Key, item: JsonDict) -> JsonDict:
    return {VTN.partition: key.partition, str(VTN.sort): key.sort, **item}


def _program() -> OadrProgram:
    return OadrProgram(
        id=ObjectId("program"),
        created_date_time=MADE,
        modification_date_time=MADE,
        program_name="program",
    )


def _events() -> Iterator[OadrEvent]:
    for number in range(EVENTS):
        targets = [f"group-{number % GROUPS}", f"group-{(number + 1) % GROUPS}"]
        yield msgspec.convert(
            {**SENT, **_stamp(number), "objectType": "EVENT", "targets": targets}, OadrEvent
        )


def _vens() -> Iterator[OadrVen]:
    for number in range(VENS):
        client_id = HOUSE if number == 0 else f"house-{number}"
        targets = [f"group-{group}" for group in range(GROUPS // 2)]
        ven = {"clientID": client_id, "venName": f"ven-{number}", "targets": targets}
        yield msgspec.convert({**_stamp(number), "objectType": "VEN", **ven}, OadrVen)


def _stamp(number: int) -> JsonDict:
    return {
        "id": object_id(number, f"{number:012x}"),
        "createdDateTime": MADE,
        "modificationDateTime": MADE,
    }


@cache
def _stock() -> tuple[JsonDict, ...]:
    """Every item of the table."""
    rows = [
        ClientRow(
            client_id=client_id, scopes=scopes_text(ROLE_SCOPES[role]), secrets=(), created_ts=fleet.NOW
        )
        for client_id, role in ((OPERATOR, Role.BL), (HOUSE, Role.VEN))
    ]
    versions = [
        _keyed(version_key(kind), {"version": EVENTS, "changes": ["*"]}) for kind in ("PROGRAM", "EVENT")
    ]
    return (*map(client_item, rows), *versions, *_items((_program(), *_events(), *_vens())))


def _account() -> CannedAccount:
    return CannedAccount({"vtn": CannedTable(VTN).add(_stock())}, public_key=public_key())


def _call(method: str, path: str, role: Role, body: JsonDict | None = None) -> JsonDict:
    client_id = OPERATOR if role is Role.BL else HOUSE
    headers = {"authorization": f"Bearer {token_for(client_id, role)}", "content-type": "application/json"}
    text = "" if body is None else codec.encode(body).decode()
    return http_call(method, path, headers, text)


def _large() -> JsonDict:
    """An event as large as a call may be."""
    body = {**SENT, "intervals": []}
    interval = {"id": 0, "payloads": [{"type": "PRICE", "values": [0.171] * 24}]}
    count = (BODY_MAX_BYTES - len(codec.encode(body))) // (len(codec.encode(interval)) + 5)
    return {**body, "intervals": [{**interval, "id": number} for number in range(count)]}


def _lists(count: int) -> Callable[[JsonDict, Calls], bool]:
    return lambda answer, _: len(msgspec.json.decode(answer["body"])) == count


def _answers(status: int) -> Callable[[JsonDict, Calls], bool]:
    return lambda answer, _: bool(answer["statusCode"] == status)


def _load(
    words: str,
    event: Callable[[], JsonDict],
    done: Callable[[JsonDict, Calls], bool],
    environment: Mapping[str, str] = SETTINGS,
) -> WorstLoad:
    return WorstLoad("vtn", words, event, _account, done, environment=environment)


LOADS = (
    _load(
        f"`searchAllEvents`: all {EVENTS:,} events of 24 intervals, read anew, for the business logic",
        lambda: _call("GET", "/events", Role.BL),
        _lists(EVENTS),
    ),
    _load(
        f"`searchAllEvents`: those of {EVENTS:,} for a VEN with {GROUPS // 2} targets, cut to them",
        lambda: _call("GET", "/events", Role.VEN),
        _lists(EVENTS * (GROUPS // 2 + 1) // GROUPS),
    ),
    _load(
        f"`searchVens`: all {VENS:,} VENs",
        lambda: _call("GET", "/vens", Role.BL),
        _lists(VENS),
    ),
    _load(
        f"`createEvent`: an event of {BODY_MAX_BYTES // 1024} KB",
        lambda: _call("POST", "/events", Role.BL, _large()),
        _answers(201),
    ),
    _load(
        f"`deleteProgram`: with its {EVENTS:,} events",
        lambda: _call("DELETE", "/programs/program", Role.BL),
        _answers(200),
    ),
)
