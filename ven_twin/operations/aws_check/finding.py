"""One line of the check: green, wrong with what to do, or not answered."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Verdict(StrEnum):
    """A line's verdict."""

    GREEN = "green"
    WRONG = "wrong"
    UNANSWERED = "not answered"


class Finding(msgspec.Struct, frozen=True, rename="camel"):
    """One line.

    Attributes:
        subject: what was looked at.
        verdict: how it stands.
        detail: the answer, or why there is none.
        remedy: what to do about a wrong one.
    """

    subject: str
    verdict: Verdict
    detail: str
    remedy: str = ""


class Unanswered(msgspec.Struct, frozen=True):
    """The account's answer where it gives none, with its reason."""

    why: str


def green(subject: str, detail: str) -> Finding:
    """A line that lets a deployment go on."""
    return Finding(subject, Verdict.GREEN, detail)


def wrong(subject: str, detail: str, remedy: str) -> Finding:
    """A line that stops a deployment, and what to do."""
    return Finding(subject, Verdict.WRONG, detail, remedy)


def unanswered(subject: str, why: str) -> Finding:
    """A line that nobody answered."""
    return Finding(subject, Verdict.UNANSWERED, why)
