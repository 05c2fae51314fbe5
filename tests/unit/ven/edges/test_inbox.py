"""The inbox: messages in order, and handlers that come to an end before the VEN does."""

from __future__ import annotations

import asyncio

from ven_twin.ven.errors import NotStoredError
from ven_twin.ven.mqtt.inbox import Inbox


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
