"""The VEN's identity: CA, certificate and private key as files that only the VEN's user can read."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import ssl
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ven_twin.errors import IdentityExposedError, IdentityInvalidError, IdentityMissingError

CA_FILE = "ca.pem"
CERTIFICATE_FILE = "certificate.pem"
PRIVATE_KEY_FILE = "private_key.pem"

_FOLDER_MODE = 0o700
_FILE_MODE = 0o600
_STAGING = ".next.partial"
_NEXT = ".next"


@dataclass(frozen=True, slots=True)
class Identity:
    """Where the three files are. It never holds what is in them, so it can be logged."""

    ca: Path
    certificate: Path
    private_key: Path


def load(folder: Path) -> Identity:
    """The identity in *folder*, once no one else can read it.

    Raises:
        IdentityMissingError: a file or the folder is not there.
        IdentityExposedError: the folder is not 0700 or the key not 0600, or stricter.
    """
    _require_private(folder, _FOLDER_MODE)
    with _one_at_a_time(folder):
        _finish_save(folder)
    identity = _at(folder)
    _require_private(identity.private_key, _FILE_MODE)
    for path in (identity.ca, identity.certificate):
        if not path.is_file():
            raise IdentityMissingError(path)
    return identity


def save(folder: Path, ca_pem: str, cert_pem: str, key_pem: str) -> Identity:
    """Write the three files so that a crash leaves the old set or the new one, never a mixture.

    The files are 0600 in a 0700 folder from the moment they exist. The set counts from the rename of the
    finished staging folder on; ``load`` completes a save that was cut short after it.
    """
    folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    folder.chmod(_FOLDER_MODE)
    with _one_at_a_time(folder):
        _finish_save(folder)
        staging = folder / _STAGING
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(mode=_FOLDER_MODE)
        for name, pem in ((CA_FILE, ca_pem), (CERTIFICATE_FILE, cert_pem), (PRIVATE_KEY_FILE, key_pem)):
            _write_private(staging / name, pem)
        _sync_folder(staging)
        staging.rename(folder / _NEXT)
        _sync_folder(folder)
        _finish_save(folder)
    return _at(folder)


def ssl_context(identity: Identity, *, alpn: Sequence[str] = ()) -> ssl.SSLContext:
    """Mutual TLS 1.2 or newer; the broker's certificate and name are verified against the identity's CA.

    Interpretation: Python 3.13's ``create_default_context`` adds VERIFY_X509_STRICT, which refuses a private
    CA without KeyUsage and subject key identifier; here 3.11 to 3.13 agree and do not ask for them.

    Raises:
        IdentityInvalidError: the files are not what their names say, or key and certificate do not match.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # CERT_REQUIRED and check_hostname are its defaults
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if alpn:
        context.set_alpn_protocols(list(alpn))
    try:
        context.load_verify_locations(identity.ca)
    except FileNotFoundError:
        raise IdentityMissingError(identity.ca) from None
    except (ssl.SSLError, OSError) as error:
        raise IdentityInvalidError(identity.ca, f"not a readable CA certificate ({_reason(error)})") from None
    try:
        # The empty password keeps OpenSSL from asking for one at the terminal.
        context.load_cert_chain(identity.certificate, identity.private_key, password="")
    except FileNotFoundError:
        missing = identity.private_key if identity.certificate.exists() else identity.certificate
        raise IdentityMissingError(missing) from None
    except (ssl.SSLError, OSError) as error:
        reason = f"certificate and key cannot be used together ({_reason(error)})"
        raise IdentityInvalidError(identity.certificate, reason) from None
    return context


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Two that save into one folder at once take turns."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _at(folder: Path) -> Identity:
    return Identity(folder / CA_FILE, folder / CERTIFICATE_FILE, folder / PRIVATE_KEY_FILE)


def _require_private(path: Path, wanted: int) -> None:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        raise IdentityMissingError(path) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise IdentityExposedError(path, mode, wanted)


def _write_private(path: Path, pem: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())


def _finish_save(folder: Path) -> None:
    """Move a complete staged set into place; safe to repeat, so a crash in the middle is made good here."""
    following = folder / _NEXT
    if not following.is_dir():
        return
    for name in (CA_FILE, CERTIFICATE_FILE, PRIVATE_KEY_FILE):
        if (following / name).exists():
            (following / name).replace(folder / name)
    following.rmdir()
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: OSError) -> str:
    return getattr(error, "reason", None) or error.strerror or type(error).__name__
