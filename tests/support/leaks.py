"""What must not be in any log, ack, error, answer or page: key, certificate and token text.

Found by its form (PEM, AWS credentials, signed URLs) and by its substance: every key and certificate that the
run has made, line by line, and every secret that was named to `known`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

FORMS = {
    "a PEM block": re.compile(r"-----BEGIN [A-Z ]+-----"),
    "an AWS secret in an environment": re.compile(r"AWS_SECRET_ACCESS_KEY\W{1,4}[A-Za-z0-9/+_-]{20,}"),
    "a signed URL": re.compile(r"X-Amz-(?:Signature|Security-Token)=[^&\s\"]{8,}"),
    "an authorization header": re.compile(r"Signature=[0-9a-f]{64}"),
}
_PEM_LINE = re.compile(r"^[A-Za-z0-9+/=]{40,}$", re.MULTILINE)
_RUN = re.compile(r"[A-Za-z0-9+/=]{40,}")
LINE = 64
PEM_ENDINGS = (".pem", ".key", ".crt")
READ = (".log", ".html", ".json", ".txt", ".jsonl", ".db", ".sqlite", ".sqlite-wal", ".db-wal")
"""Endings of the files that the system writes for people and for other systems; of those with keys, none."""
HOLDS_SECRETS = ("runtime.json",)

known: set[str] = set()
"""Secrets of this run that stand in no file; whoever makes one adds it."""


def material(folder: Path) -> set[str]:
    """Every line of every key and certificate under *folder*; a line by itself gives it away."""
    lines: set[str] = set()
    for path in _files(folder, PEM_ENDINGS):
        lines |= set(_PEM_LINE.findall(path.read_text(errors="replace")))
    return lines


def leaks(text: str, secrets: Iterable[str] = ()) -> list[str]:
    """What of it is in *text*, by kind; never the thing itself."""
    found = [form for form, pattern in FORMS.items() if pattern.search(text)]
    if any(secret in text for secret in known):
        found.append("a secret of this run")
    lines = set(secrets)
    for run in _RUN.findall(text):
        if lines and any(run[at : at + LINE] in lines for at in range(max(1, len(run) - LINE + 1))):
            found.append("a line of a key or certificate")
            break
    return found


def leaks_under(folder: Path) -> list[str]:
    """Each file under *folder* that the system wrote and that has something of it, with what."""
    secrets, found = material(folder), []
    for path in _files(folder, READ):
        if path.name in HOLDS_SECRETS or _emulators(path):
            continue
        try:
            text = path.read_bytes().decode(errors="replace")
        except FileNotFoundError:  # a database that was closed only now has taken its log with it
            continue
        what = leaks(text, secrets)
        if what:
            found.append(f"{path.relative_to(folder)}: {', '.join(what)}")
    return found


def _emulators(path: Path) -> bool:
    """Whether a file is of the emulator's own state: it has to hold the secrets that it was given."""
    return "services" in path.parts or "s3" in path.parts


def _files(folder: Path, endings: tuple[str, ...]) -> list[Path]:
    return [path for path in folder.rglob("*") if path.name.endswith(endings) and path.is_file()]
