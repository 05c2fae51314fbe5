"""Topic rules: what VENs send, into queues, bytes untouched."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_iot as iot
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.stage import Stage
from contracts.store.envelopes import rule_sql
from contracts.wire.topics import rule_name, rules_name

SQL_VERSION = "2016-03-23"
TELEMETRY_TOPICS = {"telemetry": "ven/telemetry/+", "loads": "ven/loads/+"}
VEN_TOPICS = {
    "acks": "ven/ack/+",
    "connected": "$aws/events/presence/connected/+",
    "disconnected": "$aws/events/presence/disconnected/+",
    "shadows": "$aws/things/+/shadow/update/documents",
}


class Rules(Construct):
    """One rule a topic; each sends its message to a queue, and to *errors* when that fails."""

    def __init__(
        self, scope: Construct, *, stage: Stage, telemetry: sqs.Queue, vens: sqs.Queue, errors: sqs.Queue
    ) -> None:
        super().__init__(scope, "Rules")
        self._ven_id_prefix = stage.ven_id_prefix
        self._role = iam.Role(
            self,
            "Role",
            assumed_by=_rules_of_this_account(Stack.of(self), rule_name(rules_name(stage.name), "*")),
        )
        self._errors = errors
        for queue in (telemetry, vens, errors):
            queue.grant_send_messages(self._role)
        for topics, queue in ((TELEMETRY_TOPICS, telemetry), (VEN_TOPICS, vens)):
            for name, topic in topics.items():
                self._rule(rule_name(rules_name(stage.name), name), name, topic, queue)

    def _rule(self, rule_name: str, name: str, topic: str, queue: sqs.Queue) -> None:
        rule = iot.CfnTopicRule(
            self,
            name.capitalize(),
            rule_name=rule_name,
            topic_rule_payload=iot.CfnTopicRule.TopicRulePayloadProperty(
                aws_iot_sql_version=SQL_VERSION,
                sql=rule_sql(topic, self._ven_id_prefix),
                actions=[self._to(queue)],
                error_action=self._to(self._errors),
            ),
        )
        rule.node.add_dependency(self._role)

    def _to(self, queue: sqs.Queue) -> iot.CfnTopicRule.ActionProperty:
        return iot.CfnTopicRule.ActionProperty(
            sqs=iot.CfnTopicRule.SqsActionProperty(
                queue_url=queue.queue_url, role_arn=self._role.role_arn, use_base64=False
            )
        )


def _rules_of_this_account(stack: Stack, rule_names: str) -> iam.IPrincipal:
    """The rules engine, on behalf of our own rules. Source: AWS IoT Developer Guide, access of a rule."""
    ours = stack.format_arn(service="iot", resource="rule", resource_name=rule_names)
    return iam.ServicePrincipal(
        "iot.amazonaws.com",
        conditions={
            "StringEquals": {"aws:SourceAccount": stack.account},
            "ArnLike": {"aws:SourceArn": ours},
        },
    )
