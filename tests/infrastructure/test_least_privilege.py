"""The rights of a stage end at its VENs, and every wildcard in a statement has its reason."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from aws_cdk import App

from contracts.store.stack import stack_name
from tests.infrastructure.conftest import CONTEXT, Compose, stage
from tests.support import sar
from tests.support.template_rights import ACCOUNT, REGION, every_statement, granted
from tests.support.template_rules import Template, many, of_type

PREFIX = "north-"
IOT = f"arn:aws:iot:{REGION}:{ACCOUNT}"
OTHERS = ("ven-1", "south-1", "north", "xnorth-1", "North-1", "boiler:7")
RANDOM = "Secrets Manager ends each ARN at random."
STREAMS = "CloudWatch Logs names a group's ARN with its streams."
NO_TYPE = "The action knows no type of resource: an ARN would allow nothing."
REASONS = {
    r"\*": NO_TYPE,
    rf"{IOT}:cert/\*": "A certificate's id is a digest that nobody knows before; certificates carry no tags.",
    rf"{IOT}:thing/(north-)?\*": "VENs come by claim, unknown at synthesis: only a prefix is common to them.",
    rf"{IOT}:topic/ven/cmd/(north-)?\*": "As things.",
    rf"{IOT}:topic/oadr/[a-z]+/\*": "The stage's topics of OpenADR, each with an object's id in it.",
    rf"{IOT}:client/(north-)?\*": "As things: any VEN of the stage can be cut off.",
    rf"{IOT}:client/claim\.(north-)?\*": "One claim certificate serves all VENs that are to come.",
    rf"{IOT}:topic(filter)?/\$aws/things/\$\{{iot:Connection.Thing.ThingName\}}/shadow/(get/)?\*": (
        "The topics of the VEN's own shadow: listed, they would not fit into an IoT policy."
    ),
    r"arn:aws:secretsmanager:.*:secret:ven-twin/dev/(north-)?\*/tls-\*": f"As things. {RANDOM}",
    r"arn:aws:secretsmanager:.*:secret:ven-twin/dev/claim-\*": RANDOM,
    r"arn:aws:logs:.*:log-group:\w+:\*": STREAMS,
    r"arn:aws:scheduler:.*:schedule/ven-twin-dev/\*": "Of events, in this stage's group.",
    r"arn:aws:lambda:.*:function:(SettleEvent|DispatchEvent|WatchFleet|VtnDispatch)\w+:\*": (
        "One function's versions."
    ),
}
"""Each wildcard that a statement of the template may have, and its reason."""


@pytest.fixture(scope="module")
def narrow(compose: Compose, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The template of a stage whose VENs have a prefix."""
    folder = tmp_path_factory.mktemp("narrow")
    app = App(context=CONTEXT, outdir=str(folder), auto_synth=False)
    compose(app, stage("dev", ven_id_prefix=PREFIX))
    app.synth(skip_validation=True)
    template: Template = json.loads((Path(folder) / f"{stack_name('dev')}.template.json").read_text())
    return template


def wildcards(template: Template) -> Iterator[tuple[str, str, str]]:
    """Each wildcard that is allowed: the resource that has the statement, the action, the ARN."""
    for name, statement in every_statement(template):
        for arn in many(statement.get("Resource")):
            if statement["Effect"] == "Allow" and "*" in arn:
                yield from ((name, action, arn) for action in many(statement["Action"]))


def without_reason(template: Template) -> list[tuple[str, str, str]]:
    """The wildcards that no reason is written for."""
    return [
        (name, action, arn)
        for name, action, arn in wildcards(template)
        if not any(re.fullmatch(pattern, arn) for pattern in REASONS)
        or (arn == "*" and sar.resource_types(action))
        or "*" in action
    ]


def test_every_wildcard_has_a_written_reason(dev: Template, narrow: Template) -> None:
    """A statement that reaches more than the resource it names says why; no reason is stale."""
    assert without_reason(dev) == without_reason(narrow) == []
    arns = {arn for template in (dev, narrow) for _, _, arn in wildcards(template)}
    assert [pattern for pattern in REASONS if not any(re.fullmatch(pattern, arn) for arn in arns)] == []


@pytest.mark.parametrize("arn", [f"{IOT}:thing/v*", f"{IOT}:topic/*", f"{IOT}:*", "arn:aws:s3:::bucket/*"])
def test_a_wildcard_without_a_reason_is_seen(arn: str, narrow: Template) -> None:
    """In whatever policy it stands."""
    template = json.loads(json.dumps(narrow))
    document = next(iter(of_type(template, "AWS::IAM::Policy").values()))["PolicyDocument"]
    document["Statement"].append({"Effect": "Allow", "Action": "iot:Publish", "Resource": ["x", arn]})
    assert [broken[2] for broken in without_reason(template)] == [arn]


def reaches(template: Template, ven_id: str) -> Iterator[str]:
    """The statements of the template that allow something on *ven_id*'s thing, topics, client or secret."""
    arns = (
        f"{IOT}:thing/{ven_id}",
        f"{IOT}:topic/ven/cmd/{ven_id}",
        f"{IOT}:client/{ven_id}",
        f"{IOT}:client/claim.{ven_id}",
        f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:ven-twin/dev/{ven_id}/tls-AbCdEf",
    )
    for name, statement in every_statement(template):
        if statement["Effect"] != "Allow":
            continue
        for action in many(statement["Action"]):
            if action.endswith("ThingPrincipal") and action != "iot:ListThingPrincipals":
                keys = {"iot:thingArn": arns[0]}
                if granted([statement], action, f"{IOT}:cert/abc", keys):
                    yield f"{name}: {action}"
            elif sar.resource_types(action) and any(
                fnmatchcase(arn, each) for arn in arns for each in many(statement.get("Resource"))
            ):
                yield f"{name}: {action}"


@pytest.mark.parametrize("other", OTHERS)
def test_with_a_prefix_no_statement_reaches_another_stages_ven(other: str, narrow: Template) -> None:
    """No thing, command topic, claiming client or secret of a VEN whose id does not begin with the prefix."""
    assert list(reaches(narrow, other)) == []


def test_with_a_prefix_the_stages_vens_are_reached_as_without(dev: Template, narrow: Template) -> None:
    """Narrower and no less: the same actions, by the same roles, on a VEN that has the prefix."""
    mine = list(reaches(narrow, "north-7"))
    assert mine == list(reaches(dev, "north-7"))
    assert {action.partition("iot:")[2] for action in mine} >= {
        "Publish", "UpdateThingShadow", "DeleteThing", "AttachThingPrincipal", "DetachThingPrincipal",
    }  # fmt: skip


def test_whoever_deploys_without_a_prefix_is_told(compose: Compose, tmp_path: Path) -> None:
    """The line is CDK's own information, which ends no deployment; with a prefix there is none."""
    app = App(context=CONTEXT, outdir=str(tmp_path), auto_synth=False)
    notes = [
        entry.data for entry in compose(app, stage("prod")).node.metadata if entry.type == "aws:cdk:info"
    ]
    assert len(notes) == 1
    assert str(notes[0]).startswith("without ven_id_prefix the functions may reach every thing")
    assert stage("prod", ven_id_prefix=PREFIX).wide_rights is None


def test_with_a_prefix_the_rules_listen_to_the_stages_vens_alone(narrow: Template) -> None:
    """Messages, presence and shadows of other stages' VENs start no action of this one."""
    rules = of_type(narrow, "AWS::IoT::TopicRule")
    assert len(rules) == 6
    for rule in rules.values():
        pattern = re.search(r"regexp_matches\(topic\(\d\), '(.*)'\)$", rule["TopicRulePayload"]["Sql"])
        assert pattern is not None
        fitting = {name for name in (*OTHERS, "north-1", "north-" + "x" * 58) if re.search(pattern[1], name)}
        assert fitting == {"north-1", "north-" + "x" * 58}
        assert not re.search(pattern[1], "north-" + "x" * 59)
