"""The command `sysmon` against a server that gives canned answers."""

from pathlib import Path

import pytest

from sysmon_appliance.cli.app import run
from tests.support.console_server import ConsoleServer


class Shell:
    """Runs `sysmon` and keeps what it printed."""

    def __init__(self, socket: Path, console: ConsoleServer, capsys: pytest.CaptureFixture[str]) -> None:
        self._socket = socket
        self._capsys = capsys
        self.console = console
        self.out = self.err = ""

    def __call__(self, *arguments: str) -> int:
        with pytest.raises(SystemExit) as exited:
            run([*arguments, "--socket", str(self._socket)])
        self.out, self.err = self._capsys.readouterr()
        return int(exited.value.code or 0)
