"""The VEN's identity: CA, certificate and private key as files that only the VEN's user can read."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import ssl
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ven_twin.folder_lock import one_at_a_time
from ven_twin.ven.errors import (
    IdentityExposedError,
    IdentityForeignError,
    IdentityInvalidError,
    IdentityLinkError,
    IdentityMissingError,
)

CA_FILE = "ca.pem"
CERTIFICATE_FILE = "certificate.pem"
PRIVATE_KEY_FILE = "private_key.pem"

_FOLDER_MODE = 0o700
_FILE_MODE = 0o600
_ROOT = 0
"""Reads everything anyway, so that what it owns is no further exposed."""
_STAGING = ".next.partial"
_NEXT = ".next"
_PREVIOUS_STAGING = ".previous.partial"
_PREVIOUS = ".previous"
_FILES = (CA_FILE, CERTIFICATE_FILE, PRIVATE_KEY_FILE)
_NO_FILE = (IsADirectoryError, NotADirectoryError)
"""Other errors of the system pass: they say nothing about the identity, and may be over the next time."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """Paths of the three files. It never holds their content, so it can be logged."""

    ca: Path
    certificate: Path
    private_key: Path


def load(folder: Path) -> Identity:
    """The identity in *folder*, once no one else can read it.

    Raises:
        IdentityMissingError: a file or the folder is not there.
        IdentityExposedError: the folder is not 0700 or the key not 0600, or stricter.
        IdentityForeignError: another user owns the folder or a file, and could open it again at any time.
        IdentityLinkError: a file is a link, whose target may stand in a folder that is open.
    """
    _require_private(folder, _FOLDER_MODE)
    with one_at_a_time(folder):
        _finish_save(folder)
    identity = _at(folder)
    for path in (identity.private_key, identity.ca, identity.certificate):
        _require_user_file(path)
    _require_private(identity.private_key, _FILE_MODE)
    return identity


def load_or_trust(folder: Path) -> Identity:
    """The identity in *folder*, also where the system cannot read it now: each connection reads it anew.

    Raises:
        IdentityError: as `load` does.
    """
    try:
        return load(folder)
    except OSError as error:
        logger.warning("%s cannot be read now: %s", folder, error.strerror)
        return _at(folder)


def save(folder: Path, ca_pem: str, cert_pem: str, key_pem: str) -> Identity:
    """Write the three files so that a crash leaves the old set or the new one, never a mixture.

    The set before is kept until `settle` says that the new one is good, or `revert` that it is not.

    The files are 0600 in a 0700 folder from the moment they exist. The set counts from the rename of the
    finished staging folder on; ``load`` completes a save that was cut short after it.
    """
    folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    folder.chmod(_FOLDER_MODE)
    with one_at_a_time(folder):
        _finish_save(folder)
        _keep_previous(folder, cert_pem)
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


def settle(folder: Path) -> None:
    """The identity in *folder* works: forget the one before it."""
    shutil.rmtree(folder / _PREVIOUS, ignore_errors=True)


def revert(folder: Path) -> bool:
    """Go back to the identity before the one in *folder*, if it is kept; whether it was."""
    previous = _at(folder / _PREVIOUS)
    try:
        ca_pem = previous.ca.read_text(encoding="ascii")
        certificate_pem = previous.certificate.read_text(encoding="ascii")
        key_pem = previous.private_key.read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    save(folder, ca_pem, certificate_pem, key_pem)
    settle(folder)
    return True


def fingerprint(identity: Identity) -> str:
    """The id of the certificate: SHA-256 of its DER form, hexadecimal. Source: AWS IoT API, CertificateId.

    Raises:
        IdentityMissingError: it is not there.
        IdentityInvalidError: it is no PEM certificate.
    """
    try:
        der = ssl.PEM_cert_to_DER_cert(_first_certificate(identity.certificate.read_text(encoding="ascii")))
    except FileNotFoundError:
        raise IdentityMissingError(identity.certificate) from None
    except (ValueError, *_NO_FILE) as error:
        reason = f"not a readable certificate ({type(error).__name__})"
        raise IdentityInvalidError(identity.certificate, reason) from None
    return hashlib.sha256(der).hexdigest()


def _first_certificate(pem: str) -> str:
    head, end, _ = pem.partition(ssl.PEM_FOOTER)
    return head[head.find(ssl.PEM_HEADER) :] + end


def credentials(identity: Identity, *, alpn: Sequence[str] = ()) -> tuple[ssl.SSLContext, str]:
    """`ssl_context` and `fingerprint` of the same certificate, also while another is being saved.

    Raises:
        IdentityError: as they do.
        OSError: the system cannot read the files now.
    """
    try:
        with one_at_a_time(identity.certificate.parent):
            _finish_save(identity.certificate.parent)
            return ssl_context(identity, alpn=alpn), fingerprint(identity)
    except FileNotFoundError:
        raise IdentityMissingError(identity.certificate.parent) from None


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
    except (ssl.SSLError, *_NO_FILE) as error:
        raise IdentityInvalidError(identity.ca, f"not a readable CA certificate ({_reason(error)})") from None
    try:
        # The empty password keeps OpenSSL from asking for one at the terminal.
        context.load_cert_chain(identity.certificate, identity.private_key, password="")
    except FileNotFoundError:
        missing = identity.private_key if identity.certificate.exists() else identity.certificate
        raise IdentityMissingError(missing) from None
    except (ssl.SSLError, *_NO_FILE) as error:
        reason = f"certificate and key cannot be used together ({_reason(error)})"
        raise IdentityInvalidError(identity.certificate, reason) from None
    return context


def _at(folder: Path) -> Identity:
    return Identity(folder / CA_FILE, folder / CERTIFICATE_FILE, folder / PRIVATE_KEY_FILE)


def _keep_previous(folder: Path, new_cert_pem: str) -> None:
    """Copy the set that is there beside it; one that is not whole, or not another, is worth nothing."""
    previous, draft = folder / _PREVIOUS, folder / _PREVIOUS_STAGING
    shutil.rmtree(draft, ignore_errors=True)
    try:
        pems = {name: (folder / name).read_text(encoding="ascii") for name in _FILES}
    except (FileNotFoundError, ValueError):
        return
    if pems[CERTIFICATE_FILE] == new_cert_pem:
        return
    draft.mkdir(mode=_FOLDER_MODE)
    for name, pem in pems.items():
        _write_private(draft / name, pem)
    shutil.rmtree(previous, ignore_errors=True)
    draft.rename(previous)


def _require_private(path: Path, wanted: int) -> None:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise IdentityMissingError(path) from None
    _require_owner(path, status)
    mode = stat.S_IMODE(status.st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise IdentityExposedError(path, mode, wanted)


def _require_user_file(path: Path) -> None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        raise IdentityMissingError(path) from None
    if stat.S_ISLNK(status.st_mode):
        raise IdentityLinkError(path)
    if not stat.S_ISREG(status.st_mode):
        raise IdentityMissingError(path)
    _require_owner(path, status)


def _require_owner(path: Path, status: os.stat_result) -> None:
    if status.st_uid not in {os.geteuid(), _ROOT}:
        raise IdentityForeignError(path, status.st_uid, os.geteuid())


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
    for name in _FILES:
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
