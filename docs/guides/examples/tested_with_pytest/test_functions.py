"""The functions alone, in this process: an aggregator of one's own is tried with them in milliseconds."""

from ven_twin.testing.function_world import batch, body, failed, telemetry


def test_what_is_no_telemetry_is_told_and_the_rest_is_stored(function_world):
    """Of a batch, the message that is none comes back; the other is a row."""
    function_world.add_ven("house-1")
    topic = "ven/telemetry/house-1"
    messages = batch(body(topic, telemetry("house-1")), body(topic, {"usedPowerKw": "much"}))
    assert failed(function_world.invoke("store_telemetry", messages)) == ["m1"]
    (row,) = function_world.telemetry.query("house-1", ("0", "9"), ["usedPowerKw"])
    assert row["usedPowerKw"] == 2.125
