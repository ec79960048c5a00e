"""What `sysmon up` does until Ctrl-C."""

import asyncio
import os
import secrets
import signal
import sys
import webbrowser
from collections.abc import Callable, Mapping
from pathlib import Path

import typer

from sysmon_agent.clock import SystemClock
from sysmon_appliance.cli.client import Client
from sysmon_appliance.cli.failures import ConflictError
from sysmon_appliance.local.children import Program
from sysmon_appliance.local.folder import LocalFolder
from sysmon_appliance.local.places import running_in
from sysmon_appliance.local.simulated import simulated_hosts
from sysmon_appliance.local.system import LocalSystem, Plan, plan


def run_in_foreground(root: Path, *, simulated: int, browser: bool) -> None:
    """Run local mode in a folder; where it runs already, print a link to it and return."""
    folder = LocalFolder(root)
    if not folder.acquire():
        _say_link(root)
        return
    authority = folder.prepare(SystemClock(), lambda: secrets.token_hex(16))
    chosen = plan(folder, os.environ)
    demo = [simulated_hosts(folder, authority, chosen, os.environ, count=simulated)] if simulated else []
    system = LocalSystem(folder, chosen, os.environ, clock=SystemClock(), say=_say)
    asyncio.run(_run(system, lambda: _welcome(folder, chosen, browser=browser), *demo))


async def _run(system: LocalSystem, welcome: Callable[[], None], *programs: Program) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await system.run(stop, welcome, *programs)


def _welcome(folder: LocalFolder, chosen: Plan, *, browser: bool) -> None:
    # Short and local, and nothing else happens yet: it may hold up the loop.
    with Client(chosen.socket) as client:
        link = client.post("/api/v1/links")["url"]
    for remark in chosen.remarks:
        typer.echo(remark)
    typer.echo(_WELCOME.format(link=link, root=folder.root, agent=folder.agent_file, aggregator=folder.aggregator_file))
    if browser and _has_display(os.environ):
        webbrowser.open(link)


def _say_link(root: Path) -> None:
    """Print a link to the local mode that runs in this folder already."""
    running = running_in(root)
    if running is None:
        raise ConflictError(f"SysMonitor is just starting or stopping in {root}.", hint="sysmon up")
    with Client(running.socket) as client:
        typer.echo(
            f"SysMonitor runs already (process {running.pid}).\n\n  console  {client.post('/api/v1/links')['url']}"
        )


def _say(sentence: str) -> None:
    typer.echo(sentence, err=True)


def _has_display(environ: Mapping[str, str]) -> bool:
    return sys.platform == "darwin" or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


_WELCOME = """\
SysMonitor runs on this host.

  console   {link}
            The link opens once; `sysmon link` prints another.
  data      {root}
  settings  {agent}
            {aggregator}
  logs      {root}/logs

Ctrl-C stops it."""
