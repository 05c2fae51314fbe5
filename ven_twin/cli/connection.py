"""The CLI's folders, and the way to a cloud."""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from contracts.errors import FieldError, VenTwinError
from contracts.store.stack import StackOutput, is_throw_away
from contracts.wire.ids import VenId, counting_key
from ven_twin.installation import home

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.cloud import Access, Cloud
    from ven_twin.operations.aggregator.protocol import Aggregator

LOCAL = "local"
STAGES = (LOCAL, "dev", "prod")

StageOption = Annotated[
    str,
    typer.Option("--stage", envvar="VEN_TWIN_STAGE", help="local, or the stage deployed to AWS: dev, prod."),
]
ProfileOption = Annotated[str | None, typer.Option("--profile", help="AWS profile; not for local.")]
RegionOption = Annotated[str | None, typer.Option("--region", help="AWS region; not for local.")]
ApiOption = Annotated[
    str | None,
    typer.Option("--api", envvar="VEN_TWIN_API", help="Address of the HTTP API, to go through it."),
]
MqttPortOption = Annotated[
    int | None,
    typer.Option("--mqtt-port", min=1, max=65535, help="The port of MQTT; 8883 when left out."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON on standard output.")]
VenArgument = Annotated[str, typer.Argument(metavar="VEN", help="The VEN, such as ven-1.")]
HouseOption = Annotated[
    str, typer.Option("--house", help="A packaged house (standard, flat, leaky) or a house file's path.")
]
ReportIntervalOption = Annotated[
    str | None, typer.Option("--report-interval", help="Between two telemetry rows: 2s, 5m.")
]
BatchOption = Annotated[
    str | None,
    typer.Option(
        "--batch",
        help="In peace rows wait so long, to go in one message: 30s, 4m, 0 for off; "
        "4m when left out, 0 at the local cloud.",
    ),
]
BasicIngestOption = Annotated[
    bool | None,
    typer.Option(
        "--basic-ingest/--no-basic-ingest",
        help="Send telemetry to the stage's rules alone, free of the price for messages; as the VEN's secret"
        " says when left out, at the local cloud not.",
    ),
]
TariffOption = Annotated[
    Path | None,
    typer.Option("--tariff", help="A house file, or a file with its [tariff]: money is shown by it."),
]
Options = Mapping[str, tuple[object, object]]
"""Options by the names of a function's parameters, each with its annotation for typer and its default."""

_WHICH_CLOUD: Options = {
    "stage": (StageOption, LOCAL),
    "profile": (ProfileOption, None),
    "region": (RegionOption, None),
}


def batch_seconds(batch: str | None, stage: str) -> float:
    """The time that rows may wait for others, s, by the option or as is usual. Raises FieldError."""
    from contracts.api.event_text import parse_seconds
    from contracts.wire.shadow import BATCH_MAX_S

    if batch is None:
        return 0.0 if stage == LOCAL else BATCH_MAX_S
    seconds = 0.0 if batch.strip() in {"0", "0s"} else parse_seconds(batch, "--batch")
    if seconds > BATCH_MAX_S:
        raise FieldError("--batch", f"0 to {BATCH_MAX_S // 60}m, got {batch}")
    return seconds


def rules_of(stage: str, wanted: bool | None, secret_rules: object) -> str | None:
    """The rules of *stage* to publish to, by the option or else by the *secret_rules* of a VEN."""
    from contracts.wire.topics import RULES_NAME, rules_name

    if wanted:
        return rules_name(stage)
    if wanted is False or stage == LOCAL or not isinstance(secret_rules, str):
        return None
    return secret_rules if RULES_NAME.fullmatch(secret_rules) else None


def cloud_folder() -> Path:
    """The local cloud's folder."""
    return home() / "cloud"


def ven_folder(stage: str, ven_id: VenId) -> Path:
    """A twin's folder: its identity and its outbox."""
    return home() / "vens" / stage / ven_id


def connect(stage: str, profile: str | None = None, region: str | None = None) -> Cloud:
    """The stage's cloud: the local one that runs, or AWS with the caller's credentials.

    Raises:
        FieldError: an unknown stage.
        NotRunningError: the local cloud does not run.
    """
    from ven_twin.operations.aggregator.cloud import Cloud

    if stage not in STAGES and not is_throw_away(stage):
        raise FieldError("--stage", f"{stage!r} is none of {', '.join(STAGES)}")
    for option, value in (("--profile", profile), ("--region", region)):
        if stage == LOCAL and value is not None:
            raise FieldError(option, "is AWS's, and this is the local cloud: name a stage of AWS by --stage")
    return Cloud(_access(stage, profile, region))


def reach(
    stage: str, profile: str | None = None, region: str | None = None, api: str | None = None
) -> Aggregator:
    """The aggregator: the API at *api*, or else the stage's own tables and functions.

    Raises:
        FieldError: an unknown stage, or no address.
        NotRunningError: the local cloud does not run.
    """
    if api is None:
        from ven_twin.operations.aggregator.by_functions import DirectAggregator

        return DirectAggregator(connect(stage, profile, region))
    from ven_twin.operations.aggregator.by_api import ApiAggregator, is_loopback
    from ven_twin.operations.aggregator.cloud import Access

    parameters = profile is not None or "AWS_ACCESS_KEY_ID" in os.environ or not is_loopback(api)
    return ApiAggregator(api, Access(stage, region=region, profile=profile) if parameters else _access(LOCAL))


def reaching(
    stage: str, profile: str | None = None, region: str | None = None, api: str | None = None
) -> tuple[Callable[[], Aggregator], str]:
    """A way to reach what `reach` does that can be tried again and again, and what is there in a word.

    Raises:
        FieldError: an unknown stage, or no address.
    """
    from local_cloud.runtime import LocalCloudError
    from ven_twin.operations.aggregator.cloud_errors import CloudError

    def tried() -> Aggregator:
        try:
            return reach(stage, profile, region, api)
        except LocalCloudError as error:
            raise CloudError(str(error)) from None

    with contextlib.suppress(CloudError):  # which is told where the fleet would be shown
        tried()
    if api is not None:
        return tried, urlsplit(api).netloc
    return tried, "local cloud" if stage == LOCAL else f"stage {stage} on AWS"


def with_cloud(command: Callable[..., None]) -> Callable[..., None]:
    """Give *command* the options of a stage; its parameter `cloud` is called for that stage's cloud."""
    return with_options(command, "cloud", _WHICH_CLOUD, connect)


def with_deployment(command: Callable[..., None]) -> Callable[..., None]:
    """As `with_cloud`, for a stage that is not deployed yet: ``dev`` where none is named."""
    return with_options(command, "cloud", {**_WHICH_CLOUD, "stage": (StageOption, "dev")}, connect)


def with_aggregator(command: Callable[..., None]) -> Callable[..., None]:
    """Give *command* the options of a cloud; its parameter `aggregator` is called to reach that."""
    return with_options(command, "aggregator", {**_WHICH_CLOUD, "api": (ApiOption, None)}, reach)


def with_reaching(command: Callable[..., None]) -> Callable[..., None]:
    """As `with_aggregator`; its parameter `reaching` is called for the way there, and what is there."""
    return with_options(command, "reaching", {**_WHICH_CLOUD, "api": (ApiOption, None)}, reaching)


def with_options(
    command: Callable[..., None], name: str, options: Options, make: Callable[..., object]
) -> Callable[..., None]:
    """*command* with *options* in place of its parameter *name*, which is *make* with these given.

    The command calls it when it needs it: a mistake in other options is told before any cloud is asked.

    Args:
        command: what is to be a command of typer.
        name: of a keyword-only parameter.
        options: those of *make*.
        make: makes what the command needs.
    """

    @functools.wraps(command)
    def called(**values: object) -> None:
        chosen = {option: values.pop(option) for option in options}
        command(**values, **{name: functools.partial(make, **chosen)})

    command.__annotations__.pop(name, None)
    command_parameters = inspect.signature(command, eval_str=True).parameters
    added = [
        inspect.Parameter(option, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for option, (kind, default) in options.items()
    ]
    parameters = []
    for parameter in command_parameters.values():
        parameters += added if parameter.name == name else [parameter]
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return called


def stack_vens(cloud: Cloud) -> list[VenId]:
    """Every VEN of the stack."""
    return sorted((VenId(item["venId"]) for item in cloud.items(StackOutput.VENS_TABLE)), key=counting_key)


def some_vens(ven_ids: Sequence[VenId]) -> Sequence[VenId]:
    """The same. Raises VenTwinError when there is none."""
    if not ven_ids:
        raise VenTwinError("the stack has no VENs: deploy it with some, such as --vens ven-1,ven-2")
    return ven_ids


def deal_houses(ven_ids: Sequence[VenId], houses: str, seed: int = 0) -> dict[VenId, tuple[str, int]]:
    """A house and its seed for each VEN: in turn over *houses*, each with a family of its own.

    Another *seed* deals other families.

    Raises:
        FieldError: *houses* names none, or one of them is no house.
    """
    from ven_twin.house.library import load_profile

    names = split_names(houses, "--houses")
    with house_errors("--houses"):
        seeds = {name: load_profile(name).seed for name in names}
    dealt = ((ven_id, names[index % len(names)], index) for index, ven_id in enumerate(ven_ids))
    return {ven_id: (name, seeds[name] + seed + index) for ven_id, name, index in dealt}


@contextlib.contextmanager
def house_errors(option: str) -> Iterator[None]:
    """Name *option* where a house within is none. Raises FieldError."""
    from ven_twin.house.errors import ProfileError

    try:
        yield
    except ProfileError as error:
        none = f"{error.value!r} is no house: {error.allowed}" if error.key == "house" else str(error)
        raise FieldError(option, none) from None


def split_names(text: str, option: str) -> list[str]:
    """The names in *text*, which has commas between them. Raises FieldError without any."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise FieldError(option, "name at least one")
    return names


def split_vens(text: str, option: str) -> list[VenId]:
    """The VENs in *text*, each an id and no id twice. Raises FieldError."""
    from contracts.wire.topics import check_ven_id

    names = [check_ven_id(name, option) for name in split_names(text, option)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise FieldError(option, f"names {twice[0]} twice")
    return names


def _access(stage: str, profile: str | None = None, region: str | None = None) -> Access:
    """The access to the stage's cloud."""
    from ven_twin.operations.aggregator.cloud import Access

    if stage != LOCAL:
        return Access(stage, region=region, profile=profile)
    from local_cloud.runtime import MQTT_NAME, REGION, current

    runtime = current(cloud_folder())
    return Access(
        LOCAL,
        region=REGION,
        endpoint_url=runtime.endpoint_url,
        access_key_id=runtime.access_key_id,
        secret_access_key=runtime.secret_access_key,
        mqtt=(MQTT_NAME, runtime.mqtt_port),
    )
