"""``ven-twin run``: one twin, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, cast

import typer

from contracts.errors import FieldError, VenTwinError
from contracts.wire.ids import VenId
from ven_twin.cli.connection import (
    LOCAL,
    BasicIngestOption,
    BatchOption,
    HouseOption,
    JsonOption,
    MqttPortOption,
    Options,
    ProfileOption,
    RegionOption,
    ReportIntervalOption,
    StageOption,
    TariffOption,
    VenArgument,
    batch_seconds,
    house_errors,
    rules_of,
    ven_folder,
    with_options,
)
from ven_twin.cli.house_time import (
    AfternoonOption,
    HouseSpanOption,
    HouseSpeedOption,
    HouseStartOption,
    house_time,
)
from ven_twin.cli.identity_fetch import fetch_again, fetch_identity
from ven_twin.cli.logs import log_to_stderr
from ven_twin.cli.resident_options import RESIDENT, ShownElsewhere, shown_elsewhere
from ven_twin.cli.vtn_options import VTN, VTN_STAGE, vtn_link

if TYPE_CHECKING:
    from ven_twin.ven.identity.identity_files import Identity
    from ven_twin.ven.identity.renewal import Fetch
    from ven_twin.ven.mqtt.reason_codes import Protocol
    from ven_twin.ven.openadr.link import VtnLink
    from ven_twin.ven.runtime import Twin
    from ven_twin.ven.settings import TwinSettings
    from ven_twin.webkit.settings import WebSettings

PortOption = Annotated[
    int | None,
    typer.Option("--port", help="The page's port; 0 is any that is free. 8080 or the next when left out."),
]
NoWebOption = Annotated[bool, typer.Option("--no-web", help="Serve no page.")]
WebHostOption = Annotated[
    str, typer.Option("--web-host", help="Where its page is served; off loopback a token is needed.")
]
WebTokenOption = Annotated[
    Path | None, typer.Option("--web-token-file", help="File with the token that the page asks for.")
]
HouseSeedOption = Annotated[
    int | None,
    typer.Option("--house-seed", help="The seed of its people's habits; the house's when left out."),
]
StateOption = Annotated[
    Path | None, typer.Option("--state", help="Folder of the outbox and of what is remembered.")
]
MqttOption = Annotated[str, typer.Option("--mqtt", help="MQTT version: 5 or 3.1.1.")]
OutboxOption = Annotated[
    float, typer.Option("--outbox-mb", help="What the outbox may hold; then telemetry is dropped first.")
]
TWIN_AND_PAGE: Options = {
    "house": (HouseOption, "standard"),
    "house_seed": (HouseSeedOption, None),
    "house_speed": (HouseSpeedOption, None),
    "house_start": (HouseStartOption, None),
    "house_span": (HouseSpanOption, None),
    "afternoon": (AfternoonOption, False),
    "report_interval": (ReportIntervalOption, None),
    "batch": (BatchOption, None),
    "tariff": (TariffOption, None),
    "state": (StateOption, None),
    "mqtt": (MqttOption, "5"),
    "outbox_mb": (OutboxOption, 64.0),
    "port": (PortOption, None),
    "web_host": (WebHostOption, "127.0.0.1"),
    "web_token_file": (WebTokenOption, None),
    "no_web": (NoWebOption, False),
}

logger = logging.getLogger("ven_twin")


class Around(NamedTuple):
    """Everything around a twin beside AWS IoT: its page, a resident's own systems, a VTN; None without."""

    web: WebSettings | None
    elsewhere: ShownElsewhere
    vtn: VtnLink | None
    without_aws: bool


def twin_settings(
    ven_id: VenId,
    stage: str,
    *,
    house: str,
    house_seed: int | None,
    house_speed: float | None,
    house_start: str | None,
    house_span: str | None,
    afternoon: bool,
    report_interval: str | None,
    batch: str | None,
    tariff: Path | None,
    state: Path | None,
    mqtt: str,
    outbox_mb: float,
) -> TwinSettings:
    """The settings that the options describe; the broker is still open. Raises FieldError."""
    from contracts.api.event_text import parse_seconds
    from ven_twin.cli.event_view import load_tariff
    from ven_twin.ven.settings import TwinSettings

    time = house_time(house_start, house_speed, house_span, afternoon=afternoon)
    return TwinSettings(
        ven_id=ven_id,
        endpoint="",
        state_dir=state or ven_folder(stage, ven_id),
        house=house,
        house_seed=house_seed,
        house_speed=time.speed,
        house_start_ts=time.start_ts,
        house_span_s=time.span_s,
        report_interval_s=parse_seconds(report_interval, "--report-interval") if report_interval else None,
        batch_s=batch_seconds(batch, stage),
        protocol=cast("Protocol", mqtt),
        outbox_mb=outbox_mb,
        tariff=None if tariff is None else load_tariff(tariff),
    )


def run_settings(
    ven_id: VenId,
    stage: str,
    *,
    port: int | None,
    web_host: str,
    web_token_file: Path | None,
    no_web: bool,
    **options: Any,
) -> tuple[TwinSettings, WebSettings | None]:
    """The settings of the twin and of its page, None without one. Raises FieldError."""
    from ven_twin.webkit.settings import WebSettings, read_token

    token = None if web_token_file is None else read_token(web_token_file)
    web = None if no_web else WebSettings(host=web_host, port=port, token=token)
    return twin_settings(ven_id, stage, **options), web


def settings_and_around(ven_id: VenId, stage: str, **options: Any) -> tuple[TwinSettings, Around]:
    """The settings of the twin, and of what it is attached to. Raises FieldError."""
    elsewhere = shown_elsewhere(**{name: options.pop(name) for name in RESIDENT})
    link, without_aws = vtn_link(**{name: options.pop(name) for name in VTN})
    twin, web = run_settings(ven_id, VTN_STAGE if without_aws else stage, **options)
    return twin, Around(web, elsewhere, link, without_aws)


@partial(
    with_options, name="settings", options={**TWIN_AND_PAGE, **RESIDENT, **VTN}, make=settings_and_around
)
def run(
    ven_id: VenArgument,
    *,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", help="MQTT host; the stage's when left out.")
    ] = None,
    mqtt_port: MqttPortOption = None,
    certs: Annotated[Path | None, typer.Option("--certs", help="Folder with the VEN's identity.")] = None,
    secret: Annotated[str | None, typer.Option("--secret", help="Secret with the VEN's identity.")] = None,
    settings: Callable[[str, str], tuple[TwinSettings, Around]],
    basic_ingest: BasicIngestOption = None,
    stage: StageOption = LOCAL,
    profile: ProfileOption = None,
    region: RegionOption = None,
    json_output: JsonOption = False,
) -> None:
    """Run a twin: a house behind MQTT over mutual TLS, driven by its shadow. Ctrl-C restores the loads.

    Examples:
        ven-twin run ven-1
        ven-twin run ven-2 --house leaky --house-speed 30 --port 8081
        ven-twin run ven-1 --stage dev
        ven-twin run ven-1 --home-assistant mqtt://127.0.0.1:1883
        ven-twin run ven-1 --webhook https://home.example.org/ven --webhook-secret-file secret
        ven-twin run ven-1 --certs tls --endpoint localhost --mqtt-port 8883
        ven-twin run ven-1 --vtn https://vtn.example.org/3.1.0 --client-id v1 --client-secret-file v1.secret
    """
    if certs is not None and secret is not None:
        raise FieldError("--certs", "give either --certs or --secret")
    twin, around = settings(ven_id, stage)  # judged before anything is fetched
    if around.without_aws:
        for option, value in (("--certs", certs), ("--secret", secret), ("--endpoint", endpoint)):
            if value is not None:
                raise FieldError(option, "is for AWS IoT: give --vtn-beside-aws as well")
        log_to_stderr(json_output=json_output)
        _run_twin(twin, None, None, around)
        return
    if endpoint is not None or mqtt_port is not None:
        twin = twin.at(endpoint or "", mqtt_port or twin.port)
    log_to_stderr(json_output=json_output)
    fetch: Fetch | None = None
    rules: str | None = None
    if certs is None or endpoint is None:
        options = [ven_id, "--stage", stage, "--out", str(twin.state_dir / "tls")]
        for option, value in (("--secret", secret), ("--profile", profile), ("--region", region)):
            options += [option, value] if value is not None else []
        identity = fetch_identity(options, twin.state_dir, at_once=stage == LOCAL)
        fetch = partial(fetch_again, options, twin.state_dir) if certs is None else None
        certs = certs or Path(identity.folder)
        twin, rules = twin.at(endpoint or identity.endpoint, mqtt_port or identity.port), identity.rules
    twin = replace(twin, rules=rules_of(stage, basic_ingest, rules))
    _run_twin(twin, certs, fetch, around)


def _run_twin(
    settings: TwinSettings,
    certs: Path | None,
    fetch: Fetch | None,
    around: Around,
) -> None:
    """Run a twin to its end; without *certs* there is no AWS. Raises VenTwinError when it ended by itself."""
    from ven_twin.ven.identity import identity_files
    from ven_twin.ven.runtime import Twin

    identity: Identity | None = None if certs is None else identity_files.load_or_trust(certs)
    with house_errors("--house"):
        opened = Twin.open(settings, identity, fetch=fetch)
    with opened as twin:
        ended = asyncio.run(_until_signalled(twin, around, settings.state_dir))
    if ended is not None:
        raise VenTwinError(ended)


async def _until_signalled(twin: Twin, around: Around, folder: Path) -> str | None:
    """Run *twin* and what is around it until SIGINT or SIGTERM; the reason when it ended by itself."""
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, twin.stop)
    async with contextlib.AsyncExitStack() as stack:
        if around.web is not None:
            from ven_twin.ven.page.app import serving

            await stack.enter_async_context(serving(twin, around.web, folder))
        if around.elsewhere.home is not None:
            from ven_twin.ven.home_assistant.bridge import bridging

            await stack.enter_async_context(bridging(twin, around.elsewhere.home))
        if around.elsewhere.receiver is not None:
            from ven_twin.ven.webhook.bridge import notifying

            await stack.enter_async_context(notifying(twin, around.elsewhere.receiver, folder))
        if around.vtn is not None:
            from ven_twin.ven.openadr.attaching import being_ven_of

            await stack.enter_async_context(being_ven_of(twin, around.vtn, folder))
        status = await twin.run()
    return status.reason if status.state == "duplicate_client" else None
