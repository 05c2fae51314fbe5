"""The ports of a local cloud, listened on from the moment that they are chosen.

A port that is found free and bound a while later may be another's by then, and on a busy machine that while
is long. So whoever starts a cloud opens its ports, and the emulator's process serves what it is handed.
"""

from __future__ import annotations

import contextlib
import os
import socket
from dataclasses import dataclass

from local_cloud.runtime import GATEWAY_FD, HOST, MQTT_FD, TLS_FD, StartError

GATEWAY_PORT = 4566
MQTT_PORT = 8883
ANY = 0
BACKLOG = 1024
"""Connections that wait until the emulator serves: a fleet comes back at once."""


@dataclass(frozen=True, slots=True)
class OpenPorts:
    """Sockets that listen on loopback for an emulator that is about to start; *tls* is None without TLS."""

    gateway: socket.socket
    mqtt: socket.socket
    tls: socket.socket | None

    def environment(self) -> dict[str, str]:
        """The settings by which the emulator finds its ports, and takes these sockets over."""
        tls = {} if self.tls is None else {TLS_FD: str(self.tls.fileno())}
        return {
            "GATEWAY_PORT": str(port_of(self.gateway)),
            "IOT_MTLS_PORT": str(port_of(self.mqtt)),
            GATEWAY_FD: str(self.gateway.fileno()),
            MQTT_FD: str(self.mqtt.fileno()),
            **tls,
        }

    def sockets(self) -> tuple[socket.socket, ...]:
        """All of them."""
        return tuple(one for one in (self.gateway, self.mqtt, self.tls) if one is not None)

    def close(self) -> None:
        """Give them up here; a process that took them over has them still."""
        for one in self.sockets():
            one.close()


def open_ports(gateway_port: int | None, mqtt_port: int | None, *, tls: bool) -> OpenPorts:
    """Listen on the ports of a start: one that is named, 0 for any, None for the usual one when it is free.

    With *tls* the gateway's port is that of HTTPS, and HTTP has any.

    Raises:
        StartError: a named port cannot be had.
    """
    with contextlib.ExitStack() as opened:
        public = opened.enter_context(_open(gateway_port, GATEWAY_PORT, "--gateway-port"))
        mqtt = opened.enter_context(_open(mqtt_port, MQTT_PORT, "--mqtt-port"))
        plain = opened.enter_context(_listen(ANY)) if tls else public
        opened.pop_all()
    return OpenPorts(plain, mqtt, tls=public if tls else None)


def port_of(listening: socket.socket) -> int:
    """The port that a socket listens on."""
    port: int = listening.getsockname()[1]
    return port


def inherited(name: str) -> socket.socket:
    """The socket that was handed to this process in the variable *name*."""
    return socket.socket(fileno=int(os.environ[name]))


def free_port(preferred: int = ANY) -> int:
    """*preferred* when nothing listens there now, else any free port; another may have it a moment later."""
    with _usual_or_any(preferred) as probe:
        return port_of(probe)


def _open(named: int | None, usual: int, option: str) -> socket.socket:
    if named is None:
        return _usual_or_any(usual)
    try:
        return _listen(named)
    except OSError as error:
        reason = error.strerror.lower() if error.strerror else str(error)
        raise StartError(f"{option} {named}: {reason}; name another port") from None


def _usual_or_any(usual: int) -> socket.socket:
    try:
        return _listen(usual)
    except OSError:
        return _listen(ANY)


def _listen(port: int) -> socket.socket:
    listening = socket.socket()
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening
