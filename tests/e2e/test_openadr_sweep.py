"""Every operation of OpenADR over HTTP: by whom, with which scopes, ids, methods and pages.

Generated of the table of operations. `tests/support/outside_vtn.py` holds each answer to our own document
and to the official one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from contracts.openadr.operations import COLLECTIONS, Verb
from contracts.openadr.parameters import LIMIT_MAX
from contracts.openadr.routes import TOPICS_PATH, VTN_ROUTES, VtnRoute
from contracts.openadr.scopes import ROLE_SCOPES, Role
from tests.support.outside_vtn import OutsideClient, OutsideStand, OutsideVtn, route_of
from tests.support.vtn_bodies import kinds_of

EVERY = pytest.mark.parametrize("route", VTN_ROUTES, ids=lambda route: route.operation)
GUARDED = pytest.mark.parametrize(
    "route", [route for route in VTN_ROUTES if route.rights is not None], ids=lambda route: route.operation
)
OF_ONE = pytest.mark.parametrize(
    "route", [route for route in VTN_ROUTES if "{" in route.path], ids=lambda route: route.operation
)
LISTS = pytest.mark.parametrize(
    "route",
    [route for route in VTN_ROUTES if route.verb is Verb.SEARCH],
    ids=lambda route: route.operation,
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
BAD_IDS = {"of none": ("none", 404), "with a dot": ("a.b", 400), "too long": ("a" * 129, 400)}
BAD_IDS |= {"a blank": ("%20", 400), "a letter that no id has": ("%C3%A4", 400), "a slash": ("a%2Fb", 404)}
OTHERS_MAY = {Verb.SEARCH: 200, Verb.CREATE: 409, Verb.READ: 404, Verb.UPDATE: 404, Verb.DELETE: 404}
"""What another VEN is answered of owned objects; it creates none of what is not its to refer to."""


@pytest.fixture(params=["bl", "owner"])
def caller(request: pytest.FixtureRequest, stand: OutsideStand) -> OutsideClient:
    """Each role's client."""
    client: OutsideClient = getattr(stand, request.param)
    return client


@contextmanager
def nothing_changes(stand: OutsideStand) -> Iterator[None]:
    """Hold the VTN to what it has."""
    before = stand.state()
    yield
    assert stand.state() == before


def body_of(stand: OutsideStand, route: VtnRoute, client: OutsideClient) -> Any:
    """A right body of an operation that takes one, in the words of the client's role."""
    if route.collection is None or route.verb not in {Verb.CREATE, Verb.UPDATE}:
        return None
    kinds = kinds_of(route.collection.request, route.collection.object_type, stand.chosen())
    return (kinds[0] if client is stand.bl else kinds[-1]).whole()


def role_of(stand: OutsideStand, client: OutsideClient) -> Role:
    """The role of one of the clients."""
    return Role.BL if client is stand.bl else Role.VEN


def has_mqtt(stand: OutsideStand) -> bool:
    """True where the VTN has a broker."""
    return "MQTT" in stand.bl.get("/notifiers")


@GUARDED
def test_an_operation_is_done_for_who_may(
    stand: OutsideStand, caller: OutsideClient, route: VtnRoute
) -> None:
    """With the document's answer; for a role that never may it is 403, and nothing changes."""
    assert route.rights is not None
    right = getattr(route.rights, role_of(stand, caller).value)
    path = None
    if route.verb is Verb.DELETE and right is not None:
        path = f"{route.collection.path}/{made(stand, route, caller)}"  # type: ignore[union-attr]
    answer = caller.call(route, path or stand.path(route), json=body_of(stand, route, caller))
    if right is None:
        with nothing_changes(stand):
            again = caller.call(route, stand.path(route), json=body_of(stand, route, caller))
        assert (answer.status_code, again.status_code) == (403, 403)
    elif route.path.startswith(TOPICS_PATH) and not has_mqtt(stand):
        assert answer.status_code == 404
    else:
        assert answer.status_code == route.status, answer.text
        if route.verb is Verb.CREATE:
            stand.gone(route, answer.json()["id"])


def made(stand: OutsideStand, route: VtnRoute, client: OutsideClient) -> str:
    """The id of an object that is made for an operation on one."""
    create = route_of(route, Verb.CREATE)
    answer = client.call(create, json=body_of(stand, create, client))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@EVERY
def test_without_a_token_that_holds_nothing_is_done(stand: OutsideStand, route: VtnRoute) -> None:
    """401 with the scheme, whatever else is wrong; three operations are open to anybody."""
    token = str(stand.bl.bearer)
    head, claims, signature = token.split(".")
    bearers = (None, "nonsense", f"{head}.{claims}.", f"{head}.{claims}.{signature[:-8]}AAAAAAAA")
    with nothing_changes(stand):
        for bearer in bearers:
            client = OutsideClient(stand.vtn.http, stand.vtn.url, bearer)
            answer = client.call(route, stand.path(route), json=body_of(stand, route, stand.bl))
            assert answer.status_code == (200 if route.is_open else 401), answer.text
            if not route.is_open:
                assert answer.headers["www-authenticate"] == "Bearer"
        basic = {"Authorization": f"Basic {token}"}
        answer = stand.vtn.nobody.call(route, stand.path(route), headers=basic)
        assert answer.status_code == (200 if route.is_open else 401)


@GUARDED
@pytest.mark.parametrize("role", list(Role))
def test_a_token_without_the_scope_does_nothing(
    vtn: OutsideVtn, stand: OutsideStand, route: VtnRoute, role: Role
) -> None:
    """403, although the client itself has it: a token is for what it says."""
    assert route.rights is not None
    client, scope = (stand.bl if role is Role.BL else stand.owner), getattr(route.rights, role.value)
    if scope is None:
        return
    narrow = vtn.with_scopes(vtn.client_id(client), ROLE_SCOPES[role] - {scope})
    with nothing_changes(stand):
        answer = narrow.call(route, stand.path(route), json=body_of(stand, route, client))
    assert answer.status_code == 403
    assert scope.value in answer.json()["detail"] or "not for" in answer.json()["detail"]


@pytest.mark.parametrize(
    "route",
    [
        route
        for route in VTN_ROUTES
        if route.collection is not None and route.collection.object_type not in {"PROGRAM", "EVENT"}
    ],
    ids=lambda route: route.operation,
)
def test_another_ven_is_told_of_nothing(stand: OutsideStand, route: VtnRoute) -> None:
    """An owned object is not there for it: 404 by its id, in no list, and it can be referred to by nobody."""
    with nothing_changes(stand):
        if route.verb is Verb.CREATE and route.collection.object_type != "RESOURCE":  # type: ignore[union-attr]
            return  # what it makes of these refers to nobody else's
        answer = stand.other.call(route, stand.path(route), json=body_of(stand, route, stand.other))
    assert answer.status_code == OTHERS_MAY[route.verb], answer.text  # type: ignore[index]
    if route.verb is Verb.SEARCH:
        owned = stand.objects[route.collection.object_type]  # type: ignore[union-attr]
        assert owned["id"] not in [each["id"] for each in answer.json()]
        assert owned["clientID"] not in answer.text


@OF_ONE
@pytest.mark.parametrize("bad_id", BAD_IDS.values(), ids=BAD_IDS)
def test_an_id_that_is_none_finds_nothing(
    stand: OutsideStand, caller: OutsideClient, route: VtnRoute, bad_id: tuple[str, int]
) -> None:
    """404 where there is none of it, 400 where there can be none; 403 for who may not look."""
    text, status = bad_id
    right = None if route.rights is None else getattr(route.rights, role_of(stand, caller).value)
    with nothing_changes(stand):
        answer = caller.call(route, stand.path(route, text), json=body_of(stand, route, caller))
    is_elsewhere = "%2F" in text
    assert answer.status_code == (403 if right is None and not is_elsewhere else status), answer.text


@EVERY
def test_another_method_is_not_done(stand: OutsideStand, route: VtnRoute) -> None:
    """405 with those that are, also without a token; HEAD has no body to read."""
    done = {each.method for each in VTN_ROUTES if each.path == route.path}
    with nothing_changes(stand):
        for method in {*METHODS} - done:
            for client in (stand.bl, stand.vtn.nobody):
                answer = client.call(route, stand.path(route), method=method)
                assert answer.status_code == 405, method
                assert set(answer.headers["allow"].split(", ")) == done


@pytest.mark.parametrize(
    "path", ["", "/", "/programs/", "/Programs", "/vens/a/resources", "/auth/x", "/../x"]
)
def test_a_path_that_is_none_is_404(stand: OutsideStand, path: str) -> None:
    """With the problem's fields, and a word of where to look."""
    answer = stand.vtn.http.get(f"{stand.vtn.url}{path}", headers={"Authorization": "Bearer x"})
    assert answer.status_code == 404
    assert answer.json()["detail"].endswith("/openapi.json")


@pytest.fixture(scope="module")
def crowd(stand: OutsideStand) -> Callable[[VtnRoute], list[str]]:
    """More objects of a type than a page has, made once."""
    made_ids: dict[str, list[str]] = {}

    def of(route: VtnRoute) -> list[str]:
        assert route.collection is not None
        kind = route.collection.object_type
        if kind not in made_ids:
            client = stand.owner if route.collection.writes.bl is None else stand.bl
            made_ids[kind] = [made(stand, route, client) for _ in range(LIMIT_MAX + 2)]
        return made_ids[kind]

    return of


@LISTS
def test_pages_have_each_object_once(
    stand: OutsideStand, crowd: Callable[[VtnRoute], list[str]], route: VtnRoute
) -> None:
    """In one order, the first page being as long as was wished for; past the end there is nothing."""
    ids = crowd(route)

    def page(**query: Any) -> list[str]:
        return [each["id"] for each in stand.bl.get(route.path, **query)]

    whole = page()
    assert set(ids) <= set(whole)
    assert len(set(whole)) == len(whole)
    paged = [
        object_id
        for skip in range(0, len(whole), LIMIT_MAX)
        for object_id in page(skip=skip, limit=LIMIT_MAX)
    ]
    assert paged == whole
    assert page(limit=LIMIT_MAX) == whole[:LIMIT_MAX]
    assert page(limit=0) == []
    assert page(limit=1, skip=len(whole) - 1) == whole[-1:]
    assert page(skip=len(whole)) == page(skip=2**31 - 1, limit=50) == []
    assert page(targetType="VEN_NAME", targetValues="a", limit=1) == whole[:1]


@LISTS
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("limit", value) for value in (51, -1, "all", "", "1.5", 2**64, [1, 2], "null")),
        *(("skip", value) for value in (-1, "x", 2**31, "\0")),
    ],
)
def test_a_page_that_is_none_is_refused(
    caller: OutsideClient, route: VtnRoute, name: str, value: Any
) -> None:
    """400, and the detail begins with the parameter."""
    answer = caller.call(route, query={name: value})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(f"{name}:")


@LISTS
def test_a_filter_that_matches_nothing_answers_nothing(caller: OutsideClient, route: VtnRoute) -> None:
    """An empty list, and 400 for what can be no id; the filters are the query's own."""
    assert route.collection is not None
    names = [name for name in _filters(route) if name != "active"]
    assert names
    for name in names:
        if name == "objects":
            refused = caller.call(route, query={name: "NONE"})
            assert (refused.status_code, refused.json()["detail"][:7]) == (400, name)
            continue
        assert caller.get(route.path, **{name: "none"}) == []
        refused = caller.call(route, query={name: "" if name == "targets" else "a" * 129})
        assert refused.status_code == 400, name
        assert refused.json()["detail"].startswith(name)


def _filters(route: VtnRoute) -> list[str]:
    import msgspec  # noqa: PLC0415 - here alone

    assert route.collection is not None
    fields = msgspec.structs.fields(route.collection.query)
    return [field.encode_name for field in fields if field.name not in {"skip", "limit"}]


def test_the_sweep_has_every_operation() -> None:
    """As many as the document: six collections, twelve kinds of topics, and three of the VTN itself."""
    assert len(VTN_ROUTES) == len(COLLECTIONS) * len(Verb) + 12 + 3
