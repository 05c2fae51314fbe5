"""The pages' files: listed once, read at each request, cached by browsers until they change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

KIT = Path(__file__).parent / "static"
"""The files of both pages; served below ``kit/``."""
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    "": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file, its media type, and a tag that changes with it."""

    path: Path
    content_type: str
    etag: str


def static_files(folder: Path, under: str = "") -> dict[str, StaticFile]:
    """The files in *folder* and of the kit, by their path from ``/static/``; no other can be read.

    *under* is put before the paths of those in *folder*.
    """
    return _files(folder, under) | _files(KIT, "kit/")


def _files(folder: Path, under: str) -> dict[str, StaticFile]:
    files = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in TYPES:
            stat = path.stat()
            etag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
            files[f"{under}{path.relative_to(folder).as_posix()}"] = StaticFile(
                path, TYPES[path.suffix], etag
            )
    return files
