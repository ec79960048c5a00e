"""Becoming the resident program, which has read no settings itself and keeps none of what reading them takes."""

import json
import os
import sys
from dataclasses import asdict
from typing import NoReturn

from sysmon_agent.cli.handing import hand_over
from sysmon_agent.config.values import AgentSettings

_PROGRAM = "import os, sys; from sysmon_agent.resident import main; main(int(sys.argv[1]), os.environ)"


def launch(settings: AgentSettings) -> NoReturn:
    """Replace this process; its number, its streams and who waits for it stay the same."""
    descriptor = hand_over(json.dumps(asdict(settings)).encode())
    sys.stdout.flush()
    sys.stderr.flush()
    # -P: nothing is imported from the folder that the agent happens to be started in. One arena: glibc would give the
    # second thread one of its own, half a megabyte for nothing.
    arguments = [sys.executable, "-P", "-c", _PROGRAM, str(descriptor)]
    os.execve(sys.executable, arguments, {**os.environ, "MALLOC_ARENA_MAX": "1"})  # noqa: S606 - it is ourselves
