"""The functions' code, unpacked once for all their processes.

The emulator unpacks a function's zip for every process that it starts: of some thousand files that is three
seconds of a processor, and a stack has a dozen functions in the same zip. Here a process is shown a folder
that has this zip's content already; it is kept beside the bundle that the zip was made of. As on AWS, a
function does not write where its code is.
"""

from __future__ import annotations

import hashlib
import threading
import zipfile
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from cdk.bundle import made_once
from local_cloud.overrides import replace
from ven_twin.installation import cache_folder

_one_at_a_time = threading.Lock()
"""Functions that start together unpack what is not there yet once."""


class SharedZip(zipfile.ZipFile):
    """A zip file whose content is unpacked once, whoever asks for it."""

    def extractall(self, path: Any = None, members: Any = None, pwd: bytes | None = None) -> None:
        """Make the empty folder *path* a link to the content; a choice of it is unpacked as usual."""
        if path is None or members is not None or pwd is not None:
            super().extractall(path, members, pwd)
            return
        target = Path(path)
        content = self._content()
        target.rmdir()
        target.symlink_to(content, target_is_directory=True)

    def _content(self) -> Path:
        with Path(str(self.filename)).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:32]
        with _one_at_a_time:
            return made_once(cache_folder() / "functions" / digest, super().extractall)


def unpack_once(lambda_runtime: ModuleType) -> None:
    """Let the processes of functions share their code. *lambda_runtime* is the emulator's module."""
    replace(
        lambda_runtime, "zipfile", lambda module: SimpleNamespace(**{**vars(module), "ZipFile": SharedZip})
    )
