"""What the agent tells about its host in hello, under OpenTelemetry's resource attributes where these have a name."""

import os
import socket
import sys
from collections.abc import Iterator

from sysmon_agent import __version__
from sysmon_agent.config.values import AgentSettings
from sysmon_agent.wire.messages import Attributes


def facts(settings: AgentSettings) -> Attributes:
    """Collect what does not change while the agent runs, sorted by key; what cannot be found is left out."""
    system = os.uname()
    release = parse_os_release(_text("/etc/os-release"))
    found = {
        "host.arch": system.machine,
        "host.cpu.model.name": cpu_model(_text(f"{settings.collect.proc}/cpuinfo")),
        "host.name": settings.name or socket.gethostname(),
        "os.description": release.get("PRETTY_NAME", ""),
        "os.name": release.get("NAME", system.sysname),
        "os.type": system.sysname.lower(),
        "os.version": release.get("VERSION_ID", ""),
        "process.runtime.version": sys.version.partition(" ")[0],
        "service.version": __version__,
        "sysmon.kernel.release": system.release,
    }
    return tuple(sorted((key, value) for key, value in found.items() if value))


def boot_id() -> bytes:
    """Return the 16 bytes by which the kernel names this boot; zeros where it names none."""
    text = _text("/proc/sys/kernel/random/boot_id")
    return bytes.fromhex(text.strip().replace("-", "")) if text else bytes(16)


def parse_os_release(text: str) -> dict[str, str]:
    """Read an os-release file (https://www.freedesktop.org/software/systemd/man/os-release.html)."""
    pairs = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {key: value.strip("\"'") for key, _, value in pairs if value}


def cpu_model(cpuinfo: str) -> str:
    return next(_values(cpuinfo, "model name"), "")


def _values(text: str, key: str) -> Iterator[str]:
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            yield value.strip()


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(1 << 16)
    except OSError:
        return ""
