"""``ven-twin cloud``: the local cloud."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from contracts.store.stack import StackOutput
from ven_twin.cli.connection import JsonOption, MqttPortOption, cloud_folder, split_vens
from ven_twin.cli.console import echo, print_answer, print_json
from ven_twin.cli.tree import CommandGroup

if TYPE_CHECKING:
    from contracts.wire.ids import VenId
    from local_cloud.runtime import Runtime

app = CommandGroup("The local cloud: an AWS emulator on loopback with the stack deployed.")

DEFAULT_VENS = "ven-1"
CALLBACK_CA_MAX_CHARACTERS = 3000
"""All variables of a function have 4 KB together. Source: AWS Lambda quotas, environment variables."""
VensOption = Annotated[str, typer.Option("--vens", help="VENs of the stack, by commas.")]
ConditionsOption = Annotated[
    Literal["aws"] | None,
    typer.Option("--conditions", help="As slow and as busy as AWS can be: late changes, rates, failures."),
]

KeepOption = Annotated[
    bool, typer.Option("--keep", help="Keep what is in it over a stop, and take it up again.")
]
GatewayPortOption = Annotated[
    int | None,
    typer.Option("--gateway-port", min=1, max=65535, help="Where the AWS APIs answer; 4566 when it is free."),
]
TlsOption = Annotated[
    bool, typer.Option("--tls", help="Answer HTTPS at the gateway's port, as AWS does, and HTTP at another.")
]

CallbackCaOption = Annotated[
    Path | None,
    typer.Option("--callback-ca", help="CAs that OpenADR callbacks may have beside the public ones, PEM."),
]


@app.command()
def start(
    *,
    keep: KeepOption = False,
    vens: VensOption = DEFAULT_VENS,
    deploy_stack: Annotated[
        bool, typer.Option("--deploy/--no-deploy", help="Deploy the stack into it.")
    ] = True,
    gateway_port: GatewayPortOption = None,
    mqtt_port: MqttPortOption = None,
    tls: TlsOption = False,
    conditions: ConditionsOption = None,
    seed: Annotated[int, typer.Option("--seed", help="The seed of --conditions.")] = 1,
    json_output: JsonOption = False,
) -> None:
    """Start the local cloud in the background, and deploy the stack into it.

    Examples:
        ven-twin cloud start
        ven-twin cloud start --vens home-1,home-2,home-3 --keep
        ven-twin cloud start --conditions aws --seed 7
    """
    from local_cloud import process
    from local_cloud.runtime import CloudWeather
    from ven_twin.cli.local_system import forget_vens

    names = split_vens(vens, "--vens")
    weather = None if conditions is None else CloudWeather(seed=seed)
    runtime = process.start(
        cloud_folder(), keep=keep, gateway_port=gateway_port, mqtt_port=mqtt_port, tls=tls, weather=weather
    )
    if not keep:
        forget_vens()
    outputs = {}
    if deploy_stack:
        try:
            outputs = _deploy(names)
        except BaseException:
            process.stop(cloud_folder())
            raise
    print_answer(
        _addresses(runtime) | {"outputs": outputs},
        f"The local cloud answers at {_places(runtime)}, MQTT at localhost:{runtime.mqtt_port}"
        f"{_vtn(outputs)}.\n"
        f"Next: ven-twin run {names[0]}, and "
        "ven-twin event create --shed-kw 2kW --duration 2m",
        json_output=json_output,
    )


@app.command()
def stop(*, json_output: JsonOption = False) -> None:
    """Stop the local cloud.

    Examples:
        ven-twin cloud stop
    """
    from local_cloud import process

    stopped = process.stop(cloud_folder())
    text = "Stopped." if stopped else "No local cloud was running."
    print_answer({"stopped": stopped}, text, json_output=json_output)


@app.command()
def status(*, json_output: JsonOption = False) -> None:
    """Say whether the local cloud runs, and where. Exit 1 when it does not.

    Examples:
        ven-twin cloud status --json
    """
    from local_cloud.runtime import NotRunningError, current

    try:
        runtime = current(cloud_folder())
    except NotRunningError as error:
        if json_output:
            print_json({"running": False})
        else:
            echo(f"ven-twin: {error}", err=True)
        raise typer.Exit(1) from None
    print_answer(
        {
            "running": True,
            **_addresses(runtime),
            "pid": runtime.pid,
            "keep": runtime.keep,
        },
        f"Running: {_places(runtime)}, MQTT at localhost:{runtime.mqtt_port}, process {runtime.pid}.",
        json_output=json_output,
    )


@app.command()
def deploy(
    *,
    vens: VensOption = DEFAULT_VENS,
    callback_ca: CallbackCaOption = None,
    json_output: JsonOption = False,
) -> None:
    """Deploy the stack into the local cloud that runs, as it is now in this folder.

    Examples:
        ven-twin cloud deploy --vens ven-1,ven-2
        ven-twin cloud deploy --callback-ca ca.pem
    """
    outputs = _deploy(split_vens(vens, "--vens"), callback_ca)
    print_answer(outputs, f"Deployed for {vens}.", json_output=json_output)


@app.command()
def env() -> None:
    """Print the environment that points the AWS CLI, the CDK CLI or boto3 at the local cloud, for eval.

    Version 1 of the AWS CLI sends sqs to another host: add --endpoint-url "$AWS_ENDPOINT_URL" to it.

    Examples:
        eval "$(ven-twin cloud env)"
    """
    import shlex

    from local_cloud.runtime import current

    for name, value in current(cloud_folder()).client_environment({}).items():
        echo(f"export {name}={shlex.quote(value)}")


def _addresses(runtime: Runtime) -> dict[str, object]:
    """The addresses of a local cloud; the one over HTTPS where there is one."""
    secure = {} if runtime.tls_url is None else {"tlsEndpoint": runtime.tls_url, "caFile": runtime.ca_file}
    return {"endpoint": runtime.endpoint_url, **secure, "mqttPort": runtime.mqtt_port}


def _places(runtime: Runtime) -> str:
    if runtime.tls_url is None:
        return runtime.endpoint_url
    return f"{runtime.endpoint_url} and {runtime.tls_url} (root: {runtime.ca_file})"


def _vtn(outputs: dict[str, str]) -> str:
    url = outputs.get(StackOutput.VTN_URL)
    return "" if url is None else f", OpenADR at {url}"


def _deploy(vens: Sequence[VenId], callback_ca: Path | None = None) -> dict[str, str]:
    from local_cloud import deploy as deployment
    from local_cloud.runtime import current

    pem = "" if callback_ca is None else _read_pem(callback_ca)
    return deployment.deploy(current(cloud_folder()), vens, callback_ca_pem=pem)


def _read_pem(file: Path) -> str:
    """The certificates in *file*."""
    import ssl

    from contracts.errors import FieldError

    try:
        pem = file.read_text(encoding="ascii")
        ssl.create_default_context(cadata=pem)
    except (OSError, ValueError):  # an error of ssl is an OSError
        raise FieldError("--callback-ca", f"{file} has no certificates in PEM") from None
    if len(pem) > CALLBACK_CA_MAX_CHARACTERS:
        raise FieldError("--callback-ca", f"{file} has more than {CALLBACK_CA_MAX_CHARACTERS} characters")
    return pem
