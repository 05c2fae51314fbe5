"""The twin as a VEN of a VTN with prices: followed, beside an event, over a restart, deleted, refused."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.loopback_vtn import LoopbackVtn, serving_vtn
from tests.support.oadr_ven_stand import VenOnStand, acting, add_event, until


def add_prices(vtn: LoopbackVtn, *prices: object, seconds: int = 3600, **fields: Any) -> str:
    """An event of a price for each interval, from now; its id."""
    start = datetime.fromtimestamp(int(time.time()), UTC).isoformat()
    intervals = [
        {"id": n, "payloads": [{"type": "PRICE", "values": [price]}]} for n, price in enumerate(prices)
    ]
    period = {"start": start, "duration": f"PT{seconds}S"}
    descriptor = {"objectType": "EVENT_PAYLOAD_DESCRIPTOR", "payloadType": "PRICE", "currency": "EUR"}
    (program,) = vtn.objects["programs"]
    body = {"intervals": intervals, "intervalPeriod": period, "payloadDescriptors": [descriptor]}
    return vtn.add("events", programID=program, **body, **fields)


async def test_prices_are_followed_until_they_are_deleted_and_over_a_restart(
    stand: VenOnStand, vtn: LoopbackVtn, caplog: pytest.LogCaptureFixture
) -> None:
    """The battery covers the house in the dear hour, with a VTN that is down too; an event comes first."""
    caplog.set_level("INFO")
    with serving_vtn(vtn):
        async with stand.running() as twin:
            assert twin.snapshot().price_line is None
            prices = add_prices(vtn, 0.45, 0.12, 0.12)
            await until(lambda: twin.snapshot().house.prices.controls)
            assert twin.snapshot().price_line.startswith("Price 0.45 EUR/kWh now, the dearest")  # type: ignore[union-attr]
            await until(lambda: twin.snapshot().house.flow.circuits_kw["batt1"] < 0.0)
            event_id = add_event(vtn, 2)
            await until(lambda: acting(twin) == event_id)
            vtn.delete("events", event_id)
            await until(lambda: acting(twin) is None)
            assert twin.snapshot().house.prices.curve is not None
    async with stand.running() as twin:
        await until(lambda: twin.snapshot().house.flow.circuits_kw.get("batt1", 0.0) < 0.0)
    with serving_vtn(vtn):
        async with stand.running() as twin:
            await until(lambda: twin.snapshot().house.prices.controls)
            vtn.delete("events", prices)
            await until(lambda: twin.snapshot().price_line is None)
            await until(lambda: twin.snapshot().house.flow.circuits_kw["batt1"] == 0.0)
            refused = add_prices(vtn, 0.45, "dear")
            await until(
                lambda: f"event {refused} of the VTN is not acted on: a price is no number" in caplog.text
            )
    assert "follows the VTN's prices: Price 0.45 EUR/kWh now" in caplog.text
    assert "there are no prices of the VTN any more" in caplog.text
    assert not vtn.all("reports")
