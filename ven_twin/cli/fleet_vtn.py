"""The VENs of a fleet at a VTN of OpenADR: all of one client, or each of a client for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from contracts.errors import FieldError
from contracts.wire.ids import VenId
from ven_twin.cli.connection import Options
from ven_twin.cli.fleet_choice import WHICH, FleetChoice, fleet_choice
from ven_twin.cli.vtn_options import VTN_LINK, vtn_link

if TYPE_CHECKING:
    from ven_twin.ven.openadr.link import VtnLink

VEN = "{ven}"
"""Stands for the VEN's id in a client's id, and in the name of the file with its secret."""


FLEET: Options = {**WHICH, **VTN_LINK}


class FleetVtn(NamedTuple):
    """The VTN of a fleet, where it has one.

    Attributes:
        link_of: the link of a VEN, by its id; raises FieldError.
        without_aws: whether it is the only cloud.
    """

    link_of: Callable[[VenId], VtnLink | None]
    without_aws: bool

    def links(self, ven_ids: Iterable[VenId]) -> dict[VenId, VtnLink]:
        """The links of these VENs; empty without a VTN. Raises FieldError."""
        links = {ven_id: self.link_of(ven_id) for ven_id in ven_ids}
        return {ven_id: link for ven_id, link in links.items() if link is not None}


def choice_and_vtn(**options: Any) -> tuple[FleetChoice, FleetVtn]:
    """The VENs and the VTN that the options choose. Raises FieldError."""
    vtn = fleet_vtn(**{name: options.pop(name) for name in VTN_LINK})
    choice = fleet_choice(**options)
    if vtn.without_aws and choice.claims_per_s is not None:
        raise FieldError("--claims-per-s", "is for AWS IoT: give --vtn-beside-aws as well")
    return choice, vtn


def fleet_vtn(**options: Any) -> FleetVtn:
    """The VTN that the options describe. Raises FieldError."""
    if options["vtn"] is None:
        vtn_link(**options)
        return FleetVtn(lambda _: None, without_aws=False)
    client_id, file = options["client_id"], options["client_secret_file"]
    is_shared = client_id is None or VEN not in client_id
    if file is not None and (VEN in str(file)) is is_shared:
        option = "--client-id" if is_shared else "--client-secret-file"
        raise FieldError(option, f"has no {VEN} in it: give it to both, for a client of each VEN, or to none")
    one = _link(options, VenId(""), is_shared=True) if is_shared else None
    return FleetVtn(
        lambda ven_id: one or _link(options, ven_id, is_shared=False),
        without_aws=not options["vtn_beside_aws"],
    )


def _link(options: Mapping[str, Any], ven_id: VenId, *, is_shared: bool) -> VtnLink | None:
    client_id, file = options["client_id"], options["client_secret_file"]
    of_ven = {
        "client_id": None if client_id is None else client_id.replace(VEN, ven_id),
        "client_secret_file": None if file is None else Path(str(file).replace(VEN, ven_id)),
    }
    link, _ = vtn_link(**{**options, **of_ven})
    return None if link is None else msgspec.structs.replace(link, shares_client=is_shared)
