"""The tables of the cloud side."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from cdk.stage import Stage
from contracts.store import keys


class StackTables(Construct):
    """On-demand tables with time-to-live and point-in-time recovery.

    Attributes:
        telemetry: a VEN's rows in the order of its time, and its latest beside them.
        vens: one item a VEN: presence, what it reports, how it did in events.
        events: an event, its plans, the items of its VENs, its report; headers also by their start.
        commands: a command and its ack.
    """

    def __init__(self, scope: Construct, *, stage: Stage) -> None:
        super().__init__(scope, "Tables")
        self._stage = stage
        self.telemetry = self._table("Telemetry", keys.TELEMETRY)
        self.vens = self._table("Vens", keys.VENS)
        self.events = self._table("Events", keys.EVENTS)
        self.events.add_global_secondary_index(
            index_name=keys.EVENTS_BY_START,
            partition_key=dynamodb.Attribute(
                name=keys.EVENTS_INDEX.partition, type=dynamodb.AttributeType.STRING
            ),
            sort_key=dynamodb.Attribute(name=str(keys.EVENTS_INDEX.sort), type=dynamodb.AttributeType.NUMBER),
        )
        self.commands = self._table("Commands", keys.COMMANDS)

    def _table(self, name: str, table_keys: keys.TableKeys) -> dynamodb.TableV2:
        string = dynamodb.AttributeType.STRING
        return dynamodb.TableV2(
            self,
            name,
            partition_key=dynamodb.Attribute(name=table_keys.partition, type=string),
            sort_key=dynamodb.Attribute(name=table_keys.sort, type=string) if table_keys.sort else None,
            billing=dynamodb.Billing.on_demand(),
            time_to_live_attribute=keys.TTL_ATTRIBUTE,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=self._stage.keep_tables,
            removal_policy=RemovalPolicy.RETAIN if self._stage.keep_tables else RemovalPolicy.DESTROY,
        )
