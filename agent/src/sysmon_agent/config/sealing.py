"""The key that secrets of this machine are sealed with: where it is found, and when it is refused.

It is a secret of 256 random bits in a file of its own, as `sysmon secrets init` writes it. It opens sealed settings
and is the passphrase of private keys that are encrypted at rest. The resident agent loads this module, so it imports
no `cryptography` and no `pathlib`.
"""

import os
from collections.abc import Mapping

from sysmon_agent.errors import SealError

KEY_FILE_VARIABLE = "SYSMON_SEAL_KEY_FILE"
CREDENTIAL = "sysmon-seal-key"

MIN_KEY_BYTES = 32  # whatever can be guessed is shorter, so the key needs no slow derivation
MAX_KEY_BYTES = 1024  # OpenSSL takes no longer passphrase


def seal_key(environ: Mapping[str, str]) -> bytes | None:
    """Return the seal key of this process, or None where it was given none.

    It lies in the file that SYSMON_SEAL_KEY_FILE names, else in the systemd credential `sysmon-seal-key`.

    Raises
    ------
    SealError
        A file was named and cannot be used, or others may read it.
    """
    if named := environ.get(KEY_FILE_VARIABLE):
        return read_key(named)
    if credentials := environ.get("CREDENTIALS_DIRECTORY"):
        path = os.path.join(credentials, CREDENTIAL)
        # systemd shows its credentials to the service alone, by an access list that looks like a mode of 0440.
        return _read(path, forbidden_mode=0o007) if os.path.exists(path) else None
    return None


def read_key(path: str) -> bytes:
    """Return the key in a file, without the end of its line.

    Raises
    ------
    SealError
        The file cannot be read, holds no key, or others may read it.
    """
    return _read(path, forbidden_mode=0o077)


def _read(path: str, *, forbidden_mode: int) -> bytes:
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(MAX_KEY_BYTES + 2)
    except OSError as error:
        raise SealError(f"The seal key {path} cannot be read ({error.strerror}).", hint=f"ls -l {path}") from error
    if mode & forbidden_mode:
        raise SealError(f"Others may read the seal key {path}.", hint=f"chmod 600 {path}")
    return _checked(content.rstrip(b"\r\n"), path)


def _checked(key: bytes, path: str) -> bytes:
    if MIN_KEY_BYTES <= len(key) <= MAX_KEY_BYTES:
        return key
    raise SealError(
        f"{path} holds no seal key, which has {MIN_KEY_BYTES} to {MAX_KEY_BYTES} bytes.",
        hint=f"sysmon secrets init {path}.new",
    )
