"""Notifications of the VTN: from a change to callbacks, by two queues and the functions that they feed.

vtn ─▶ changes ─▶ vtn_notify ─▶ deliveries ─▶ vtn_deliver ─▶ callbacks
         │                          │
         ▼ dead letters             ▼ dead letters
"""

from __future__ import annotations

from constructs import Construct

from cdk.lambda_function import FULL_PROCESSOR_MB, LambdaFunction
from cdk.queues import Inlet
from cdk.shared_resources import SharedResources
from cdk.vtn_mqtt import VtnMqtt
from contracts.openadr.external_issuer import issuer_setting
from contracts.store.dead_letters import DeadLetterSource

NOTIFY_S, CHANGES_TOGETHER = 300, 5
"""For so many changes that 5,000 subscribers are told of, by MQTT as well, in half of the time."""
DELIVER_S = 45
"""For a batch of calls at one time, each of which ends after 15 s, and for a cold start."""
DELIVERERS = 10
"""Functions that deliver at one time, each to ten callbacks: so many dead ones keep the others waiting."""
ATTEMPTS, FIRST_PAUSE_S = 8, 10
"""Of a delivery. The pauses grow from 10 s to 11 min: 21 min together."""
LOCAL_ATTEMPTS, LOCAL_PAUSE_S = 5, 1
"""15 s together, for whoever tries it out."""


class VtnNotifications(Construct):
    """The queues and functions that tell subscribers of changes.

    Attributes:
        changes: the queue that `vtn` writes to.
        deliveries: the queue of what goes to one callback each.
        functions: by the name that their alarms have.
        callback_hosts: where callbacks may be.
    """

    def __init__(
        self, scope: Construct, resources: SharedResources, *, callback_ca_pem: str, mqtt: VtnMqtt
    ) -> None:
        super().__init__(scope, "Notifications")
        self._resources = resources
        self._mqtt = mqtt
        self._callback_ca_pem = callback_ca_pem
        self.is_local = not resources.stage.tls_only
        self.callback_hosts = "loopback" if self.is_local else "public"
        self._attempts = LOCAL_ATTEMPTS if self.is_local else ATTEMPTS
        self.changes = Inlet(
            self, "Changes", stage=resources.stage, visibility_s=max(NOTIFY_S, resources.stage.visibility_s)
        )
        self.deliveries = Inlet(
            self,
            "Deliveries",
            stage=resources.stage,
            visibility_s=max(DELIVER_S, resources.stage.visibility_s),
            receives=self._attempts,
        )
        self.functions = {"VtnNotify": self._notify(), "VtnDeliver": self._deliver()}

    def inlets(self) -> dict[DeadLetterSource, Inlet]:
        """The queues by the names of their dead letters."""
        return {DeadLetterSource.CHANGES: self.changes, DeadLetterSource.DELIVERIES: self.deliveries}

    def let_tell(self, function: LambdaFunction) -> None:
        """Let *function* write changes."""
        function.allow("sqs:SendMessage", on=[self.changes.queue.queue_arn])

    def _notify(self) -> LambdaFunction:
        """Finds whom to tell of a change."""
        notify = self._resources.function(
            "vtn_notify",
            "Finds whom to tell of a change of the VTN's objects",
            {"vtn": "GetItem Query BatchGetItem"},
            timeout_s=NOTIFY_S,
            memory_mb=FULL_PROCESSOR_MB,  # a delivery and a signed call of MQTT for each subscriber
            DELIVERIES_QUEUE=self.deliveries.queue.queue_url,
            EXTERNAL_ISSUER=issuer_setting(self._resources.stage.external_issuer),
            MQTT_ROOT=self._mqtt.root,
        )
        notify.allow("sqs:SendMessage", on=[self.deliveries.queue.queue_arn])
        notify.allow("iot:Publish", on=self._mqtt.topics(self._resources))
        notify.feed(self.changes.queue, batch_size=CHANGES_TOGETHER)
        return notify

    def _deliver(self) -> LambdaFunction:
        """Posts notifications to callbacks."""
        deliver = self._resources.function(
            "vtn_deliver",
            "Posts notifications to the callbacks of the VTN's subscribers",
            {"vtn": "GetItem UpdateItem"},
            timeout_s=DELIVER_S,
            memory_mb=512,  # ten handshakes of TLS at one time
            DELIVERIES_QUEUE=self.deliveries.queue.queue_url,
            DELIVERY_ATTEMPTS=str(self._attempts),
            DELIVERY_PAUSE_S=str(LOCAL_PAUSE_S if self.is_local else FIRST_PAUSE_S),
            EXTERNAL_ISSUER=issuer_setting(self._resources.stage.external_issuer),
            CALLBACK_HOSTS=self.callback_hosts,
            CALLBACK_CA_PEM=self._callback_ca_pem,
        )
        deliver.feed(self.deliveries.queue, max_concurrency=DELIVERERS)
        return deliver
