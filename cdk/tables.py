"""The tables of the cloud side."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from cdk.stage import Stage
from contracts.store import keys, vtn_keys


class StackTables(Construct):
    """On-demand tables with time-to-live and point-in-time recovery.

    Attributes:
        telemetry: a VEN's rows in the order of its time, and its latest beside them.
        vens: one item a VEN: presence, what it reports, how it did in events.
        events: an event, its plans, the items of its VENs, its report; headers also by their start.
        commands: a command and its ack.
        allowed: the VENs that may claim a certificate, each once and for a while.
        vtn: clients of OpenADR and their objects, also by type; None of a stage that is no VTN.
    """

    def __init__(self, scope: Construct, *, stage: Stage) -> None:
        super().__init__(scope, "Tables")
        self.telemetry = _table(self, "Telemetry", keys.TELEMETRY, stage)
        self.vens = _table(self, "Vens", keys.VENS, stage)
        self.events = _table(self, "Events", keys.EVENTS, stage)
        self.events.add_global_secondary_index(
            index_name=keys.EVENTS_BY_START,
            partition_key=dynamodb.Attribute(
                name=keys.EVENTS_INDEX.partition, type=dynamodb.AttributeType.STRING
            ),
            sort_key=dynamodb.Attribute(name=str(keys.EVENTS_INDEX.sort), type=dynamodb.AttributeType.NUMBER),
        )
        self.commands = _table(self, "Commands", keys.COMMANDS, stage)
        self.allowed = _table(Construct(scope, "AllowedVens"), "Table", keys.ALLOWED_VENS, stage)
        self.vtn = _vtn_table(scope, stage) if stage.openadr else None


def _vtn_table(scope: Construct, stage: Stage) -> dynamodb.TableV2:
    table = _table(Construct(scope, "VtnObjects"), "Table", vtn_keys.VTN, stage)
    string = dynamodb.AttributeType.STRING
    table.add_global_secondary_index(
        index_name=vtn_keys.VTN_BY_TYPE,
        partition_key=dynamodb.Attribute(name=vtn_keys.VTN_INDEX.partition, type=string),
        sort_key=dynamodb.Attribute(name=str(vtn_keys.VTN_INDEX.sort), type=string),
        projection_type=dynamodb.ProjectionType.ALL,
    )
    return table


def _table(scope: Construct, name: str, table_keys: keys.TableKeys, stage: Stage) -> dynamodb.TableV2:
    string = dynamodb.AttributeType.STRING
    return dynamodb.TableV2(
        scope,
        name,
        partition_key=dynamodb.Attribute(name=table_keys.partition, type=string),
        sort_key=dynamodb.Attribute(name=table_keys.sort, type=string) if table_keys.sort else None,
        billing=dynamodb.Billing.on_demand(),
        time_to_live_attribute=keys.TTL_ATTRIBUTE,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        deletion_protection=stage.keep_tables,
        removal_policy=RemovalPolicy.RETAIN if stage.keep_tables else RemovalPolicy.DESTROY,
    )
