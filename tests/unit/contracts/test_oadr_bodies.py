"""Bodies of OpenADR's calls: what is taken and what is refused, by us and by the official document alike."""

from __future__ import annotations

import re

import msgspec
import pytest

from contracts.openadr.operations import COLLECTIONS
from tests.support.oadr_official import request_validator
from tests.support.vtn_bodies import BodyKind, kinds_of

OFFICIAL = {
    "OadrProgramRequest": "programRequest",
    "OadrEventRequest": "eventRequest",
    "OadrReportRequest": "reportRequest",
    "OadrSubscriptionRequest": "subscriptionRequest",
}
"""Schemas of the document that have another name; those of VENs and resources have the same."""
REFERENCES = {"clientID": "client", "venID": "ven"}
STRICTER = re.compile(
    r"'a\\n'$"  # its patterns end before a line's end
    r"|'-?214748364[89]'$"  # it says int32, and a number that is none passes
    r"|(?:URL|callbackUrl) '(?:www|/a|https|a:)"  # a format, which no reader of it checks here
    r"|^programDescriptions\.0 "  # it says of its items no type
)
"""Bodies that the document's letter takes and we do not."""
KINDS = [kind for each in COLLECTIONS for kind in kinds_of(each.request, each.object_type, REFERENCES)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_right_bodies_are_taken(kind: BodyKind) -> None:
    """Whole, with the required fields alone, with nulls; the document takes those without null."""
    official = request_validator(OFFICIAL.get(kind.name, kind.name))
    for body in (kind.whole(), kind.least() | {"clientID": "client", "venID": "ven"}):
        msgspec.convert(body, kind.kind.cls)
        if official is not None:
            assert [error.message for error in official.iter_errors(body)] == []
    for name, body in kind.nulls():
        assert msgspec.convert(body, kind.kind.cls), name


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_body_with_one_thing_wrong_is_refused(kind: BodyKind) -> None:
    """Each by the document as well, but for a few that it means to refuse and does not say."""
    official = request_validator(OFFICIAL.get(kind.name, kind.name))
    for name, body in kind.spoiled():
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(body, kind.kind.cls)
        if official is not None and STRICTER.search(name) is None:
            assert not official.is_valid(body), name


def test_bodies_are_spoiled_in_many_ways() -> None:
    """Every field of every Struct, at each depth, is missing, null, mistyped and out of bounds once."""
    names = [name for kind in KINDS for name, _ in kind.spoiled()]
    assert len(names) > 700
    for way in ("programID missing", "intervals.0.payloads.0.type null", "intervalPeriod.start 'tomorrow'"):
        assert way in names
