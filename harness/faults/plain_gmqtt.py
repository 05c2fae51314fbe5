"""gmqtt 0.8.0 as it comes: default settings, its own queue, its own reconnect. For comparison only."""

from __future__ import annotations

import asyncio
from pathlib import Path

import gmqtt
import msgspec

from contracts.wire.topics import Topics
from harness.faults.producer import VEN, Config, Result, RowPublisher
from ven_twin.ven.identity import identity_files

PATIENCE_S = 20.0
"""How long after the last row it may go on; it would reconnect 6 s after a loss, three times in that."""


async def produce_plainly(config: Config) -> int:
    """Publish by ``Client.publish``; a message counts as accepted when that did not raise."""
    client = gmqtt.Client(VEN, clean_session=False)
    connects = 0

    def on_connect(one: gmqtt.Client, *_: object) -> None:
        nonlocal connects
        connects += 1
        one.subscribe([gmqtt.Subscription(topic, qos=1) for topic in Topics(VEN).subscriptions])

    def publish(topic: str, payload: bytes) -> bool:
        try:
            client.publish(topic, payload, qos=1)
        except Exception:  # noqa: BLE001 - whatever it raises, it did not take the message
            return False
        return True

    client.on_connect = on_connect
    context = identity_files.ssl_context(identity_files.load(Path(config.identity)))
    try:
        async with asyncio.timeout(10):
            version = 5 if config.protocol == "5" else 4
            await client.connect("localhost", config.port, ssl=context, version=version)
    except Exception:  # noqa: BLE001 - then nothing can be published at all, which the table shows
        return 1
    publisher = RowPublisher(config, publish)
    await publisher.publish_all()
    waited_s = 0.0
    while waited_s < PATIENCE_S and not (client.is_connected and client._persistent_storage.is_empty):
        await asyncio.sleep(0.25)
        waited_s += 0.25
    Path(config.result).write_bytes(  # noqa: ASYNC240 - a small file, at its end
        msgspec.json.encode(Result(boot_id=publisher.boot_id, connects=connects, state="plain"))
    )
    return 0
