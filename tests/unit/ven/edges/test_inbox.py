"""The inbox: messages in order, and handlers that come to an end before the VEN does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import pytest

from ven_twin.ven.errors import NotStoredError
from ven_twin.ven.mqtt.inbox import Inbox, Subscriptions, where
from ven_twin.ven.storage.outbox import Outbox


def test_the_end_waits_for_a_handler_that_runs() -> None:
    """What has been begun is finished, and may be acknowledged."""

    async def scene() -> tuple[list[str], bool]:
        begun, going_on, handled = asyncio.Event(), asyncio.Event(), []

        async def on_message(topic: str, _: bytes) -> None:
            begun.set()
            await going_on.wait()
            handled.append(topic)

        inbox = Inbox(on_message)
        delivery = asyncio.create_task(inbox.deliver("t", b""))
        await begun.wait()
        asyncio.get_running_loop().call_soon(going_on.set)
        await inbox.finish(60.0)
        return list(handled), await delivery

    assert asyncio.run(scene()) == (["t"], True)


def test_a_handler_that_does_not_end_is_cancelled() -> None:
    """Its message is not acknowledged, so that it comes again."""

    async def scene() -> bool:
        begun = asyncio.Event()

        async def on_message(*_: object) -> None:
            begun.set()
            await asyncio.Event().wait()

        inbox = Inbox(on_message)
        delivery = asyncio.create_task(inbox.deliver("t", b""))
        await begun.wait()
        await inbox.finish(0.0)
        return delivery.cancelled()

    assert asyncio.run(scene())


def test_only_a_message_that_could_not_be_stored_has_to_come_again() -> None:
    """Any other error would come back with it on each reconnect."""

    async def scene() -> list[bool]:
        async def on_message(topic: str, _: bytes) -> None:
            if topic == "full":
                raise NotStoredError("the disk is full")
            if topic == "odd":
                raise ValueError(topic)

        inbox = Inbox(on_message)
        return [await inbox.deliver(topic, b"") for topic in ("full", "odd", "good")]

    assert asyncio.run(scene()) == [False, True, True]


def test_the_end_of_an_idle_inbox_is_there_at_once() -> None:
    """With no handler running, or none any more, there is nothing to wait for."""

    async def scene() -> list[str]:
        topics = []

        async def on_message(topic: str, _: bytes) -> None:
            topics.append(topic)

        inbox = Inbox(on_message)
        await inbox.finish(60.0)
        await inbox.deliver("t", b"")
        await inbox.finish(60.0)
        return topics

    assert asyncio.run(scene()) == ["t"]


def test_a_handler_that_is_cancelled_has_come_to_its_end_when_the_inbox_has() -> None:
    """What it does on its way out is done before the VEN closes what it uses."""

    async def scene() -> list[str]:
        begun, left = asyncio.Event(), []

        async def on_message(*_: object) -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                left.append("tidied up")

        inbox = Inbox(on_message)
        delivery = asyncio.create_task(inbox.deliver("t", b""))
        await begun.wait()
        await inbox.finish(0.0)
        done = list(left)
        await asyncio.wait([delivery])
        return done

    assert asyncio.run(scene()) == ["tidied up"]


def test_an_error_is_told_by_its_type_and_the_line_that_raised_it() -> None:
    """The innermost line, and nothing of its text, which may quote a payload."""

    def inner() -> None:
        raise ValueError("secret")

    try:
        inner()
    except ValueError as error:
        raised = error
    line = inner.__code__.co_firstlineno + 1
    assert where(raised) == f"ValueError at {__file__}:{line}"
    assert where(ValueError("secret")) == "ValueError at ?"


class Broker:
    """A link whose broker answers a SUBSCRIBE with *codes*; it notes what was noted meanwhile."""

    def __init__(self, outbox: Outbox, codes: Sequence[int]) -> None:
        self._outbox = outbox
        self._codes = codes
        self.meanwhile: list[bool] = []

    async def subscribe(self, filters: Sequence[str]) -> Sequence[int]:
        """Answer for each filter."""
        self.meanwhile.append(Subscriptions(filters, self._outbox).missing(session_present=True))
        return self._codes


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    """An outbox in memory."""
    with Outbox(":memory:") as in_memory:
        yield in_memory


@pytest.mark.parametrize(
    ("codes", "objection", "missing"),
    [
        ([1, 1], None, False),
        ([0, 2], None, False),
        ([1, 0x87], "b: ", True),
        ([0x80, 0x87], "a: ", True),
        ([1], None, False),
        ([], None, True),
    ],
)
def test_filters_that_the_broker_did_not_grant_are_subscribed_again(
    outbox: Outbox, codes: list[int], objection: str | None, missing: bool
) -> None:
    """A refusal names the filter; a SUBSCRIBE that was cut off leaves them missing, also in a session."""
    subscriptions, broker = Subscriptions(["a", "b"], outbox), Broker(outbox, codes)
    assert not subscriptions.missing(session_present=True)
    told = asyncio.run(subscriptions.subscribe(broker))  # type: ignore[arg-type]
    assert (told or "").startswith(f"subscription refused: {objection}") if objection else told is None
    assert broker.meanwhile == [True]
    assert subscriptions.missing(session_present=True) is missing
    assert subscriptions.missing(session_present=False)


def test_other_filters_than_those_of_the_session_are_missing(outbox: Outbox) -> None:
    """An earlier release may have had others; their order says nothing, and no filter lacks none."""
    asyncio.run(Subscriptions(["a", "b"], outbox).subscribe(Broker(outbox, [1, 1])))  # type: ignore[arg-type]
    assert not Subscriptions(["b", "a"], outbox).missing(session_present=True)
    assert Subscriptions(["a"], outbox).missing(session_present=True)
    assert not Subscriptions([], outbox).missing(session_present=False)


def test_eight_filters_go_in_a_subscribe(outbox: Outbox) -> None:
    """AWS IoT takes no more at once."""
    Subscriptions(["f"] * 8, outbox)
    with pytest.raises(ValueError, match="9 subscriptions; at most 8"):
        Subscriptions(["f"] * 9, outbox)
