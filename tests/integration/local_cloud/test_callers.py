"""Who may call the local cloud: whoever signs with a key and its secret, the root too."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from tests.integration.local_cloud.conftest import Emulator


def _client(emulator: Emulator, service: str, key: str, secret: str) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=emulator.runtime.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )


@pytest.mark.parametrize("service", ["dynamodb", "sqs"])
def test_the_root_is_who_has_its_secret(emulator: Emulator, service: str) -> None:
    """Its key id alone, which stands in every request, is not enough; neither are the emulator's defaults."""
    runtime = emulator.runtime
    keys = [(runtime.access_key_id, "wrong"), ("test", "test"), ("000000000000", "test")]
    ask = {"dynamodb": "list_tables", "sqs": "list_queues"}[service]
    for key, secret in keys:
        with pytest.raises(ClientError) as refused:
            getattr(_client(emulator, service, key, secret), ask)()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in {400, 403}, key
    getattr(_client(emulator, service, runtime.access_key_id, runtime.secret_access_key), ask)()


def test_an_http_api_answers_at_an_address_that_resolves(emulator: Emulator) -> None:
    """The stack's output is on loopback by its number, not a name that only browsers know."""
    template = (
        '{"Resources": {"Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": '
        '{"Name": "a", "ProtocolType": "HTTP"}}}, '
        '"Outputs": {"Url": {"Value": {"Fn::GetAtt": ["Api", "ApiEndpoint"]}}}}'
    )
    formation = emulator.client("cloudformation")
    formation.create_stack(StackName="address", TemplateBody=template)
    formation.get_waiter("stack_create_complete").wait(
        StackName="address", WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )
    (output,) = formation.describe_stacks(StackName="address")["Stacks"][0]["Outputs"]
    formation.delete_stack(StackName="address")
    path = r"/_aws/execute-api/[0-9a-f]{8}"
    assert re.fullmatch(re.escape(emulator.runtime.endpoint_url) + path, output["OutputValue"])


@pytest.mark.parametrize("query", [{}, {"endpointType": "iot:Data-ATS"}])
def test_the_data_endpoint_is_a_name_that_a_script_connects_to(
    emulator: Emulator, query: dict[str, str]
) -> None:
    """As on AWS it has no port; the name resolves and is the one that the listener's certificate has."""
    address = emulator.client("iot").describe_endpoint(**query)["endpointAddress"]
    with (
        socket.create_connection((address, emulator.runtime.mqtt_port)) as plain,
        emulator.tls().wrap_socket(plain, server_hostname=address) as secure,
    ):
        assert secure.version() in {"TLSv1.2", "TLSv1.3"}
