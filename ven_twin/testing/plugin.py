"""The plugin of pytest. A fixture imports what it needs when a test asks for it: others start as before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ven_twin.testing.dr_events import DrEvents
    from ven_twin.testing.function_world import World
    from ven_twin.testing.running_cloud import RunningCloud
    from ven_twin.testing.running_ven import RunningVen


@pytest.fixture(scope="session")
def local_cloud_vens() -> Sequence[str]:
    """The VENs of the stack; define it anew for others than ``ven-1``."""
    return ("ven-1",)


@pytest.fixture(scope="session")
def ven_options() -> Sequence[str]:
    """Options of ``ven-twin run`` for the twin; define it anew for another house or speed."""
    from ven_twin.testing.running_ven import OPTIONS  # noqa: PLC0415 - see above

    return OPTIONS


@pytest.fixture(scope="session")
def local_cloud(
    tmp_path_factory: pytest.TempPathFactory, local_cloud_vens: Sequence[str]
) -> Iterator[RunningCloud]:
    """The local cloud with the stack in it, for the whole session."""
    from ven_twin.testing.running_cloud import running_cloud  # noqa: PLC0415 - see above

    with running_cloud(tmp_path_factory.mktemp("ven-twin"), local_cloud_vens) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def ven(
    local_cloud: RunningCloud, local_cloud_vens: Sequence[str], ven_options: Sequence[str]
) -> Iterator[RunningVen]:
    """A twin of the first VEN, which is online and has said what it can shed; for the whole session."""
    from ven_twin.testing.running_ven import running_ven  # noqa: PLC0415 - see above

    with running_ven(local_cloud, local_cloud_vens[0], ven_options) as twin:
        yield twin


@pytest.fixture
def dr_event(local_cloud: RunningCloud) -> Iterator[DrEvents]:
    """DR events in the local cloud; what a test leaves running is cancelled at its end."""
    from ven_twin.testing.dr_events import DrEvents  # noqa: PLC0415 - see above

    events = DrEvents(local_cloud)
    yield events
    events.cancel_all()


@pytest.fixture
def function_world() -> Iterator[World]:
    """The functions' account in this process, by moto: without sockets, with a clock that stands."""
    from ven_twin.testing.function_account import open_account  # noqa: PLC0415 - see above
    from ven_twin.testing.function_world import World, stopped_clock  # noqa: PLC0415

    with open_account():
        world = World()
        with stopped_clock(world):
            yield world
