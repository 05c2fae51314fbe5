"""mosquitto as the faults need it: killed and started at will, with a plain listener for the cloud's end."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.mosquitto import Mosquitto, free_port
from ven_twin.testing.pki import Pair


@dataclass
class Broker(Mosquitto):
    """The broker.

    Attributes:
        plain_port: where the cloud's end connects, on loopback, without TLS.
        policy: lines of an ACL file; None allows everything.
        revoked: a list of revoked certificates, PEM, or None.
    """

    plain_port: int = field(default_factory=free_port)
    policy: str | None = None
    revoked: str | None = None

    def forget(self) -> None:
        """Lose every session and message that was on disk."""
        (self.folder / "mosquitto.db").unlink(missing_ok=True)

    def show(self, server: Pair) -> None:
        """Have this certificate from the next start on."""
        self.server = server

    def remove(self) -> None:
        """Delete its files."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write_files(self) -> None:
        super()._write_files()
        for name, text in (("policy.acl", self.policy), ("revoked.pem", self.revoked)):
            if text is not None:
                (self.folder / name).write_text(text)

    def _settings(self) -> str:
        settings = "per_listener_settings true\n" + super()._settings().replace(
            "log_type all", "log_type notice\nlog_type information\nlog_type error"
        )
        main, _, rest = settings.partition("\npersistence true")
        extra = f"\nacl_file {self.folder}/policy.acl" if self.policy is not None else ""
        if self.revoked is not None:
            extra += f"\ncrlfile {self.folder}/revoked.pem"
        plain = f"\nlistener {self.plain_port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 0\n"
        return f"{main}{extra}\npersistence true{rest}{plain}"


def path(folder: Path) -> Path:
    """The folder of a broker's files below *folder*."""
    return folder / "mosquitto"
