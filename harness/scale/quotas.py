"""AWS's default quotas that a fleet meets, in regions of either kind."""

from __future__ import annotations

from dataclasses import dataclass

from ven_twin.operations.load_test.sizing import ACCOUNT_CONNECTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """The quotas of an account in a region; those that are the same everywhere have their values here.

    Source: AWS General Reference, AWS IoT Core endpoints and quotas; the rule evaluations of smaller regions
    from memory, as the publishes. DynamoDB and Lambda Developer Guides, quotas.

    Attributes:
        name: of the kind of region.
        shadow_per_s: Device Shadow API requests.
        publishes_per_s: that come in; a shadow update counts as four.
        rules_per_s: rules evaluated.
        connects_per_s: CONNECTs.
        connections: at once.
        concurrency: of Lambda, all functions together.
        partition_writes_per_s: units to one partition key of DynamoDB.
        table_writes_per_s: units to one table on demand, L-AB614373.
        sqs_in_flight: messages of a standard queue that somebody has received.
        input_bytes: of an execution of Step Functions.
    """

    name: str
    shadow_per_s: int
    publishes_per_s: int
    rules_per_s: int
    connects_per_s: int = 500
    connections: int = ACCOUNT_CONNECTIONS
    concurrency: int = 1_000
    partition_writes_per_s: int = 1_000
    table_writes_per_s: int = 40_000
    sqs_in_flight: int = 120_000
    input_bytes: int = 262_144


SMALL = Quotas(name="most regions", shadow_per_s=400, publishes_per_s=2_000, rules_per_s=2_000)
LARGE = Quotas(name="larger regions", shadow_per_s=4_000, publishes_per_s=20_000, rules_per_s=20_000)
PUBLISHES_A_SHADOW_UPDATE = 4
