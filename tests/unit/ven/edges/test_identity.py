"""The VEN's identity files."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import ssl
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import VenTwinError
from ven_twin.ven.errors import (
    IdentityExposedError,
    IdentityForeignError,
    IdentityInvalidError,
    IdentityLinkError,
    IdentityMissingError,
)
from ven_twin.ven.identity import identity_files

CA, CERTIFICATE, KEY = "ca pem", "certificate pem", "key pem"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an identity."""
    identity_files.save(tmp_path / "ven-1", CA, CERTIFICATE, KEY)
    return tmp_path / "ven-1"


def modes(folder: Path) -> dict[str, int]:
    """The permission bits of everything in *folder*."""
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def test_what_is_saved_is_loaded(folder: Path) -> None:
    """The three files hold what was given."""
    loaded = identity_files.load(folder)
    assert [path.read_text() for path in (loaded.ca, loaded.certificate, loaded.private_key)] == [
        CA,
        CERTIFICATE,
        KEY,
    ]


def test_nobody_else_can_read_it(folder: Path) -> None:
    """Files are 0600 in a 0700 folder, whatever the umask is."""
    previous = os.umask(0)
    try:
        identity_files.save(folder, CA, CERTIFICATE, KEY)
    finally:
        os.umask(previous)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert modes(folder) == {"ca.pem": 0o600, "certificate.pem": 0o600, "private_key.pem": 0o600}


def test_no_file_is_readable_for_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file is created with its final mode, exclusively, inside a folder that is closed already."""
    created: list[tuple[int, int, int]] = []
    really_open = os.open

    def watching(path: str | Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_CREAT:
            created.append((flags & os.O_EXCL, mode, stat.S_IMODE(Path(path).parent.stat().st_mode)))
        return really_open(path, flags, mode)

    monkeypatch.setattr(os, "open", watching)
    identity_files.save(tmp_path / "new", CA, CERTIFICATE, KEY)
    assert created == [(os.O_EXCL, 0o600, 0o700)] * 3


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_can_read_is_refused(folder: Path, mode: int) -> None:
    """The error names the file and says the chmod to do."""
    key = folder / "private_key.pem"
    key.chmod(mode)
    with pytest.raises(IdentityExposedError) as caught:
        identity_files.load(folder)
    assert caught.value.path == key
    assert f"chmod 600 '{key}'" in str(caught.value)


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o755, 0o711])
def test_a_folder_that_others_can_enter_is_refused(folder: Path, mode: int) -> None:
    """The error names the folder and says the chmod to do."""
    folder.chmod(mode)
    with pytest.raises(IdentityExposedError, match="chmod 700"):
        identity_files.load(folder)


def test_doing_the_chmod_helps(folder: Path) -> None:
    """After what the error asks for, the identity loads."""
    (folder / "private_key.pem").chmod(0o644)
    with pytest.raises(IdentityExposedError):
        identity_files.load(folder)
    (folder / "private_key.pem").chmod(0o600)
    identity_files.load(folder)


@pytest.mark.parametrize("name", ["ca.pem", "certificate.pem", "private_key.pem"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    """Which of the three is missing is in the error."""
    (folder / name).unlink()
    with pytest.raises(IdentityMissingError) as caught:
        identity_files.load(folder)
    assert caught.value.path == folder / name


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """A VEN that was never provisioned gets an error, not a traceback of another kind."""
    with pytest.raises(IdentityMissingError):
        identity_files.load(tmp_path / "nowhere")


def save_cut_short(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str, power_cut: Callable[..., object]
) -> None:
    """Save a new set until the power goes at a *step* of its files."""
    with monkeypatch.context() as patch:
        patch.setattr(Path, step, power_cut)
        with pytest.raises(KeyboardInterrupt):
            identity_files.save(folder, "new ca", "new certificate", "new key")


def test_a_save_cut_short_before_the_rename_changes_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash while the new files are being written leaves the old set whole."""
    save_cut_short(folder, monkeypatch, "rename", _power_cut)
    assert identity_files.load(folder).private_key.read_text() == KEY
    assert (folder / "certificate.pem").read_text() == CERTIFICATE


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_a_save_cut_short_after_the_rename_is_completed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, moved: int
) -> None:
    """A crash while files are moved into place is made good by the next load: never a mixture."""
    really_replace = Path.replace
    left = iter(range(moved))

    def replace(source: Path, target: Path) -> Path:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return really_replace(source, target)

    save_cut_short(folder, monkeypatch, "replace", replace)
    loaded = identity_files.load(folder)
    assert loaded.ca.read_text() == "new ca"
    assert loaded.certificate.read_text() == "new certificate"
    assert loaded.private_key.read_text() == "new key"
    assert set(modes(folder)) == {"ca.pem", "certificate.pem", "private_key.pem", ".previous"}


def test_a_save_after_one_that_was_cut_short_completes_that_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The set that counted already is the one to go back to from the next."""
    save_cut_short(folder, monkeypatch, "replace", _power_cut)
    identity_files.save(folder, "ca 3", "certificate 3", "key 3")
    assert identity_files.load(folder).private_key.read_text() == "key 3"
    assert identity_files.revert(folder) is True
    assert identity_files.load(folder).private_key.read_text() == "new key"


def test_a_set_is_on_the_disk_before_it_counts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file whole, then the names in its folder, then the rename that makes the set count."""
    steps: list[object] = []
    descriptors: list[int] = []
    really_open, really_fsync, really_rename = os.open, os.fsync, Path.rename

    def opening(path: str | Path, flags: int, mode: int = 0o777) -> int:
        descriptors.append(really_open(path, flags, mode))
        return descriptors[-1]

    def syncing(descriptor: int) -> None:
        status = os.fstat(descriptor)
        steps.append("folder" if stat.S_ISDIR(status.st_mode) else status.st_size)
        really_fsync(descriptor)

    def renaming(path: Path, target: Path) -> Path:
        steps.append(f"{path.name} to {target.name}")
        return really_rename(path, target)

    monkeypatch.setattr(os, "open", opening)
    monkeypatch.setattr(os, "fsync", syncing)
    monkeypatch.setattr(Path, "rename", renaming)
    identity_files.save(folder, CA, CERTIFICATE, KEY)
    sizes = [len(pem) for pem in (CA, CERTIFICATE, KEY)]
    assert steps == [*sizes, "folder", ".next.partial to .next", "folder", "folder"]
    for descriptor in descriptors:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


def test_two_that_save_take_turns(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one saves, the folder is locked for the other; afterwards it is free."""

    def lock() -> bool:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        return True

    free: list[bool] = []
    really_replace = Path.replace

    def replace(source: Path, target: Path) -> Path:
        free.append(lock())
        return really_replace(source, target)

    monkeypatch.setattr(Path, "replace", replace)
    identity_files.save(folder, "ca 2", "certificate 2", "key 2")
    assert (free, lock()) == ([False] * 3, True)


def test_a_folder_that_is_made_or_was_open_is_closed_to_others(tmp_path: Path) -> None:
    """Folders above it are made as they are needed; one that is there already is closed."""
    nested, was_open = tmp_path / "a" / "b" / "ven-1", tmp_path / "open"
    was_open.mkdir(mode=0o755)
    for folder in (nested, was_open):
        identity_files.save(folder, CA, CERTIFICATE, KEY)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        identity_files.settle(folder)  # there is none before it to forget
        assert identity_files.load(folder).ca.read_text() == CA


def test_what_root_owns_is_no_further_exposed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root reads everything anyway, so that files which a system administrator put there are used."""
    really = Path.stat, Path.lstat

    def owned_by_root(real: Any) -> Any:
        def stat_of(path: Path, **options: Any) -> Any:
            fields = list(real(path, **options))
            fields[4] = 0
            return os.stat_result(fields)

        return stat_of

    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    monkeypatch.setattr(Path, "stat", owned_by_root(really[0]))
    monkeypatch.setattr(Path, "lstat", owned_by_root(really[1]))
    assert identity_files.load(folder).ca == folder / "ca.pem"


@pytest.mark.parametrize("alpn", [[], ["x-amzn-mqtt-ca"]])
def test_a_protocol_is_negotiated_where_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alpn: list[str]
) -> None:
    """On port 443 AWS IoT tells MQTT by it; elsewhere none is offered."""
    offered: list[list[str]] = []
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *_args: None)
    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", lambda *_args, **_named: None)
    monkeypatch.setattr(ssl.SSLContext, "set_alpn_protocols", lambda _, names: offered.append(names))
    identity_files.ssl_context(identity_files.Identity(tmp_path, tmp_path, tmp_path), alpn=alpn)
    assert offered == ([alpn] if alpn else [])


def test_the_reason_why_a_file_cannot_be_used_is_told(folder: Path) -> None:
    """OpenSSL's own word for what is no certificate, and the system's for what cannot be read."""
    identity = identity_files.load(folder)
    with pytest.raises(IdentityInvalidError, match=r"not a readable CA certificate \([A-Z_]+\)"):
        identity_files.ssl_context(identity)
    identity.ca.unlink()
    identity.ca.mkdir()
    with pytest.raises(IdentityInvalidError, match=r"not a readable CA certificate \(Is a directory\)"):
        identity_files.ssl_context(identity)


def test_files_that_are_no_certificates_are_named(folder: Path) -> None:
    """The error says which file cannot be used, and nothing of what is in it."""
    with pytest.raises(IdentityInvalidError) as caught:
        identity_files.ssl_context(identity_files.load(folder))
    assert caught.value.path == folder / "ca.pem"
    assert CA not in str(caught.value)


def test_an_identity_can_be_logged(folder: Path) -> None:
    """Neither it nor its errors hold key material."""
    assert KEY not in repr(identity_files.load(folder))


def test_every_error_has_one_line() -> None:
    """What a user reads is one line, and all of it is a VenTwinError."""
    errors: list[VenTwinError] = [
        IdentityMissingError(Path("a")),
        IdentityExposedError(Path("a"), 0o644, 0o600),
        IdentityInvalidError(Path("a"), "b"),
    ]
    assert all("\n" not in str(error) for error in errors)


def _power_cut(*_: object) -> None:
    raise KeyboardInterrupt


def test_tls_is_strict_where_it_matters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TLS 1.2 or newer, the broker's certificate and name are verified, and no password is asked for."""
    asked: dict[str, object] = {}
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *_args: None)
    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", lambda *_args, **named: asked.update(named))
    context = identity_files.ssl_context(
        identity_files.Identity(tmp_path, tmp_path, tmp_path), alpn=["x-amzn-mqtt-ca"]
    )
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert not context.verify_flags & (ssl.VERIFY_X509_STRICT | ssl.VERIFY_CRL_CHECK_CHAIN)
    assert asked == {"password": ""}


@pytest.mark.parametrize("name", ["private_key.pem", "certificate.pem", "ca.pem"])
def test_a_link_is_refused_with_the_command_that_mends_it(folder: Path, name: str, tmp_path: Path) -> None:
    """What a link points to may be in anybody's hands; the command given puts the file in its place."""
    (folder / name).rename(tmp_path / name)
    (folder / name).symlink_to(tmp_path / name)
    with pytest.raises(IdentityLinkError) as caught:
        identity_files.load(folder)
    subprocess.run(str(caught.value).partition(": run  ")[2], shell=True, check=True)  # noqa: S602 - as its reader would
    identity_files.load(folder)


@pytest.mark.parametrize("name", ["", "private_key.pem", "certificate.pem", "ca.pem"])
def test_what_another_user_owns_is_refused(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its owner could read it, or open it to others, at any time."""
    for path in (folder, *folder.iterdir()):
        monkeypatch.setattr(identity_files, "_ROOT", -1)
        really = path.stat().st_uid
    other = folder / name
    real_stat, real_lstat = Path.stat, Path.lstat

    def foreign(real: Any) -> Any:
        def stat_of(path: Path, **options: Any) -> Any:
            found = real(path, **options)
            fields = list(found)
            fields[4] = really + 1 if path == other else really
            return os.stat_result(fields)

        return stat_of

    monkeypatch.setattr(Path, "stat", foreign(real_stat))
    monkeypatch.setattr(Path, "lstat", foreign(real_lstat))
    with pytest.raises(IdentityForeignError, match="run  sudo chown"):
        identity_files.load(folder)


def test_a_key_that_is_no_file_is_refused(folder: Path) -> None:
    """A folder or a pipe in its place is no key."""
    (folder / "private_key.pem").unlink()
    (folder / "private_key.pem").mkdir(mode=0o700)
    with pytest.raises(IdentityMissingError):
        identity_files.load(folder)


def test_a_certificate_is_known_by_its_fingerprint(folder: Path) -> None:
    """The id that AWS IoT gives it; what is no certificate has none."""
    der = b"not really DER, but its digest does not mind"
    (folder / "certificate.pem").write_text("chain:\n" + ssl.DER_cert_to_PEM_cert(der) + "more")
    assert identity_files.fingerprint(identity_files.load(folder)) == hashlib.sha256(der).hexdigest()
    (folder / "certificate.pem").write_text("none")
    with pytest.raises(IdentityInvalidError):
        identity_files.fingerprint(identity_files.load(folder))


def test_the_identity_before_is_kept_until_the_new_one_has_proved_good(folder: Path) -> None:
    """Refused with the new pair, the VEN goes back to the one before; once it works, only one is left."""
    identity_files.save(folder, "ca 2", "certificate 2", "key 2")
    assert modes(folder)[".previous"] == 0o700
    assert set(modes(folder / ".previous").values()) == {0o600}
    assert identity_files.revert(folder) is True
    assert identity_files.load(folder).private_key.read_text() == KEY
    assert identity_files.revert(folder) is False
    identity_files.save(folder, "ca 3", "certificate 3", "key 3")
    identity_files.settle(folder)
    assert identity_files.revert(folder) is False
    assert identity_files.load(folder).private_key.read_text() == "key 3"
    assert ".previous" not in modes(folder)


def test_the_same_identity_again_is_no_new_one(folder: Path) -> None:
    """Fetched at each start, it does not push out the one that may be gone back to."""
    identity_files.save(folder, "ca 2", "certificate 2", "key 2")
    identity_files.save(folder, "ca 2", "certificate 2", "key 2")
    assert identity_files.revert(folder) is True
    assert identity_files.load(folder).private_key.read_text() == KEY


@pytest.mark.parametrize("draft", [".previous.partial", ".next.partial"])
def test_a_draft_that_a_crash_left_does_not_stand_in_the_way_of_a_save(folder: Path, draft: str) -> None:
    """A save that was cut short while it wrote a draft is begun anew by the next one."""
    (folder / draft).mkdir(mode=0o700)
    (folder / draft / "private_key.pem").write_text("half a k")
    identity_files.save(folder, "ca 2", "certificate 2", "key 2")
    assert identity_files.load(folder).private_key.read_text() == "key 2"
    assert not (folder / draft).exists()
    assert identity_files.revert(folder) is True
    assert identity_files.load(folder).private_key.read_text() == KEY


def test_a_ca_that_goes_before_the_connection_is_named(folder: Path) -> None:
    """Loaded and then removed: the error names the file, and is no error of TLS."""
    identity = identity_files.load(folder)
    identity.ca.unlink()
    with pytest.raises(IdentityMissingError) as caught:
        identity_files.ssl_context(identity)
    assert caught.value.path == identity.ca


@pytest.mark.parametrize("name", ["certificate.pem", "private_key.pem"])
def test_a_certificate_or_key_that_goes_before_the_connection_is_named(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the CA can be read: the error is of the file that is gone."""

    def load_cert_chain(_: ssl.SSLContext, certificate: Path, key: Path, **__: object) -> None:
        certificate.read_bytes()
        key.read_bytes()

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *_, **__: None)
    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", load_cert_chain)
    identity = identity_files.load(folder)
    (folder / name).unlink()
    with pytest.raises(IdentityMissingError) as caught:
        identity_files.ssl_context(identity)
    assert caught.value.path == folder / name


def test_a_certificate_that_is_gone_has_no_fingerprint(folder: Path) -> None:
    """The error names the file."""
    identity = identity_files.load(folder)
    identity.certificate.unlink()
    with pytest.raises(IdentityMissingError) as caught:
        identity_files.fingerprint(identity)
    assert caught.value.path == identity.certificate


def test_a_folder_that_goes_before_the_connection_is_named(folder: Path) -> None:
    """The whole identity was removed while the VEN ran."""
    identity = identity_files.load(folder)
    shutil.rmtree(folder)
    with pytest.raises(IdentityMissingError) as caught:
        identity_files.credentials(identity)
    assert caught.value.path == folder


@pytest.mark.parametrize("name", ["ca.pem", "certificate.pem", "private_key.pem"])
def test_a_folder_in_place_of_a_file_is_no_identity(folder: Path, name: str) -> None:
    """It is named as missing."""
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(IdentityMissingError) as caught:
        identity_files.load(folder)
    assert caught.value.path == folder / name
