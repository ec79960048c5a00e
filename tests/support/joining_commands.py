"""A host that joins a region as people do: with the agent's commands."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE_SECONDS = 60
PROGRAM = (sys.executable, "-m", "sysmon_agent")


@dataclass
class Host:
    """A folder with a settings file, and the commands that use it."""

    folder: Path
    aggregator: str = ""
    environ: dict[str, str] = field(default_factory=dict)  # beside the test's own

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.config = self.folder / "agent.yaml"
        self.pki = self.folder / "pki"
        self.certificate = self.pki / "agent.pem"
        self.key = self.pki / "agent-key.pem"
        self.config.write_text(
            "interval_seconds: 1\n"
            f"spool:\n  directory: {self.folder / 'spool'}\n"
            f"tls:\n  certificate: {self.certificate}\n  key: {self.key}\n  authority: {self.pki / 'ca.pem'}\n"
            + (f"aggregators: [{self.aggregator}]\n" if self.aggregator else "")
        )

    def arguments(self, *words: str) -> list[str]:
        """Complete a command's name and options by the settings file."""
        return [*words, "--config", str(self.config)]

    def run(self, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
        command = [*PROGRAM, *self.arguments(*words)]
        return subprocess.run(
            command,
            input=text,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
            env=os.environ | self.environ,
        )

    @contextmanager
    def start(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """Run a command beside the test; it does not outlive the block."""
        command = [*PROGRAM, *self.arguments(*words)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | self.environ
        ) as program:
            try:
                yield program
            finally:
                program.kill()

    def files(self) -> set[str]:
        return {file.name for file in self.pki.iterdir()}
