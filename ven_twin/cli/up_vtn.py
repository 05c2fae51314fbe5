"""The VTN of OpenADR whose VEN the twin of ``ven-twin up`` is as well: the local cloud's, or another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from contracts.api.requests import RefusalCode
from contracts.errors import FieldError
from contracts.openadr.scopes import Role
from contracts.wire.ids import VenId
from ven_twin.cli.connection import LOCAL, Options, ven_folder
from ven_twin.cli.resident_options import RESIDENT, variables
from ven_twin.cli.vtn_options import VTN_LINK, vtn_link

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.cloud import Cloud

CLIENT_FILE = "vtn-client.secret"
UP_VTN: Options = {name: option for name, option in VTN_LINK.items() if name != "vtn_beside_aws"}
AROUND: Options = {**RESIDENT, **UP_VTN}
Variables = Callable[["Cloud", VenId], dict[str, str]]


def variables_of_up(**options: Any) -> Variables:
    """The variables of the twin's environment by the options, once there is a cloud. Raises FieldError.

    ``local`` in place of a VTN's address is the local cloud's own.
    """
    vtn = {name: options.pop(name) for name in UP_VTN}
    resident = variables(**options)
    is_local = vtn["vtn"] == LOCAL
    if is_local:
        for name in ("client_id", "client_secret_file", "vtn_ca"):
            if vtn[name] is not None:
                raise FieldError(f"--{name.replace('_', '-')}", f"is made by --vtn {LOCAL}: leave it out")
    else:
        vtn_link(**vtn, vtn_beside_aws=False)

    def made(cloud: Cloud, ven_id: VenId) -> dict[str, str]:
        chosen = {**vtn, **(local_client(cloud, ven_id) if is_local else {})}
        if chosen["vtn"] is None:
            return resident
        texts = {
            f"VEN_TWIN_{name.upper()}": str(value) for name, value in chosen.items() if value is not None
        }
        return {**resident, **texts, "VEN_TWIN_VTN_BESIDE_AWS": "1"}

    return made


def local_client(cloud: Cloud, ven_id: VenId) -> dict[str, object]:
    """The options of a client of *cloud*'s VTN with the VEN's name; its secret is new each time.

    Raises:
        VenTwinError: the stage is no VTN, or refuses.
    """
    from ven_twin.operations.aggregator.protocol import RefusedError
    from ven_twin.operations.oadr_clients import OadrClients, SecretFile, check_client_id, vtn_url

    url, clients, client_id = vtn_url(cloud), OadrClients(cloud), check_client_id(ven_id)
    path = ven_folder(cloud.stage, ven_id) / CLIENT_FILE
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    file = SecretFile(path)
    with file.reserved():
        try:
            _, secret = clients.make(client_id, Role.VEN, None)
        except RefusedError as error:
            if error.code != RefusalCode.CONFLICT:
                raise
            _, secret = clients.rotate(client_id, 0)
        file.write(secret)
    return {"vtn": url, "client_id": client_id, "client_secret_file": path}
