"""Scopes of tokens, and the role that follows from them.

                                     business logic (BL)         VEN
    read programs, events            read_all                    read_targets
    read reports, subscriptions,
      vens, resources                read_all                    read_ven_objects, and its own alone
    write programs                   write_programs              never
    write events                     write_events                never
    write reports                    never                       write_reports, and its own alone
    write subscriptions              write_subscriptions         the same, and its own alone
    write vens, resources            write_vens                  the same, and its own alone
    topics of a collection           read_bl; programs read_all  never
    topics of one VEN                read_all, read_bl           read_ven_objects, and its own alone

Source: the official document's scopes, and the User Guide. The document has no word for the role.
Interpretation: the business logic is who holds `read_all`, `write_programs` or `write_events`. `read_bl`
alone, which the document uses and does not declare, is a VEN's still: it lets nobody see more.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from contracts.openadr.ids import ClientId


class Scope(StrEnum):
    """A right that a token carries."""

    READ_ALL = "read_all"
    READ_BL = "read_bl"
    READ_TARGETS = "read_targets"
    READ_VEN_OBJECTS = "read_ven_objects"
    WRITE_PROGRAMS = "write_programs"
    WRITE_EVENTS = "write_events"
    WRITE_REPORTS = "write_reports"
    WRITE_SUBSCRIPTIONS = "write_subscriptions"
    WRITE_VENS = "write_vens"


class Role(StrEnum):
    """The side of OpenADR on which a client stands."""

    BL = "bl"
    VEN = "ven"


BL_ALONE = frozenset({Scope.READ_ALL, Scope.WRITE_PROGRAMS, Scope.WRITE_EVENTS})
"""Scopes that make a client the business logic."""
ROLE_SCOPES = {
    Role.BL: frozenset(
        {
            Scope.READ_ALL,
            Scope.READ_BL,
            Scope.WRITE_PROGRAMS,
            Scope.WRITE_EVENTS,
            Scope.WRITE_SUBSCRIPTIONS,
            Scope.WRITE_VENS,
        }
    ),
    Role.VEN: frozenset(
        {
            Scope.READ_TARGETS,
            Scope.READ_VEN_OBJECTS,
            Scope.WRITE_REPORTS,
            Scope.WRITE_SUBSCRIPTIONS,
            Scope.WRITE_VENS,
        }
    ),
}
"""The scopes that a client of each role is given when nothing else is said."""


def role_of(scopes: Collection[Scope]) -> Role:
    """The role of whoever holds *scopes*."""
    return Role.BL if BL_ALONE.intersection(scopes) else Role.VEN


def read_scopes(text: str) -> frozenset[Scope]:
    """The scopes in *text*, separated by spaces; words that are none are left out."""
    return frozenset(scope for scope in Scope if scope.value in text.split())


def scopes_text(scopes: Collection[Scope]) -> str:
    """*scopes* as one string, in a stable order."""
    return " ".join(scope.value for scope in Scope if scope in scopes)


@dataclass(frozen=True, slots=True)
class Client:
    """A client that has shown its token, and the scopes that it holds."""

    client_id: ClientId
    scopes: frozenset[Scope]

    @property
    def role(self) -> Role:
        """The side on which it stands."""
        return role_of(self.scopes)
