"""``ven-twin oadr``: the address of the stage's VTN of OpenADR, its events, clients, a token to try it."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import FieldError
from contracts.openadr.client_requests import GRACE_MAX_S, GRACE_S, ClientOp
from contracts.openadr.ids import ClientId
from contracts.openadr.scopes import Role, Scope
from ven_twin.cli.connection import JsonOption, with_cloud
from ven_twin.cli.console import echo, print_answer, print_json, refusals
from ven_twin.cli.oadr_events import list_oadr_events
from ven_twin.cli.tables import Column, table_lines
from ven_twin.cli.tree import CommandGroup
from ven_twin.cli.usage import naming
from ven_twin.webkit.formatting import counted, dated_clock

if TYPE_CHECKING:
    from contracts.openadr.client_requests import VtnClient
    from ven_twin.operations.aggregator.cloud import Cloud

app = CommandGroup("The stage's VTN of OpenADR: its address, events and clients, and a token to try it with.")
clients = CommandGroup("Clients of the VTN: make, list, show, rotate, scopes, disable, enable, remove.")
app.add_typer(clients, name="client")
app.command("events")(list_oadr_events)

ClientArgument = Annotated[str, typer.Argument(metavar="CLIENT", help="The client's id, such as house-1.")]
RoleOption = Annotated[
    str | None,
    typer.Option("--role", help="bl or ven: the scopes of OpenADR's business logic, or of a VEN."),
]
ScopeOption = Annotated[
    list[str] | None,
    typer.Option("--scope", help="A scope, such as read_all; repeat for more. In place of --role."),
]
SecretFileOption = Annotated[
    Path | None,
    typer.Option("--secret-file", help="The file for the secret, 0600, a new one; ./CLIENT.secret else."),
]


@clients.command("make")
@with_cloud
def make_client(
    client_id: Annotated[
        str | None, typer.Argument(metavar="CLIENT", help="The client's id; made when left out.")
    ] = None,
    *,
    role: RoleOption = None,
    scope: ScopeOption = None,
    secret_file: SecretFileOption = None,
    cloud: Callable[[], Cloud],
    json_output: JsonOption = False,
) -> None:
    """Make a client. Its secret goes into a file that only you can read, and is nowhere else.

    Examples:
        ven-twin oadr client make utility --role bl
        ven-twin oadr client make house-1 --role ven --secret-file house-1.secret
        ven-twin oadr client make reports --scope read_all
    """
    from ven_twin.operations.oadr_clients import OadrClients, SecretFile, check_client_id

    name = ClientId(secrets.token_hex(8)) if client_id is None else check_client_id(client_id)
    wanted = _role(role), _scopes(scope)
    _check_one(*wanted)
    file = SecretFile(secret_file or Path(f"{name}.secret"))
    with naming("clientId", "CLIENT"), refusals(json_output=json_output):
        stage = OadrClients(cloud())
        with file.reserved():
            made, secret = stage.make(name, *wanted)
            file.write(secret)
    text = f"{_line(made)}\nIts secret is in {file.path}, and nowhere else."
    print_answer(_with_file(made, file.path), text, json_output=json_output)


@clients.command("list")
@with_cloud
def list_clients(*, cloud: Callable[[], Cloud], json_output: JsonOption = False) -> None:
    """List the clients. One that was made a moment ago may be missing.

    Examples:
        ven-twin oadr client list
    """
    from ven_twin.operations.oadr_clients import OadrClients

    listed = OadrClients(cloud()).all()
    if json_output:
        print_json(listed)
        return
    if not listed:
        echo("There are no clients. Make one: ven-twin oadr client make house-1 --role ven")
        return
    columns = [Column(name) for name in ("client", "role", "scopes", "made", "state")]
    now_ts = time.time()
    rows = [
        (
            client.client_id,
            client.role,
            " ".join(client.scopes),
            dated_clock(client.created_ts, now_ts),
            "disabled" if client.disabled else "enabled",
        )
        for client in listed
    ]
    for line in table_lines(columns, rows, shutil.get_terminal_size().columns):
        echo(line)


@clients.command()
@with_cloud
def show(client_id: ClientArgument, *, cloud: Callable[[], Cloud], json_output: JsonOption = False) -> None:
    """Show a client: its scopes, and how many secrets open it. Never a secret.

    Examples:
        ven-twin oadr client show house-1
    """
    client = _change(ClientOp.SHOW, client_id, cloud, json_output=json_output)
    print_answer(client, _line(client), json_output=json_output)


@clients.command()
@with_cloud
def rotate(
    client_id: ClientArgument,
    *,
    now: Annotated[bool, typer.Option("--now", help="End the secret of before at once.")] = False,
    grace: Annotated[
        str | None, typer.Option("--grace", help="How long the secret of before is good; 24h when left out.")
    ] = None,
    secret_file: SecretFileOption = None,
    cloud: Callable[[], Cloud],
    json_output: JsonOption = False,
) -> None:
    """Give a client another secret. The one of before is good for a day, so that the client changes over.

    A token that was issued already is good for the rest of its hour; to end it, disable the client.

    Examples:
        ven-twin oadr client rotate house-1 --secret-file house-1-new.secret
        ven-twin oadr client rotate house-1 --now --secret-file house-1-new.secret
    """
    from ven_twin.operations.oadr_clients import OadrClients, SecretFile, check_client_id

    name, grace_s = check_client_id(client_id), _grace_s(grace, now=now)
    file = SecretFile(secret_file or Path(f"{name}.secret"))
    with naming("clientId", "CLIENT"), refusals(json_output=json_output):
        stage = OadrClients(cloud())
        with file.reserved():
            client, secret = stage.rotate(name, grace_s)
            file.write(secret)
    text = f"{_line(client)}\nIts new secret is in {file.path}, and nowhere else."
    print_answer(_with_file(client, file.path), text, json_output=json_output)


@clients.command("scopes")
@with_cloud
def set_scopes(
    client_id: ClientArgument,
    *,
    role: RoleOption = None,
    scope: ScopeOption = None,
    cloud: Callable[[], Cloud],
    json_output: JsonOption = False,
) -> None:
    """Give a client these scopes in place of those that it has; its tokens have no others from now on.

    Examples:
        ven-twin oadr client scopes utility --scope read_all --scope write_events
    """
    from ven_twin.operations.oadr_clients import OadrClients, check_client_id

    name, wanted = check_client_id(client_id), (_role(role), _scopes(scope))
    _check_one(*wanted)
    with naming("clientId", "CLIENT"), refusals(json_output=json_output):
        client = OadrClients(cloud()).set_scopes(name, *wanted)
    print_answer(client, _line(client), json_output=json_output)


@clients.command()
@with_cloud
def disable(
    client_id: ClientArgument, *, cloud: Callable[[], Cloud], json_output: JsonOption = False
) -> None:
    """Refuse a client, its tokens too, until it is enabled again.

    Examples:
        ven-twin oadr client disable house-1
    """
    client = _change(ClientOp.DISABLE, client_id, cloud, json_output=json_output)
    print_answer(client, _line(client), json_output=json_output)


@clients.command()
@with_cloud
def enable(client_id: ClientArgument, *, cloud: Callable[[], Cloud], json_output: JsonOption = False) -> None:
    """Let a client in again that was disabled.

    Examples:
        ven-twin oadr client enable house-1
    """
    client = _change(ClientOp.ENABLE, client_id, cloud, json_output=json_output)
    print_answer(client, _line(client), json_output=json_output)


@clients.command()
@with_cloud
def remove(client_id: ClientArgument, *, cloud: Callable[[], Cloud], json_output: JsonOption = False) -> None:
    """Remove a client: its secrets and its tokens open nothing any more. What it wrote stays.

    Examples:
        ven-twin oadr client remove house-1
    """
    client = _change(ClientOp.REMOVE, client_id, cloud, json_output=json_output)
    text = f"{client.client_id} is removed: its secrets and its tokens open nothing any more."
    print_answer(client, text, json_output=json_output)


@app.command()
@with_cloud
def token(
    client_id: ClientArgument,
    *,
    secret_file: Annotated[Path, typer.Option("--secret-file", help="The file with the client's secret.")],
    cloud: Callable[[], Cloud],
) -> None:
    """Fetch a token for a client and print it, and nothing else, to try the VTN with curl. Good for an hour.

    Examples:
        ven-twin oadr token house-1 --secret-file house-1.secret
    """
    from ven_twin.operations.oadr_clients import check_client_id, fetch_token, read_secret, vtn_url

    name, secret = check_client_id(client_id), read_secret(secret_file)
    echo(fetch_token(vtn_url(cloud()), name, secret).access_token)


@app.command()
@with_cloud
def url(*, cloud: Callable[[], Cloud]) -> None:
    """Print the base address of the stage's VTN, and nothing else: for VENs, and for curl.

    Examples:
        ven-twin oadr url
    """
    from ven_twin.operations.oadr_clients import vtn_url

    echo(vtn_url(cloud()))


def _change(op: ClientOp, client_id: str, cloud: Callable[[], Cloud], *, json_output: bool) -> VtnClient:
    from ven_twin.operations.oadr_clients import OadrClients, check_client_id

    name = check_client_id(client_id)
    with naming("clientId", "CLIENT"), refusals(json_output=json_output):
        return OadrClients(cloud()).change(op, name)


def _role(text: str | None) -> Role | None:
    if text is not None and text not in set(Role):
        raise FieldError("--role", f"{text!r} is none of {', '.join(Role)}")
    return None if text is None else Role(text)


def _scopes(names: list[str] | None) -> tuple[Scope, ...] | None:
    for name in names or ():
        if name not in set(Scope):
            raise FieldError("--scope", f"{name!r} is none of {', '.join(Scope)}")
    return tuple(Scope(name) for name in names) if names else None


def _check_one(role: Role | None, scopes: tuple[Scope, ...] | None) -> None:
    """Raise FieldError unless it is a role or scopes."""
    if (role is None) == (scopes is None):
        raise FieldError("--role", f"either this ({', '.join(Role)}) or --scope ({', '.join(Scope)})")


def _grace_s(grace: str | None, *, now: bool) -> int:
    from contracts.api.event_text import parse_duration

    if now:
        if grace is not None:
            raise FieldError("--grace", "is none with --now")
        return 0
    grace_s = GRACE_S if grace is None else round(parse_duration(grace, "--grace"))
    if grace_s > GRACE_MAX_S:
        raise FieldError("--grace", f"at most {GRACE_MAX_S // 86_400} days, 720h")
    return grace_s


def _line(client: VtnClient) -> str:
    state = "disabled" if client.disabled else "enabled"
    scopes = " ".join(client.scopes) or "none"
    return (
        f"{client.client_id} is a client of role {client.role}, {state}, with"
        f" {counted(client.secrets, 'secret')} and the scopes: {scopes}"
    )


def _with_file(client: VtnClient, file: Path) -> dict[str, object]:
    import msgspec

    return {**msgspec.to_builtins(client), "secretFile": str(file)}
