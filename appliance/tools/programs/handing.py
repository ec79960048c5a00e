"""Takes a program from where the operator says that it is: a file or an https address, with its SHA-256."""

import hashlib
import shutil
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.error import URLError
from urllib.request import urlopen

from appliance.tools.programs.catalogue import Program
from appliance.tools.programs.failures import CannotGetError

TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Offer:
    """Where a program, or an archive that holds it, is to be taken from."""

    source: str  # a path, or an address that begins with https://
    sha256: str


def offer(program: Program, environment: Mapping[str, str]) -> Offer | None:
    """Read what the operator offers, from SYSMON_TOOLS_<NAME> and SYSMON_TOOLS_<NAME>_SHA256.

    Raises
    ------
    CannotGetError
        The checksum is missing, or the address is not safe.
    """
    variable = f"SYSMON_TOOLS_{program.name.upper()}"
    source, sha256 = environment.get(variable, ""), environment.get(f"{variable}_SHA256", "")
    if not source:
        return None
    if not sha256:
        raise CannotGetError(f"{variable} needs a checksum beside it: set {variable}_SHA256.")
    if "://" in source and not source.startswith("https://"):
        raise CannotGetError(f"{variable} must be a path, or an address that begins with https://.")
    return Offer(source, sha256.lower())


def take(program: Program, offered: Offer, folder: Path) -> Path:
    """Copy what is offered below a folder, check it, and unpack it where it is an archive.

    Raises
    ------
    CannotGetError
        It cannot be read, is not what the checksum says, or does not hold the program.
    """
    copy = folder / "offered"
    try:
        with _opened(offered.source) as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target)
    except (URLError, OSError) as error:
        raise CannotGetError(f"{offered.source} cannot be read: {error}") from error
    with copy.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != offered.sha256:
        raise CannotGetError(f"{offered.source} has the SHA-256 {found}, and {offered.sha256} was promised.")
    return _unpacked(program.name, copy, folder)


def _opened(source: str) -> IO[bytes]:
    if source.startswith("https://"):
        opened: IO[bytes] = urlopen(source, timeout=TIMEOUT_SECONDS)  # noqa: S310 - https, as was seen above
        return opened
    return Path(source).expanduser().open("rb")


def _unpacked(name: str, copy: Path, folder: Path) -> Path:
    """Write the member of an archive that has the program's name; a file that is no archive is the program."""
    target = folder / name
    if zipfile.is_zipfile(copy):
        with zipfile.ZipFile(copy) as archive:
            member = _member(name, archive.namelist())
            target.write_bytes(archive.read(member))
    elif tarfile.is_tarfile(copy):
        with tarfile.open(copy) as tar:
            extracted = tar.extractfile(_member(name, tar.getnames()))
            target.write_bytes(extracted.read() if extracted else b"")
    else:
        copy.rename(target)
    target.chmod(0o755)
    return target


def _member(name: str, members: list[str]) -> str:
    for member in members:
        if member.rpartition("/")[2] == name:
            return member
    raise CannotGetError(f"The archive holds no file named {name}.")
