"""The VTN: OpenADR 3.1.0 beside the stack's own API, with its functions, its key and its gateway.

Its callers are strangers with bearer tokens, so that the gateway authorizes nobody: each function checks.
"""

from __future__ import annotations

from aws_cdk import CfnParameter, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from cdk.gateway import Gateway
from cdk.lambda_function import LambdaFunction
from cdk.queues import Inlet
from cdk.schedules import Schedules
from cdk.shared_resources import SharedResources
from cdk.vtn_dispatch import VtnDispatch
from cdk.vtn_mqtt import VtnMqtt
from cdk.vtn_notifications import VtnNotifications
from contracts.openadr.external_issuer import issuer_setting
from contracts.openadr.tokens import BASE_PATH
from contracts.store.dead_letters import DeadLetterSource
from contracts.store.stack import StackOutput
from contracts.store.vtn_keys import VTN_BY_TYPE

KEY_ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:DisableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
)
KEY_USE = ("kms:GetPublicKey", "kms:Sign")
"""Actions that the key's policy leaves to the account's IAM: administration, and use by the functions' roles.
No grant can be made on it, so that nobody hands its use on."""
KEY_WAIT = Duration.days(7)
"""KMS deletes a key no sooner. Nothing that it signed is good for more than an hour."""
CALLBACK_CA_PARAMETER = "CallbackCaPem"


class Vtn(Construct):
    """The VTN's key, gateway and functions.

    Attributes:
        functions: by the name that their alarms have.
        gateway: its HTTP API.
        notifications: what tells subscribers of changes.
        dispatch: what brings its events to the stage's own VENs.
    """

    def __init__(
        self, scope: Construct, resources: SharedResources, *, dispatch: LambdaFunction, schedules: Schedules
    ) -> None:
        super().__init__(scope, "OpenAdr")  # "Vtn" is its function
        self._resources = resources
        self._key = _signing_key(self)
        self.gateway = Gateway(
            self, "HttpApi", stage=resources.stage, description="OpenADR 3.1.0 for VENs and business logic"
        )
        self.url = f"{self.gateway.url}{BASE_PATH}"
        self._callback_ca_pem = self._callback_cas()
        self._mqtt = self._broker()
        self.notifications = VtnNotifications(
            self, resources, callback_ca_pem=self._callback_ca_pem, mqtt=self._mqtt
        )
        self.dispatch = VtnDispatch(
            self, resources, dispatch=dispatch, schedules=schedules, notifications=self.notifications
        )
        token, vtn, clients = self._token(), self._vtn(), self._clients()
        self.functions = {
            "VtnToken": token,
            "Vtn": vtn,
            "VtnClients": clients,
            "VtnDispatch": self.dispatch.function,
            **self.notifications.functions,
            **self._mqtt.functions(),
        }
        tokens = self.gateway.integrate("Tokens", token.function)
        rest = self.gateway.integrate("Rest", vtn.function)
        for name, key, integration in (
            ("issueToken", f"POST {BASE_PATH}/auth/token", tokens),
            ("publishKeys", f"GET {BASE_PATH}/auth/jwks.json", tokens),
            ("anythingElse", "$default", rest),
        ):
            self.gateway.route(name, key, integration, authorization="NONE")

    def inlets(self) -> dict[DeadLetterSource, Inlet]:
        """Its queues by the names of their dead letters."""
        return {DeadLetterSource.ORDERS: self.dispatch.orders, **self.notifications.inlets()}

    def outputs(self) -> dict[StackOutput, str]:
        """The names by which the CLI finds it."""
        return {
            StackOutput.VTN_URL: self.url,
            StackOutput.VTN_TABLE: self._resources.vtn_table().table_name,
            StackOutput.VTN_CLIENTS: self.functions["VtnClients"].function.function_name,
        }

    def _token(self) -> LambdaFunction:
        """Issues tokens. It alone may sign."""
        token = self._resources.function(
            "vtn_token",
            "Issues tokens to clients of the VTN",
            {"vtn": "GetItem"},
            timeout_s=10,
            memory_mb=512,  # a VEN waits for it before each hour's first call
            **self._token_settings(),
        )
        token.allow("kms:Sign", "kms:GetPublicKey", on=[self._key.key_arn])
        return token

    def _vtn(self) -> LambdaFunction:
        """Answers every other call of OpenADR."""
        vtn = self._resources.function(
            "vtn",
            "Answers OpenADR 3.1.0",
            {"vtn": "GetItem Query PutItem DeleteItem ConditionCheckItem"},
            timeout_s=29,  # API Gateway waits no longer than 30 s
            memory_mb=1024,
            CHANGES_QUEUE=self.notifications.changes.queue.queue_url,
            ORDERS_QUEUE=self.dispatch.orders.queue.queue_url,
            CALLBACK_HOSTS=self.notifications.callback_hosts,
            CALLBACK_CA_PEM=self._callback_ca_pem,
            MQTT_URI=self._mqtt.uri,
            MQTT_USERNAME=self._mqtt.username,
            MQTT_ROOT=self._mqtt.root,
            **self._token_settings(),
        )
        vtn.allow("kms:GetPublicKey", on=[self._key.key_arn])
        self.notifications.let_tell(vtn)
        self.dispatch.let_order(vtn)
        return vtn

    def _broker(self) -> VtnMqtt:
        """MQTT for clients with tokens."""
        mqtt = VtnMqtt(self, self._resources, **self._token_settings())
        mqtt.authorizer.allow("kms:GetPublicKey", on=[self._key.key_arn])
        return mqtt

    def _callback_cas(self) -> str:
        """A deployment's word of the CAs that callbacks may have beside the public ones."""
        parameter = CfnParameter(
            Stack.of(self),
            CALLBACK_CA_PARAMETER,
            default="",
            description="CAs of OpenADR callbacks beside the public ones, PEM; empty for none",
        )
        return parameter.value_as_string

    def _clients(self) -> LambdaFunction:
        """Makes and removes clients, for whoever may invoke it."""
        clients = self._resources.function(
            "vtn_clients",
            "Makes, changes and removes clients of the VTN",
            {"vtn": "GetItem PutItem DeleteItem"},
        )
        clients.allow("dynamodb:Query", on=[self._by_type()])
        return clients

    def _token_settings(self) -> dict[str, str]:
        return {
            "VTN_URL": self.url,
            "TOKEN_KEY": self._key.key_id,
            "EXTERNAL_ISSUER": issuer_setting(self._resources.stage.external_issuer),
        }

    def _by_type(self) -> str:
        return f"{self._resources.vtn_table().table_arn}/index/{VTN_BY_TYPE}"


def _signing_key(scope: Construct) -> kms.Key:
    """The key that signs tokens. KMS has it, and nobody can take it out."""
    root = iam.AccountRootPrincipal()
    return kms.Key(
        scope,
        "TokenKey",
        description="Signs tokens of OpenADR clients",
        key_spec=kms.KeySpec.RSA_2048,
        key_usage=kms.KeyUsage.SIGN_VERIFY,
        pending_window=KEY_WAIT,
        removal_policy=RemovalPolicy.DESTROY,
        policy=iam.PolicyDocument(
            statements=[
                iam.PolicyStatement(principals=[root], actions=list(actions), resources=["*"])
                for actions in (KEY_ADMINISTRATION, KEY_USE)
            ]
        ),
    )
