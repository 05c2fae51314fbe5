"""The topic of operators' notifications: events by the functions, alarms by CloudWatch."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from cdk.stage import Stage


def notifications_topic(scope: Construct, stage: Stage) -> sns.Topic:
    """The topic, to which `alert_email` subscribes. It costs nothing while nothing is published.

    Without a key of KMS: CloudWatch cannot publish under SNS's own key, and another costs a dollar a month.
    See docs/decisions/0027-one-topic-for-operators.md.
    """
    topic = sns.Topic(scope, "Notifications", enforce_ssl=stage.tls_only)
    # A topic with a policy has not the default one, by which alarms of the account may publish.
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}},
        )
    )
    if stage.alert_email is not None:
        topic.add_subscription(subscriptions.EmailSubscription(stage.alert_email))
    return topic
