"""Opens the sealed values among those that were written, and marks what must not be shown."""

from collections.abc import Mapping
from dataclasses import replace

from sysmon_agent.config.declared import Declared
from sysmon_agent.config.sealed import is_sealed, unseal
from sysmon_agent.config.sealing import KEY_FILE_VARIABLE, seal_key
from sysmon_agent.config.sources import Found, Report
from sysmon_agent.errors import Fault, SealError


class Opener:
    """Opens sealed values with the key of this process, which is looked for when the first one is met."""

    def __init__(self, environ: Mapping[str, str], report: Report) -> None:
        self._environ = environ
        self._report = report
        self._key: bytes | None = None

    def open(self, setting: Declared, found: Found) -> Found | None:
        """Return the value with what was sealed in it opened; what cannot be opened is reported and left out."""
        match found.value:
            case str(text):
                return self._text(setting, found, text)
            case tuple(items):
                opened = [self.open(setting, item) for item in items]
                return replace(found, value=tuple(item for item in opened if item is not None))
            case dict(entries):
                named = {name: self.open(setting, item) for name, item in entries.items()}
                return replace(found, value={name: item for name, item in named.items() if item is not None})

    def _text(self, setting: Declared, found: Found, text: str) -> Found | None:
        if not is_sealed(text):
            return replace(found, secret=True) if setting.secret else found
        try:
            return replace(found, value=unseal(text, key=self._need_key(), setting=setting.key), secret=True)
        except SealError as error:
            problem = f"`{setting.key}` is sealed and cannot be opened: {error.message.rstrip('.')}"
            self._report(Fault(found.place, problem, error.hint and f"run `{error.hint}`"))
            return None

    def _need_key(self) -> bytes:
        self._key = self._key or seal_key(self._environ)
        if self._key is None:
            raise SealError(
                "There is no seal key.", hint=f"{KEY_FILE_VARIABLE}=FILE sysmon secrets check SETTINGS_FILE"
            )
        return self._key
