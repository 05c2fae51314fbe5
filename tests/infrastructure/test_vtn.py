"""The VTN in the template: who may sign, which table it has, and a stage without it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aws_cdk import App

from contracts.openadr.external_issuer import NO_ISSUER, read_issuer
from contracts.openadr.scopes import Scope
from contracts.openadr.tokens import BASE_PATH
from contracts.store.stack import StackOutput, stack_name
from contracts.store.vtn_keys import VTN_BY_TYPE
from tests.infrastructure.conftest import CONTEXT, Compose, stage
from tests.support.template_rights import every_statement
from tests.support.template_rules import Template, many, of_type

ISSUER = {
    "oadr_issuer": "https://id.example/realms/grid",
    "oadr_jwks_url": "https://id.example/realms/grid/certs",
    "oadr_token_url": "https://id.example/realms/grid/token",
    "oadr_audience": "vtn",
    "oadr_client_claim": "azp",
    "oadr_scope_claim": "roles",
    "oadr_scopes": "grid.read=read_all,grid.write=write_programs+write_events",
}


def template_of(compose: Compose, folder: Path, **context: str) -> Template:
    """The template of a dev stage with these options."""
    app = App(context=CONTEXT, outdir=str(folder), auto_synth=False)
    compose(app, stage("dev", **context))
    app.synth(skip_validation=True)
    template: Template = json.loads((folder / f"{stack_name('dev')}.template.json").read_text())
    return template


def variables(template: Template, function: str) -> dict[str, Any]:
    """The environment of a function."""
    (made,) = (
        each
        for each in of_type(template, "AWS::Lambda::Function").values()
        if each["Handler"] == f"lambdas.{function}.handler.handler"
    )
    return dict(made["Environment"]["Variables"])


def test_one_function_alone_may_sign(dev: Template) -> None:
    """Whoever signs is the VTN to every VEN: no other role has the right, and no grant hands it on."""
    (key,) = of_type(dev, "AWS::KMS::Key")
    signing = [
        name
        for name, statement in every_statement(dev)
        if {"kms:Sign", "kms:*"} & set(many(statement["Action"])) and name != key
    ]
    assert len(signing) == 1
    assert signing[0].startswith("VtnTokenRole")
    actions = {action for name, statement in every_statement(dev) for action in many(statement["Action"])}
    assert "kms:CreateGrant" not in actions


def test_the_key_signs_by_rsa_and_the_account_keeps_hold_of_it(dev: Template) -> None:
    """RSA of 2,048 bits; its policy names the account and nobody else, and lets its policy be changed."""
    (key,) = of_type(dev, "AWS::KMS::Key").values()
    assert (key["KeySpec"], key["KeyUsage"]) == ("RSA_2048", "SIGN_VERIFY")
    statements = key["KeyPolicy"]["Statement"]
    assert all("root" in json.dumps(statement["Principal"]) for statement in statements)
    assert "kms:PutKeyPolicy" in {action for each in statements for action in many(each["Action"])}


def test_the_table_is_read_by_type_too(dev: Template) -> None:
    """The business logic lists what all clients own by one index, with every attribute."""
    (index,) = (
        index
        for table in of_type(dev, "AWS::DynamoDB::GlobalTable").values()
        for index in table.get("GlobalSecondaryIndexes", [])
        if index["IndexName"] == VTN_BY_TYPE
    )
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["objectType", "id"]
    assert index["Projection"] == {"ProjectionType": "ALL"}


def test_the_gateway_of_the_vtn_lets_strangers_to_the_functions(dev: Template) -> None:
    """They have tokens and no signature; it throttles and logs as the other, without headers."""
    routes = [
        route
        for name, route in of_type(dev, "AWS::ApiGatewayV2::Route").items()
        if name.startswith("OpenAdr")
    ]
    assert {route["RouteKey"]: route["AuthorizationType"] for route in routes} == {
        f"POST {BASE_PATH}/auth/token": "NONE",
        f"GET {BASE_PATH}/auth/jwks.json": "NONE",
        "$default": "NONE",
    }
    one, other = of_type(dev, "AWS::ApiGatewayV2::Stage").values()
    assert one["DefaultRouteSettings"] == other["DefaultRouteSettings"]
    assert one["AccessLogSettings"]["Format"] == other["AccessLogSettings"]["Format"]
    assert "header" not in one["AccessLogSettings"]["Format"].lower()


def test_a_stage_may_be_no_vtn(compose: Compose, dev: Template, tmp_path: Path) -> None:
    """With -c openadr=off nothing of it is there, and everything else is as it is with it."""
    without = template_of(compose, tmp_path, openadr="off")
    gone = dev["Resources"].keys() - without["Resources"].keys()
    assert without["Resources"].keys() < dev["Resources"].keys()
    assert all(name.startswith(("Vtn", "OpenAdr", "MonitoringVtn")) for name in gone), gone
    outputs = {StackOutput.VTN_URL, StackOutput.VTN_TABLE, StackOutput.VTN_CLIENTS}
    assert set(dev["Outputs"]) - set(without["Outputs"]) == outputs
    assert not of_type(without, "AWS::KMS::Key")


@pytest.mark.parametrize("function", ["vtn", "vtn_token"])
def test_an_external_issuer_reaches_the_functions(
    function: str, compose: Compose, dev: Template, tmp_path: Path
) -> None:
    """By one setting, which they read as the stage has it; without one the stage is the issuer."""
    assert variables(dev, function)["EXTERNAL_ISSUER"] == NO_ISSUER
    setting = variables(template_of(compose, tmp_path, **ISSUER), function)["EXTERNAL_ISSUER"]
    issuer = read_issuer(setting)
    assert issuer is not None
    assert msgspec.structs.astuple(issuer)[:6] == tuple(ISSUER.values())[:6]
    assert issuer.scopes_of(["grid.write"]) == {Scope.WRITE_PROGRAMS, Scope.WRITE_EVENTS}


def feed_of(template: Template, function: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The queue that feeds a function, and the mapping by which it does."""
    (mapping,) = (
        made
        for name, made in of_type(template, "AWS::Lambda::EventSourceMapping").items()
        if name.startswith(function)
    )
    return of_type(template, "AWS::SQS::Queue")[mapping["EventSourceArn"]["Fn::GetAtt"][0]], mapping


@pytest.mark.parametrize("name", ["local", "dev"])
def test_notifications_go_by_two_queues_that_keep_what_fails(
    name: str, templates: dict[str, Template]
) -> None:
    """Encrypted, with dead letters and partial failures; a message waits as long as its function may run."""
    template = templates[name]
    for function in ("VtnNotify", "VtnDeliver"):
        queue, mapping = feed_of(template, function)
        (made,) = (
            each
            for each in of_type(template, "AWS::Lambda::Function").values()
            if each["Handler"].startswith(f"lambdas.vtn_{function.removeprefix('Vtn').lower()}.")
        )
        assert queue["SqsManagedSseEnabled"] is True
        assert "deadLetterTargetArn" in queue["RedrivePolicy"]
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert queue["VisibilityTimeout"] >= made["Timeout"]
    deliveries, mapping = feed_of(template, "VtnDeliver")
    attempts = variables(template, "vtn_deliver")["DELIVERY_ATTEMPTS"]
    assert deliveries["RedrivePolicy"]["maxReceiveCount"] == int(attempts)
    assert mapping["ScalingConfig"]["MaximumConcurrency"] == 10


def test_callbacks_may_be_on_loopback_on_the_local_stage_alone(templates: dict[str, Template]) -> None:
    """On AWS they are public; further CAs are a parameter, which is empty."""
    hosts = {
        (name, function): variables(template, function)["CALLBACK_HOSTS"]
        for name, template in templates.items()
        for function in ("vtn", "vtn_deliver")
    }
    assert {key for key, value in hosts.items() if value == "loopback"} == {
        ("local", "vtn"),
        ("local", "vtn_deliver"),
    }
    assert set(hosts.values()) == {"loopback", "public"}
    assert templates["dev"]["Parameters"]["CallbackCaPem"]["Default"] == ""


def test_no_mqtt_unless_a_broker_is_named(dev: Template) -> None:
    """Nothing is published and nobody is let in; the VTN says that there are webhooks alone."""
    assert variables(dev, "vtn")["MQTT_URI"] == "none"
    assert variables(dev, "vtn_notify")["MQTT_ROOT"] == "none"
    assert not of_type(dev, "AWS::IoT::Authorizer")


def test_a_broker_that_is_named_lets_in_by_tokens(compose: Compose, tmp_path: Path) -> None:
    """The authorizer asks its function, which AWS IoT may invoke; clients are told what to connect as."""
    uri = "wss://abc123-ats.iot.eu-west-1.amazonaws.com/mqtt"
    template = template_of(compose, tmp_path, oadr_mqtt_uri=uri)
    ((name, authorizer),) = of_type(template, "AWS::IoT::Authorizer").items()
    assert (authorizer["SigningDisabled"], authorizer["Status"]) == (True, "ACTIVE")
    settings = variables(template, "vtn")
    assert settings["MQTT_URI"] == uri
    named = authorizer["AuthorizerName"]
    assert settings["MQTT_USERNAME"] == f"{{clientID}}?x-amz-customauthorizer-name={named}"
    roots = {variables(template, each)["MQTT_ROOT"] for each in ("vtn", "vtn_notify", "vtn_authorizer")}
    assert roots == {"oadr/dev"}
    (permission,) = (
        made
        for made in of_type(template, "AWS::Lambda::Permission").values()
        if made["Principal"] == "iot.amazonaws.com" and name in json.dumps(made["SourceArn"])
    )
    assert permission["FunctionName"] == authorizer["AuthorizerFunctionArn"]
    publishing = [
        statement
        for owner, statement in every_statement(template)
        if owner.startswith("VtnNotifyRole") and "iot:Publish" in many(statement["Action"])
    ]
    assert json.dumps(publishing).count("topic/oadr/dev/*") == 1
