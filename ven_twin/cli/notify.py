"""``ven-twin notify``: who is told what becomes of events."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.wire.notifications import OPERATOR_KINDS
from ven_twin.cli.connection import LOCAL, JsonOption, with_cloud
from ven_twin.cli.console import echo, print_answer, print_json
from ven_twin.cli.tables import Column, table_lines
from ven_twin.cli.tree import CommandGroup

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.cloud import Cloud
    from ven_twin.operations.notifications import Subscription

app = CommandGroup("Notifications of events and alarms: add, list, remove, test.")

EndpointArgument = Annotated[
    str,
    typer.Argument(metavar="ENDPOINT", help="https://…, mailto:ops@example.org, or a queue's ARN."),
]
KindOption = Annotated[
    list[str] | None,
    typer.Option(
        "--kind", help=f"Only these: {', '.join(OPERATOR_KINDS)}; repeat for more. Else alarms as well."
    ),
]
ProgramOption = Annotated[
    list[str] | None,
    typer.Option("--program", help="Only events of this program; repeat for more."),
]


@app.command()
@with_cloud
def add(
    endpoint: EndpointArgument,
    *,
    kind: KindOption = None,
    program: ProgramOption = None,
    cloud: Callable[[], Cloud],
    json_output: JsonOption = False,
) -> None:
    """Subscribe an address to what becomes of events. An address confirms before it is told anything.

    Examples:
        ven-twin notify add https://ops.example.org/dr --kind settled --kind cancelled
        ven-twin notify add mailto:ops@example.org --program summer-peak
        ven-twin notify add arn:aws:sqs:us-east-1:123456789012:dr-events
    """
    from ven_twin.operations.aggregator.by_functions import DirectAggregator
    from ven_twin.operations.notifications import Subscribers, read_endpoint, read_filter

    stage = cloud()
    address = read_endpoint(endpoint, local=stage.stage == LOCAL)
    programs = [rules.program for rules in DirectAggregator(stage).programs()] if program else []
    wanted = read_filter(kind or (), program or (), programs)
    subscribers = Subscribers(stage)
    added = subscribers.add(address, wanted)
    print_answer(added, "\n".join(_added(added, subscribers.topic_arn)), json_output=json_output)


@app.command("list")
@with_cloud
def list_subscribers(*, cloud: Callable[[], Cloud], json_output: JsonOption = False) -> None:
    """List who is told, of what, and who has not confirmed yet.

    Examples:
        ven-twin notify list
    """
    from ven_twin.operations.notifications import Subscribers

    subscribers = Subscribers(cloud()).all()
    if json_output:
        print_json(subscribers)
        return
    if not subscribers:
        echo("Nobody is told. Subscribe: ven-twin notify add https://… or mailto:…")
        return
    columns = [Column(name) for name in ("endpoint", "by", "kinds", "programs", "state")]
    rows = [
        (
            one.endpoint,
            one.protocol,
            ", ".join(one.kinds) or ("all" if one.confirmed else "–"),
            ", ".join(one.programs) or ("all" if one.confirmed else "–"),
            "confirmed" if one.confirmed else "pending",
        )
        for one in subscribers
    ]
    for line in table_lines(columns, rows, shutil.get_terminal_size().columns):
        echo(line)


@app.command()
@with_cloud
def remove(
    endpoint: EndpointArgument, *, cloud: Callable[[], Cloud], json_output: JsonOption = False
) -> None:
    """Tell an address nothing any more.

    Examples:
        ven-twin notify remove mailto:ops@example.org
    """
    from ven_twin.operations.notifications import Subscribers

    removed = Subscribers(cloud()).remove(endpoint)
    print_answer(removed, f"{removed.endpoint} is told nothing any more.", json_output=json_output)


@app.command("test")
@with_cloud
def publish_test(*, cloud: Callable[[], Cloud], json_output: JsonOption = False) -> None:
    """Publish a test to everyone who has confirmed, whatever the filter.

    Examples:
        ven-twin notify test
    """
    from ven_twin.operations.notifications import Subscribers

    subscribers = Subscribers(cloud())
    confirmed = sum(one.confirmed for one in subscribers.all())
    sent = subscribers.test()
    text = f"A test is on its way to {confirmed} {'address' if confirmed == 1 else 'addresses'}."
    print_answer(sent, text, json_output=json_output)


def _added(added: Subscription, topic_arn: str) -> list[str]:
    """Lines on a subscription that was added, and on the receiver's part in it."""
    kinds = ", ".join(added.kinds) or "everything"
    programs = f" of program {', '.join(added.programs)}" if added.programs else ""
    lines = [f"{added.endpoint} is subscribed to {kinds}{programs}."]
    if added.protocol == "email":
        lines += [
            "AWS writes to it now: the link in that mail confirms, for two days. Until then it is pending."
        ]
    elif added.protocol == "sqs":
        lines += [
            "It needs no confirmation. The queue's policy has to let SNS in:",
            '  "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",',
            f'  "Condition": {{"ArnEquals": {{"aws:SourceArn": "{topic_arn}"}}}}',
        ]
    else:
        lines += [
            "AWS has POSTed a SubscriptionConfirmation to it: whoever gets that opens its SubscribeURL,",
            "within two days. Until then it is pending: ven-twin notify list",
        ]
    return lines
