"""The sealed values in settings files, and sealed private keys: found, tried and sealed anew."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sysmon_agent.config.declared import declared
from sysmon_agent.config.document import Document
from sysmon_agent.config.sealed import is_sealed, seal, unseal
from sysmon_agent.config.sources import Found
from sysmon_agent.config.values import AgentSettings
from sysmon_agent.errors import ConfigError, Fault, IdentityError, SealError
from sysmon_appliance.config import AggregatorSettings
from sysmon_appliance.files import replace_file

SETTINGS = declared(AgentSettings) | declared(AggregatorSettings)
"""Every setting that a value can be sealed for."""


@dataclass(frozen=True, slots=True)
class SealedValue:
    setting: str
    text: str
    place: str  # FILE:LINE

    def problem(self, key: bytes) -> str:
        """Say what keeps a key from opening it; empty where nothing does."""
        try:
            unseal(self.text, key=key, setting=self.setting)
        except SealError as error:
            return error.message
        return ""

    def resealed(self, old: bytes, new: bytes) -> str:
        """Return the secret sealed with another key; raises SealError."""
        if not self.problem(new):
            return self.text
        try:
            return seal(unseal(self.text, key=old, setting=self.setting), key=new, setting=self.setting)
        except SealError as error:
            raise SealError(f"{self.place}: {error.message}", hint=error.hint) from error


def sealed_values(file: Path) -> list[SealedValue]:
    """List the sealed values of a settings file.

    Raises
    ------
    ConfigError
        It is no settings file; `faults` lists why.
    """
    faults: list[Fault] = []
    settings = Document(file, SETTINGS, faults.append).values()
    values = [value for path, found in settings for value in _sealed_in(".".join(path), found)]
    if faults:
        raise ConfigError("The settings cannot be read:", faults=tuple(faults))
    return values


def rekey_file(file: Path, old: bytes, new: bytes) -> str:
    """Seal anew what a file holds, and say what that was.

    Raises
    ------
    SealError, ConfigError, IdentityError
        Something does not open with either key, or the file cannot be written; it was left as it is.
    """
    try:
        if b"ENCRYPTED PRIVATE KEY" in file.read_bytes():
            return _rekey_private_key(file, old, new)
        return _rekey_settings(file, old, new)
    except OSError as error:
        raise SealError(f"{file} cannot be written ({error.strerror}).", hint=f"ls -l {file}") from error


def _rekey_settings(file: Path, old: bytes, new: bytes) -> str:
    values = sealed_values(file)
    text = file.read_text(encoding="utf-8")
    for value in values:
        text = text.replace(value.text, value.resealed(old, new))
    _replace(file, text.encode())
    return "one value" if len(values) == 1 else f"{len(values)} values"


def _rekey_private_key(file: Path, old: bytes, new: bytes) -> str:
    from sysmon_appliance.pki import keys  # noqa: PLC0415 - no other command needs it, and all would wait for it

    try:
        keys.load_key(file, new)
    except IdentityError:
        keys.save_key(file, keys.load_key(file, old), new)
    return "a private key"


def _sealed_in(setting: str, found: Found) -> Iterator[SealedValue]:
    match found.value:
        case str(text):
            if is_sealed(text):
                yield SealedValue(setting, text, found.place)
        case tuple(items):
            for item in items:
                yield from _sealed_in(setting, item)
        case dict(entries):
            for item in entries.values():
                yield from _sealed_in(setting, item)


def _replace(file: Path, content: bytes) -> None:
    """Replace a file and keep its owner and mode, since services of other users read it."""
    before = file.stat()
    replace_file(file, content)
    os.chown(file, before.st_uid, before.st_gid)
    file.chmod(before.st_mode & 0o7777)
