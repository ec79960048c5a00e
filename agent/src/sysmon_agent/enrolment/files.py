"""Files of an identity: each is whole or not there, and only its owner can read a key."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sysmon_agent.config.values import TlsSettings
from sysmon_agent.enrolment.asking import Grant
from sysmon_agent.errors import EnrolmentError
from sysmon_agent.identity import RENEW_AT, pending_key

_ROOM_BYTES = 32 << 10  # more than a certificate and its authority take


def check_room(tls: TlsSettings) -> None:
    """Verify that a grant could be put there, so that none is asked for in vain.

    Raises
    ------
    EnrolmentError
        The disk is full, or may not be written to.
    """
    try:
        with tempfile.TemporaryFile(dir=Path(tls.certificate).parent) as file:
            file.write(bytes(_ROOM_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise unwritable(OSError(error.errno, error.strerror, tls.certificate)) from error


def install(tls: TlsSettings, grant: Grant) -> None:
    """Put a grant in the place of what is there, and the key that waits for it beside it.

    The certificate comes before its key: between the two, `identity.load` finds both and finishes the work.

    Raises
    ------
    EnrolmentError
        A file cannot be written.
    """
    try:
        make_folder(Path(tls.certificate).parent)
        with _alone_in(Path(tls.certificate).parent):
            _put(tls, grant)
    except OSError as error:
        raise unwritable(error) from error


def _put(tls: TlsSettings, grant: Grant) -> None:
    replace_file(Path(tls.authority), grant.authority)
    replace_file(Path(tls.certificate), f"{RENEW_AT}: {grant.renew_at_ms}\n{grant.certificate}")
    pending = Path(pending_key(tls.key))
    if pending.exists():
        pending.replace(tls.key)
        _sync_folder(pending.parent)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Let others wait who install a grant there, as a person who renews beside the agent that does so by itself."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def replace_file(path: Path, content: str, *, folder_mode: int = 0o700) -> None:
    """Put a file of mode 0644 in the place of what is there; a crash leaves the old or the new one, never half.

    Both modes are meant whatever the umask is: root writes for the user that the agent runs as.
    """
    make_folder(path.parent, folder_mode)
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)
        own_as_folder(file.fileno(), path.parent)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    _sync_folder(path.parent)


def make_folder(folder: Path, mode: int = 0o700) -> None:
    """Make a folder of this mode where there is none; one that is there stays as it is."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(mode)


def own_as_folder(descriptor: int, folder: Path) -> None:
    """Give a file that root writes to the owner of its folder, as whom the agent runs."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def unwritable(error: OSError) -> EnrolmentError:
    return EnrolmentError(
        f"{error.filename} cannot be written ({error.strerror}).", hint=f"ls -ld {Path(str(error.filename)).parent}"
    )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
