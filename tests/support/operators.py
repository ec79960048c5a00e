"""People at the aggregator's machine: with its commands, over its socket."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.system import eventually

PATIENCE_SECONDS = 100


def run(module: str, *words: str, environment: Mapping[str, str] | None = None) -> str:
    """Run one of our commands and return what it printed; a failure is an AssertionError with its words."""
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False, env=environment
    )
    assert done.returncode == 0, f"{words} ended with {done.returncode}: {done.stderr}{done.stdout}"
    return done.stdout


@dataclass(frozen=True)
class Operator:
    """Somebody who runs `sysmon` against the aggregator with this socket."""

    socket: Path

    def __call__(self, *words: str) -> str:
        return run("sysmon_appliance.cli", *words, "--socket", str(self.socket))

    def listed(self, *words: str) -> list[Any]:
        """Run a list as JSON, and return its entries."""
        (entries,) = (
            value for name, value in json.loads(self(*words, "-o", "json")).items() if name != "schema_version"
        )
        return list(entries)

    def token(self, *options: str) -> str:
        return self("token", "create", "--quiet", *options).strip()

    def waiting(self) -> Any:
        """Return the only host that waits to be approved, as soon as there is one."""
        (enrolment,) = eventually(
            lambda: self.listed("enrolments", "list", "--state", "waiting"), "a host waits", PATIENCE_SECONDS
        )
        return enrolment
