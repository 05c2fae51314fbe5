"""Topics of rules: how a VEN reaches them, and as what the cloud takes what came there."""

from __future__ import annotations

import base64

from contracts.store.envelopes import read_envelope
from contracts.wire import codec
from contracts.wire.ids import VenId
from contracts.wire.topics import INGESTED, Topics, rule_name, rules_name, usual_topic

VEN = Topics(VenId("ven-1"))
RULES = rules_name("dev")


def test_telemetry_and_loads_have_a_rule_each() -> None:
    """By the names that the stack gives them; acks and shadows have none."""
    assert VEN.ingest(RULES) == {
        "ven/telemetry/ven-1": "$aws/rules/ven_twin_dev_telemetry/ven/telemetry/ven-1",
        "ven/loads/ven-1": "$aws/rules/ven_twin_dev_loads/ven/loads/ven-1",
    }
    assert [rule_name(RULES, name) for name in INGESTED] == ["ven_twin_dev_telemetry", "ven_twin_dev_loads"]


def test_the_usual_topic_is_behind_the_rules_name() -> None:
    """And any other topic is itself, also below $aws."""
    for usual, ingested in VEN.ingest(RULES).items():
        assert usual_topic(ingested) == usual
        assert usual_topic(usual) == usual
    assert usual_topic("$aws/things/ven-1/shadow/update") == "$aws/things/ven-1/shadow/update"


def test_a_function_has_the_usual_topic_whichever_the_rule_hands_on() -> None:
    """Whether topic() has the rule's name in it or not, the row is the VEN's."""
    for topic in (VEN.telemetry, *VEN.ingest(RULES).values()):
        body = {"payload": base64.b64encode(b"{}").decode(), "topic": topic, "receivedMs": 1}
        assert read_envelope(codec.encode(body).decode()).topic == usual_topic(topic)
