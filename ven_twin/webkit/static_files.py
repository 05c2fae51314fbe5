"""The page's own files: found once, read when asked for, kept by browsers until they change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    "": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file, what it is, and a tag that changes with it."""

    path: Path
    content_type: str
    etag: str


def static_files(folder: Path = FOLDER) -> dict[str, StaticFile]:
    """The files under *folder* by their path from it; nothing else can be asked for."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in TYPES:
            stat = path.stat()
            etag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
            found[path.relative_to(folder).as_posix()] = StaticFile(path, TYPES[path.suffix], etag)
    return found
