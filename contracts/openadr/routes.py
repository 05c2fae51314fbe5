"""Every call that the VTN's function answers, made of the table of operations; paths stand below BASE_PATH.

Source: the official document. `/openapi.json` is ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from contracts.openadr.notifiers import Notifiers, NotifierTopics
from contracts.openadr.operations import COLLECTIONS, METHODS, STATUSES, TOPICS, OadrCollection, Rights, Verb
from contracts.openadr.tokens import AuthServer

TOPICS_PATH = "/notifiers/mqtt/topics"


class VtnRoute(NamedTuple):
    """One call.

    Attributes:
        method: of HTTP.
        path: below the base path, with parameters in braces, each one segment.
        operation: the official document's operation id.
        status: of the answer when it is done.
        answer: what is answered.
        rights: who may; None for anybody with a token.
        is_open: True for anybody at all, without a token.
        collection: of which objects, if it is an operation on objects.
        verb: which of the five.
    """

    method: str
    path: str
    operation: str
    status: int
    answer: Any
    rights: Rights | None = None
    is_open: bool = False
    collection: OadrCollection | None = None
    verb: Verb | None = None

    @property
    def names_one(self) -> bool:
        """True of topics of one object, which has no topic of its creation."""
        return self.path.endswith("}")


def _of(collection: OadrCollection) -> Iterator[VtnRoute]:
    for verb, operation in collection.operations.items():
        is_list = verb in {Verb.SEARCH, Verb.CREATE}
        yield VtnRoute(
            METHODS[verb],
            collection.path if is_list else f"{collection.path}/{{{collection.parameter}}}",
            operation,
            STATUSES[verb],
            list[collection.answer] if verb is Verb.SEARCH else collection.answer,  # type: ignore[name-defined]
            rights=collection.reads if verb in {Verb.SEARCH, Verb.READ} else collection.writes,
            collection=collection,
            verb=verb,
        )


VTN_ROUTES: tuple[VtnRoute, ...] = (
    *(route for collection in COLLECTIONS for route in _of(collection)),
    VtnRoute("GET", "/auth/server", "getAuthServerInfo", 200, AuthServer, is_open=True),
    VtnRoute("GET", "/notifiers", "listAllNotifiers", 200, Notifiers),
    *(
        VtnRoute("GET", TOPICS_PATH + topics.path, topics.operation, 200, NotifierTopics, topics.rights)
        for topics in TOPICS
    ),
    VtnRoute("GET", "/openapi.json", "getOpenapi", 200, dict, is_open=True),
)
"""Interpretation: the document has `read_all` for `/notifiers`; VENs need it as much, so any token does."""
