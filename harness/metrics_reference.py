"""Write the reference of metrics and alarms: ``python -m harness.metrics_reference``.

`docs/reference/metrics.md` has the metrics that the functions count, read of their sources, and the alarms of
the synthesized template. What a metric means stands here; one that no function counts, or that has no meaning
here, is refused.
"""

from __future__ import annotations

import ast
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from contracts.store.stack import stack_name
from local_cloud.synth import assembly

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "metrics.md"
COUNTS = ("count", "measure", "answer")
TAKE_MESSAGES = ("record_vens", "store_telemetry")
TELL = ("dispatch_event", "settle_event")
"""The functions that count what is counted in `lambdas/shared`: in its module of notifications these."""
HEAD = """\
# Metrics and alarms

What the cloud side tells CloudWatch, in the namespace `VenTwin/STAGE`, by the dimension `service`: the
function. No metric has a dimension of a VEN or an event, which CloudWatch would bill one by one. `make
references` makes this page of the functions and of the template. What to do about an alarm: [what to
watch](../guides/aws.md#what-to-watch).

A VEN has metrics of its own, for Prometheus: `GET /metrics` of [the VEN's
page](../guides/web-page.md#the-local-api).

"""
MEANINGS: Mapping[str, str] = {
    "AcksOfOtherEvents": "acks that name an event which has not called their VEN",
    "AskedKw": "kW that operators request now, over all running events",
    "CertificatesCollected": "certificates that attempts which were cut short had left, deleted",
    "ChangesUnpublished": "changes of OpenADR objects that MQTT could not tell of",
    "ChunksFailed": "messages of the shadow queue that will be tried again",
    "CommandIssued": "commands that were published",
    "CommandRefused": "commands that were refused",
    "CommandRequested": "commands that were asked for",
    "DefinitionChanged": "of these, those that were carried out",
    "DefinitionRefused": "of these, those that were refused",
    "DefinitionRequested": "changes of groups and programs that were asked for",
    "DeliveredKw": "kW delivered now, by telemetry against the VENs' own baselines",
    "DispatchRequested": "calls to create, revise, cancel or delete an event",
    "EventDispatched": "of these, those that were carried out",
    "EventRefused": "of these, those that were refused",
    "EventSettled": "settlements that were made",
    "FlexibilityKw": "kW that the fleet can shed now",
    "FloodMessagesDropped": "messages beyond a VEN's limit",
    "MessagesReceived": "messages from VENs",
    "NotificationsDelivered": "notifications of OpenADR that callbacks have taken",
    "NotificationsFailed": "events that subscribers could not be told of; the next look tries again",
    "NotificationsPublished": "notifications that were published to the stage's topic",
    "OadrOrders": "orders to look at something of OpenADR again",
    "OadrEventsDue": "events of OpenADR that a sweep found to be looked at",
    "OadrEventsLookedAt": "events of OpenADR that were looked at for the stage's own VENs",
    "OadrEventsDispatched": "of these, those that became DR events, or other ones",
    "OadrReportsFiled": "reports on events of OpenADR that were filed for the stage's own VENs",
    "OadrReportsHeard": "reports of VENs of OpenADR that were brought into the fleet",
    "OadrSharesWritten": "events of OpenADR that were made, changed or deleted for one VEN of it",
    "NotificationsQueued": "notifications of OpenADR that were queued, one for each callback",
    "NotificationsUndelivered": "of these, those that were given up, and those that a broken callback missed",
    "ProvisionRequested": "CloudFormation's requests for a VEN's identity",
    "QuarantineRefused": "quarantines, or their ends, that were refused",
    "QuarantineRequested": "quarantines, or their ends, that were asked for",
    "QuarantineSet": "quarantines, or their ends, that were carried out",
    "QuarantinedVenMessages": "messages of quarantined VENs, dropped",
    "RotationFailed": "certificates whose rotation failed",
    "RotationRequested": "rotations and sweeps that were asked for",
    "RotationsLeft": "VENs that the sweep had no time for; the next one has",
    "SettlementRefused": "settlements that were refused",
    "SettlementRequested": "settlements that were asked for",
    "ShadowsFull": "shadows that have no room for the event: 8 KB",
    "ShadowsWritten": "shadows that were written",
    "ShortfallKw": "kW of an event that nobody could be called for",
    "TelemetryMalformed": "rows that cannot be read: dead letters",
    "TelemetryStored": "rows that were stored",
    "TelemetryUnwritten": "rows that will be tried again",
    "UnknownVenMessages": "messages of what is no VEN of this stage, dropped",
    "VenAdmitted": "claims that were let in",
    "VenMessagesFailed": "acks and reported shadows that cannot be read: dead letters",
    "VenMessagesRecorded": "acks, presence and reported shadows that were recorded",
    "VenNotAdmitted": "claims that were refused",
    "VenProvisioned": "VENs that have their identity",
    "VenProvisioningFailed": "VENs whose identity could not be made; CloudFormation has the reason",
    "VensFlooding": "VENs that have begun to send beyond their limit",
    "VensInOtherEvents": "VENs whose rows name an event that has not called them",
    "VensKnown": "VENs of the stage, those that never came too",
    "VensNotMeasured": "VENs that a settlement could not measure; its log has the reason",
    "VensOnline": "VENs that are connected",
    "VensOptedOut": "VENs that take no part by their resident's choice",
    "VensRecalled": "VENs whose share a redispatch has changed",
    "VensShedding": "VENs that act on an event now",
    "VensSilent": "VENs that were there and are not heard of for 15 min",
    "WrongClaimCodes": "claims with a wrong code, or after too many of them",
}


def page(template: Mapping[str, Any]) -> str:
    """The whole page, with the alarms of a stack's *template*."""
    return "\n".join([HEAD, *_metrics(), "", *_alarms(template), ""])


def write() -> None:
    """Write the page."""
    PAGE.write_text(page(local_template()), encoding="utf-8")


def local_template() -> dict[str, Any]:
    """The template of the local stage, which has the alarms that every stage has."""
    folder = assembly(["ven-1"])
    template: dict[str, Any] = json.loads((folder / f"{stack_name('local')}.template.json").read_text())
    return template


def counted() -> dict[str, list[str]]:
    """The functions that count each metric, by its name."""
    by_name: dict[str, set[str]] = defaultdict(set)
    for path in sorted((ROOT / "lambdas").rglob("*.py")):
        folder = path.relative_to(ROOT / "lambdas").parts[0]
        for name in names_in(ast.parse(path.read_text(encoding="utf-8"))):
            shared = TELL if path.stem == "notifications" else TAKE_MESSAGES
            by_name[name].update(shared if folder == "shared" else (folder,))
    return {name: sorted(functions) for name, functions in sorted(by_name.items())}


def names_in(tree: ast.AST) -> Iterator[str]:
    """The metrics' names in a module: keywords of `count` and `measure`, words that are counted by a name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in COUNTS:
            for keyword in node.keywords:
                value = keyword.value
                if keyword.arg and keyword.arg[0].isupper():
                    yield keyword.arg
                elif keyword.arg in {"requested", "done", "refused"} and isinstance(value, ast.Constant):
                    yield str(value.value)
        elif isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["name"]:
            words = (one for one in ast.walk(node.value) if isinstance(one, ast.Constant))
            yield from (str(one.value) for one in words if str(one.value) in MEANINGS)


def _metrics() -> Iterator[str]:
    yield "## Metrics\n"
    yield "| metric | means | counted by |"
    yield "|---|---|---|"
    for name, functions in counted().items():
        yield f"| `{name}` | {MEANINGS[name]} | {', '.join(f'`{one}`' for one in functions)} |"


def _alarms(template: Mapping[str, Any]) -> Iterator[str]:
    yield "## Alarms\n"
    yield "Each looks at five minutes, and is quiet where there is no data.\n"
    yield "| alarm | goes off at | says |"
    yield "|---|---|---|"
    resources = template["Resources"].items()
    alarms = [(name, one["Properties"]) for name, one in resources if one["Type"] == "AWS::CloudWatch::Alarm"]
    for name, alarm in sorted(alarms):
        title = name.removeprefix("Monitoring")[:-8]
        unit = " s" if "Age" in alarm["MetricName"] else ""
        limit = f"{alarm['MetricName']} ≥ {alarm['Threshold']:g}{unit}"
        yield f"| `{title}` | {limit} | {alarm['AlarmDescription']} |"


if __name__ == "__main__":
    write()
