"""The address and the credentials of a running local cloud, in a file that only its owner reads."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from contracts.errors import VenTwinError

HOST = "127.0.0.1"
MQTT_NAME = "localhost"
"""The name that the MQTT listener's certificate is made out to."""
HTTPS_PORT = 443
ACCOUNT_ID = "000000000000"
REGION = "us-east-1"
STAGE = "local"


GATEWAY_FD = "LOCAL_CLOUD_GATEWAY_FD"
"""The environment variable by which the emulator's process has the socket that HTTP is answered on."""
MQTT_FD = "LOCAL_CLOUD_MQTT_FD"
"""That of MQTT."""
TLS_FD = "LOCAL_CLOUD_TLS_FD"
"""That of HTTPS, where it is answered."""
WEATHER_VARIABLE = "LOCAL_CLOUD_WEATHER"
"""The environment variable by which the emulator's process has its weather, as JSON."""
METER_VARIABLE = "LOCAL_CLOUD_METER"
"""The environment variable by which the emulator's process counts what AWS would bill."""
METER_PATH = "/_local_cloud/meter"
"""Where such a cloud answers with its counts."""


class LocalCloudError(VenTwinError):
    """Root. The caller prints the message and stops; nothing was left half done."""


class NotRunningError(LocalCloudError):
    """There is no local cloud to talk to. Start it with ``ven-twin cloud start``."""


class StartError(LocalCloudError):
    """The emulator did not come up. The message names its log."""


class DeployError(LocalCloudError):
    """The stack could not be deployed. The message has CloudFormation's reason."""


class CloudWeather(msgspec.Struct, frozen=True, kw_only=True):
    """AWS's bad weather by a seed.

    Attributes:
        speed: seconds of AWS's waits in one second here.
        failing: share of the calls that fail for no fault of the caller's.
        dropping: share of the MQTT packets at which the connection ends.
    """

    seed: int = 1
    speed: float = 60.0
    failing: float = 0.01
    dropping: float = 0.002


class Runtime(msgspec.Struct, frozen=True, kw_only=True):
    """A local cloud that was started: its process, ports and root credentials.

    Where it was started with TLS, *tls_port* answers as *gateway_port* does, over HTTPS, and *ca_file* has
    the root that its certificate is signed by.
    """

    pid: int
    gateway_port: int
    mqtt_port: int
    access_key_id: str
    secret_access_key: str
    keep: bool
    tls_port: int | None = None
    ca_file: str | None = None

    @property
    def endpoint_url(self) -> str:
        """The endpoint of every AWS API."""
        return f"http://{HOST}:{self.gateway_port}"

    @property
    def tls_url(self) -> str | None:
        """The same over HTTPS; None without TLS."""
        if self.tls_port is None:
            return None
        return (
            f"https://{MQTT_NAME}" if self.tls_port == HTTPS_PORT else f"https://{MQTT_NAME}:{self.tls_port}"
        )

    def client_environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """*base* (this process's environment when absent) pointed at this cloud and away from any other."""
        inherited = {
            k: v for k, v in (os.environ if base is None else base).items() if not k.startswith("AWS_")
        }
        root = {} if self.ca_file is None else {"AWS_CA_BUNDLE": self.ca_file}
        return {
            **inherited,
            **root,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def alive(self) -> bool:
        """True while the process runs."""
        try:
            os.kill(self.pid, 0)
        except (ProcessLookupError, PermissionError):
            return False
        with contextlib.suppress(ChildProcessError):
            done, _ = os.waitpid(self.pid, os.WNOHANG)  # a child of ours that ended is a zombie, not alive
            return done == 0
        return True


def _file(folder: Path) -> Path:
    return folder / "runtime.json"


def remember(runtime: Runtime, folder: Path) -> None:
    """Write the runtime file, readable by its owner alone from the start."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = _file(folder)
    draft = target.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(runtime))
    draft.replace(target)


def forget(folder: Path) -> None:
    """Remove the runtime file."""
    _file(folder).unlink(missing_ok=True)


def current(folder: Path) -> Runtime:
    """The local cloud that runs from *folder*.

    Raises:
        NotRunningError: none does.
    """
    try:
        runtime = msgspec.json.decode(_file(folder).read_bytes(), type=Runtime)
    except (OSError, msgspec.MsgspecError):
        raise NotRunningError("no local cloud is running: start one with ven-twin cloud start") from None
    if not runtime.alive():
        raise NotRunningError("the local cloud has stopped: start it with ven-twin cloud start")
    return runtime
