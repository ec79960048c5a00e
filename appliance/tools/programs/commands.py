"""Runs a command that takes long, with its output in a file and its newest line on the screen."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from appliance.tools.programs.failures import CannotGetError
from appliance.tools.programs.progress import Progress


def run(command: Sequence[str], log: Path, progress: Progress, environment: Mapping[str, str]) -> None:
    """Run a command to its end.

    Raises
    ------
    CannotGetError
        It cannot be started, or fails.
    """
    last = ""
    with log.open("a", encoding="utf-8") as file, _started(command, environment) as process:
        for line in process.stdout or ():
            file.write(line)
            if said := line.strip():
                last = said
                progress.doing(said)
    if process.returncode:
        raise CannotGetError(f"`{command[0]}` ended with exit code {process.returncode}: {last} (all of it: {log})")


def _started(command: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment,
        )
    except OSError as error:
        raise CannotGetError(f"`{command[0]}` cannot be started: {error.strerror}.") from error
